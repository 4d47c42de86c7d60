"""The spec as it came in: text, where it came from, and its hash. Nothing is interpreted here."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from macrohard.errors import SpecError

MAX_SPEC_BYTES = 1_000_000
"""A spec is prose for a small application; a megabyte is a few hundred pages of it."""

_CANDIDATES = ("spec.md", "SPEC.md", "spec.txt", "README.md")


@dataclass(frozen=True)
class Spec:
    """A spec, unread.

    Attributes:
        text: The whole text; lines end in a line feed.
        source: File name for messages, ``<stdin>`` for standard input.
    """

    text: str
    source: str

    @property
    def sha256(self) -> str:
        """Hex digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_spec(source: str | Path) -> Spec:
    """Read a spec from a file, a directory that has one in it, or ``-`` for standard input.

    Args:
        source: Path of a file or directory, or ``-``.

    Raises:
        SpecError: Nothing is there, it is empty, too large, or not text.
    """
    if str(source) == "-":
        return _decode(sys.stdin.buffer.read(MAX_SPEC_BYTES + 1), "<stdin>")
    path = Path(source)
    if path.is_dir():
        path = _spec_in(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SPEC_BYTES + 1)
    except FileNotFoundError:
        raise SpecError(
            "no such file. `macrohard init` writes a spec to start from.", source=str(path)
        ) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", source=str(path)) from error
    return _decode(raw, str(path))


def _spec_in(folder: Path) -> Path:
    for name in _CANDIDATES:
        if (folder / name).is_file():
            return folder / name
    markdown = sorted(folder.glob("*.md"))
    if len(markdown) == 1:
        return markdown[0]
    found = f"{len(markdown)} Markdown files" if markdown else "no Markdown file"
    raise SpecError(
        f"this directory has {found} and no spec.md; name the file to build.", source=str(folder)
    )


def _decode(raw: bytes, source: str) -> Spec:
    if len(raw) > MAX_SPEC_BYTES:
        raise SpecError(
            f"larger than {MAX_SPEC_BYTES // 1_000_000} MB; "
            "a spec is prose, not data. Cut it down to what the application must do.",
            source=source,
        )
    if b"\0" in raw:
        raise SpecError("a binary file, not text. Write the spec as Markdown.", source=source)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SpecError("not UTF-8 text; save it as UTF-8.", source=source, line=line) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise SpecError("empty. `macrohard init` writes a spec to start from.", source=source)
    return Spec(text=text, source=source)
