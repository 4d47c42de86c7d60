import io
import sys
from pathlib import Path

import pytest

from macrohard.errors import SpecError
from macrohard.spec import MAX_SPEC_BYTES, read_spec


def test_a_folder_with_a_spec_in_it_is_a_spec(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Other")
    (tmp_path / "spec.md").write_text("# Mine\r\n\rdone")
    assert read_spec(tmp_path).text == "# Mine\n\ndone"


def test_a_folder_with_one_markdown_file_is_a_spec(tmp_path: Path) -> None:
    (tmp_path / "shop.md").write_text("# Shop")
    assert read_spec(tmp_path).source == str(tmp_path / "shop.md")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf# Piped")))
    spec = read_spec("-")
    assert (spec.text, spec.source) == ("# Piped", "<stdin>")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x7fELF\0\0", "binary"),
        (b"# ok\nna\xefve\n", "UTF-8"),
        (b"x" * (MAX_SPEC_BYTES + 1), "larger than 1 MB"),
    ],
)
def test_what_is_no_spec_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.md"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=words) as caught:
        read_spec(path)
    assert str(caught.value).startswith(str(path))


def test_a_bad_byte_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.md"
    path.write_bytes(b"# ok\nfine\nna\xefve\n")
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    assert caught.value.line == 3


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="macrohard init"):
        read_spec(tmp_path / "gone.md")
    with pytest.raises(SpecError, match=r"no Markdown file and no spec\.md"):
        read_spec(tmp_path)
