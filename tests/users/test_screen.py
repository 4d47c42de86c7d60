"""The window: what a terminal would show, for well-behaved and for mad programs."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from macrohard.users.terminals.screen import Window
from macrohard.users.terminals.tokens import Tokenizer


def window(text: str, rows: int = 5, columns: int = 20) -> Window:
    made = Window(rows, columns)
    show(made, text)
    return made


def show(made: Window, text: str) -> None:
    for token in Tokenizer().feed(text):
        made.feed(token)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one\r\ntwo", ["one", "two"]),
        ("x" * 25, ["x" * 20, "x" * 5]),
        ("abc\rX", ["Xbc"]),
        ("abc\b\bX", ["aXc"]),
        ("a\tb", ["a       b"]),
        ("abc\x1b[2DX\x1b[K", ["aX"]),
        ("1\r\n2\r\n3\x1b[1;1HX\x1b[3;3HY", ["X", "2", "3 Y"]),
        ("-\x1b[9b", ["-" * 10]),  # repeat, as ncurses draws lines
        ("\x1b[9b", []),
        ("a\x1b[3Xb", ["ab"]),
        ("abcdef\x1b[1G\x1b[2P", ["cdef"]),
        ("abcdef\x1b[1G\x1b[2@", ["  abcdef"]),
        ("\x1b(0lqk\x1b(B!", ["┌─┐!"]),
        ("1\r\n2\r\n3\x1b[S", ["2", "3"]),
        ("1\r\n2\x1b[T", ["", "1", "2"]),
        ("漢字", ["漢字"]),
        ("漢字\x1b[2GX", [" X字"]),  # half of a wide character is gone
        ("e\u0301 a\u200db \u2764\ufe0fc", ["é ab ❤c"]),  # nothing is lost behind joiners
        ("x" * 19 + "漢", ["x" * 19, "漢"]),
        ("a\x1b]0;title\x07b", ["ab"]),
        ("a\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\b", ["alinkb"]),
        ("a\x1bPq#payload\x1b\\b", ["ab"]),
        ("a\x1b]unfinished\x1b[31mb", ["ab"]),  # an ESC abandons what is unfinished
        ("a\x1b[38;2;1;2;3mb\x1b[4:3mc\x1b[38;5mD\x1b[0m", ["abcD"]),
        ("a\x1b[>4;1m\x1b[?2004h\x1b[=5u\x1b[1;2;3;4Ab", ["ab"]),
        ("\x1b[2;3r1\r\n2\r\n3\r\n4\x1b[r\x1b[5;1Hend", ["1", "3", "4", "", "end"]),
        ("\x1b[1;2r\x1b[5;1H\nx", ["", "", "", "", "x"]),  # below the margin nothing scrolls
        ("\x1b7abc\x1b8X\x1b8Y", ["Ybc"]),
    ],
)
def test_what_is_shown(text: str, rows: list[str]) -> None:
    made = window(text)
    shown = made.rows()
    assert shown == rows + [""] * (5 - len(rows))


@pytest.mark.parametrize("mode", [47, 1047, 1049])
def test_the_alternate_screen_leaves_nothing_behind(mode: int) -> None:
    made = window(f"before\r\n\x1b[?{mode}h\x1b[2J\x1b[1;1Hinside")
    assert made.alternate
    assert made.text() == "inside"
    show(made, f"\x1b[?{mode}lafter")
    assert not made.alternate
    assert made.rows()[:2] == ["before", "after"]


def test_leaving_full_screen_by_force_undoes_modes_and_keeps_the_text() -> None:
    made = window("before\r\n\x1b[?1049h\x1b[2;3r\x1b[?7l\x1b[?1h\x1b[4h\x1b(0inside")
    made.leave_full_screen()
    show(made, "x" * 25)
    assert made.rows() == ["before", "x" * 20, "x" * 5, "", ""]
    assert not made.application_arrows


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("\x1b[6n", "\x1b[2;4R"),
        ("\x1b[?6n", "\x1b[?2;4R"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[>c", "\x1b[>1;10;0c"),
        ("\x1b[7n", ""),
    ],
)
def test_questions_of_programs_are_answered(question: str, answer: str) -> None:
    made = window(f"\r\nabc{question}")
    assert "".join(made.replies) == answer


def test_a_lower_window_keeps_the_rows_at_the_cursor_also_behind_a_full_screen_program() -> None:
    made = window("1\r\n2\r\n3\r\n4")
    made.resize(2, 10)
    assert made.rows() == ["3", "4"]
    made = window("1\r\n2\r\n3\r\n4\x1b[?1049hinside")
    made.resize(2, 10)
    show(made, "\x1b[?1049l")
    assert made.rows() == ["3", "4"]


_PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["\r", "\n", "\t", "\b", "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x07", "\x9b"]),
    st.builds(
        "\x1b[{}{}{}{}".format,
        st.sampled_from(["", "", "?", ">", "=", "<"]),
        st.lists(st.integers(0, 10**6), max_size=6).map(lambda n: ";".join(map(str, n))),
        st.sampled_from(["", "", "", " ", "$", "!", "'"]),
        st.sampled_from([chr(code) for code in range(0x40, 0x7F)]),
    ),
    st.builds(
        "\x1b{}{}".format,
        st.sampled_from(["", "#", "(", ")", "%", " "]),
        st.sampled_from([chr(code) for code in range(0x30, 0x7F)]),
    ),
    st.sampled_from(["\x1b[?1049h", "\x1b[?1049l", "漢", "a\u0300", "🙂", "\x1b[4h", "\x1b[2;4r"]),
)


@given(st.lists(_PIECES, max_size=60))
@example(["\x1b[38;5;300m", "x"])
@example(["\x1b[2;4r", "\x1b[?6h", "\x1b[6n"])
@example(["\x1b[" + "9" * 5000 + "H"])
def test_no_stream_breaks_the_window(pieces: list[str]) -> None:
    made = window("".join(pieces), rows=6, columns=12)
    rows = made.rows()
    assert len(rows) == 6
    assert all(len(row) <= 12 * 20 for row in rows)
    assert 0 <= made.cursor.y < 6
    assert 0 <= made.cursor.x <= 12
    made.leave_full_screen()
    show(made, "\x1b[2J\x1b[H[0] $ ")
    assert made.rows()[0] == "[0] $"


@given(st.lists(_PIECES, max_size=30), st.lists(st.integers(1, 20), max_size=40))
@example(["\x1b[5;3Hx"], [3])
@example(["a\x1b]0;title\x1b\\b"], [5, 5])
def test_a_stream_means_the_same_wherever_it_is_cut(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    whole, cut, tokenizer = window(text), Window(5, 20), Tokenizer()
    for size in [*cuts, len(text)]:
        for token in tokenizer.feed(text[:size]):
            cut.feed(token)
        text = text[size:]
    assert cut.rows() == whole.rows()


@given(st.text(alphabet="ab \r\n\t漢é", max_size=200))
def test_plain_text_is_drawn_as_slowly_drawn_text_is(text: str) -> None:
    slow = Window(5, 20)
    for char in text:
        show(slow, char)
    assert window(text).rows() == slow.rows()
