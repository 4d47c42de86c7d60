"""The sheet: what was printed, with wrapping undone and nothing scrolled away."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.users.terminals.printed import Sheet
from macrohard.users.terminals.tokens import Tokenizer


def printed(text: str, rows: int = 5, columns: int = 20, keep: int = 100) -> str:
    sheet = Sheet(rows, columns, keep)
    for token in Tokenizer().feed(text):
        sheet.feed(token)
    return sheet.text()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("x" * 50, ["x" * 50]),
        ("10%\r20%\r100%\r\ndone", ["100%", "done"]),
        ("Loading...\r\x1b[Kdone", ["done"]),
        ("a\r\nb\r\n\x1b[2A\x1b[2Kc\r\n", ["c", "b"]),  # a progress display of two lines
        ("abc\b\bX", ["aXc"]),
        ("a\tb", ["a       b"]),
        ("\x1b[31mred\x1b[0m text", ["red text"]),
        ("ab\x1b[5Gx", ["ab  x"]),
        ("before\r\n\x1b[H\x1b[2Jafter", ["before", "after"]),  # clear
        ("\x1b[H\x1b[2Jone\x1b[H\x1b[2Jtwo", ["one", "two"]),
        ("top\r\n\x1b[3;2Hx\x1b[1;1Hy", ["top", "", "", " x", "y"]),
        ("abc\x1b[1Kd", ["   d"]),
        ("abc\r\ndef\x1b[A\rX\x1b[J", ["X"]),
    ],
)
def test_what_was_printed(text: str, lines: list[str]) -> None:
    assert printed(text).split("\n") == lines


@given(st.text(alphabet="abcdefg .,é漢", min_size=1, max_size=400), st.integers(5, 60))
def test_wrapping_by_the_window_is_undone(text: str, columns: int) -> None:
    assert printed(text, columns=columns) == text.rstrip()


@given(st.lists(st.text(alphabet="abc def", max_size=300), max_size=60))
def test_all_lines_are_kept_in_order(lines: list[str]) -> None:
    expected = "\n".join(line.rstrip() for line in lines).strip("\n")
    assert printed("".join(f"{line}\r\n" for line in lines)) == expected


def test_of_very_many_lines_head_and_tail_are_kept_and_the_rest_is_counted() -> None:
    text = printed("".join(f"{n}\r\n" for n in range(1000)), keep=10).split("\n")
    assert text[:10] == [str(n) for n in range(10)]
    assert text[-10:] == [str(n) for n in range(990, 1000)]
    [note] = [line for line in text if "left out" in line]
    missing = set(range(1000)) - {int(line) for line in text if line.isdigit()}
    assert note == f"[… {len(missing)} lines left out …]"


def test_a_line_without_end_is_bounded() -> None:
    assert len(printed("x" * 300_000)) == 100_000


def test_blank_output_is_blank() -> None:
    sheet = Sheet(5, 20)
    for token in Tokenizer().feed("\r\n  \x1b[31m\x1b[2J"):
        sheet.feed(token)
    assert sheet.blank


@given(st.binary(max_size=600))
def test_no_stream_breaks_the_sheet(data: bytes) -> None:
    text = printed(data.decode("utf-8", "replace"), keep=5)
    assert len(text) < 100_000


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9999), st.sampled_from("ABCDEFGHJK"), st.text("ab\r\n", max_size=5)
        ),
        max_size=80,
    )
)
def test_moves_stay_within_bounds(moves: list[tuple[int, str, str]]) -> None:
    text = printed("".join(f"\x1b[{n}{final}{text}" for n, final, text in moves), keep=10)
    assert all(len(line) < 20 + 10 * 80 for line in textwrap.dedent(text).split("\n"))
