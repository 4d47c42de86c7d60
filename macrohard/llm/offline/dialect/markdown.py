"""The shape of a spec: title, purpose, sections, and in them headings, bullets and prose.

Comments, block quotes and rules across the page are blank lines here, so a spec reads the same
with and without them. Nothing else is dropped.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.words import Puzzle

MAX_ENTRY = 4000
"""Longest bullet or paragraph in characters, outside the purpose."""

MAX_ENTRIES = 10_000
"""Most headings, bullets and paragraphs: what is read within seconds, and hundreds of pages."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""What nobody sees, and two names may differ in; joiners belong into some scripts and emoji."""

_BULLET = re.compile(r"(?:[-*+•]|[0-9]{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)")
_ESCAPE = re.compile(r"\\([*_`#\-+.()\[\]<>|])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]*[^\s*])\*(?![\w*])")
_UNDERLINE = re.compile(r"(?<!\w)__?(?=\w)|(?<=\w)__?(?!\w)")
_FENCES = ("```", "~~~")
_STOP = re.compile(r"\.(?=\s)")
_QUOTED = re.compile(r'("[^"]*")')
_STAR = "\ue000"
"""Stands for an escaped star while emphasis is undone (a private-use character)."""


@dataclass
class Entry:
    """A heading, a bullet or a paragraph.

    Attributes:
        form: ``heading``, ``bullet``, ``prose``, ``row`` (of a table) or ``fence``.
        text: Cleaned of emphasis, continuation lines joined by a space.
        line: 1-based line it begins on.
        depth: Level of a heading, indentation of the others in columns.
        starts: Offset in the text and line of each physical line.
    """

    form: str
    text: str
    line: int
    depth: int
    starts: list[tuple[int, int]] = field(default_factory=list)

    def line_at(self, offset: int | None) -> int:
        """The line of the spec that this place in the text stands on."""
        line = self.line
        for start, number in self.starts:
            if offset is not None and start <= offset:
                line = number
        return line


@dataclass
class Section:
    """A ``##`` section; ``title`` as written."""

    title: str
    line: int
    depth: int = 2
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Document:
    """A spec cut into its parts."""

    title: str = ""
    title_line: int = 1
    purpose: str = ""
    sections: list[Section] = field(default_factory=list)


def sentences_of(entry: Entry) -> Iterator[Entry]:
    """The sentences of a paragraph, each as an entry with its line."""
    begin = 0
    for end in [match.end() for match in _STOP.finditer(entry.text)] + [len(entry.text)]:
        if text := entry.text[begin:end].strip():
            starts = [(start - begin, line) for start, line in entry.starts]
            yield Entry(entry.form, text, entry.line_at(begin), entry.depth, starts)
        begin = end


def read_document(text: str, known: frozenset[str], problems: Problems) -> Document:
    """Cut a spec into title, purpose and sections.

    Args:
        text: The whole spec.
        known: Section names in lower case; a ``#`` heading of such a name is a section as well.
        problems: Takes what cannot be read.
    """
    document = Document()
    purpose: list[str] = []
    section: Section | None = None
    entries = _entries(_without_comments(_checked(text, problems), problems))
    for number, entry in enumerate(entries):
        if number == MAX_ENTRIES:
            message = f"more than {MAX_ENTRIES} headings, bullets and paragraphs are too many."
            problems.add(entry.line, Puzzle(message))
            problems.raise_any()
        name = _section_name(entry.text) if entry.form == "heading" else ""
        inner = section is not None and entry.depth > section.depth
        is_title = entry.form == "heading" and entry.depth == 1 and not document.title
        if is_title and name not in known:
            document.title, document.title_line = _bare(entry.text), entry.line
            if purpose or section:
                problems.add(entry.line, Puzzle("the title must stand before everything else."))
        elif name and entry.depth <= 2 and (name in known or not inner):
            if entry.depth == 1 and name not in known:
                message = f"a second title; the first is on line {document.title_line}."
                problems.add(entry.line, Puzzle(message, hint="sections"))
                section = Section("", entry.line, entry.depth)
                continue
            section = Section(name, entry.line, entry.depth)
            document.sections.append(section)
        elif section is None or section.title == "purpose":
            purpose.append(entry.text)
        else:
            _keep(entry, section, problems)
    document.purpose = "\n\n".join(purpose)
    return document


def _keep(entry: Entry, section: Section, problems: Problems) -> None:
    if len(entry.text) > MAX_ENTRY:
        message = f"{len(entry.text)} characters in one go; at most {MAX_ENTRY} can be read."
        problems.add(entry.line, Puzzle(message))
    elif entry.form == "fence":
        problems.add(entry.line, Puzzle("blocks of code are not read; write plain bullets."))
    else:
        section.entries.append(entry)


def _section_name(text: str) -> str:
    return " ".join(_bare(text).rstrip(":").lower().split())


def _bare(text: str) -> str:
    return text.strip().rstrip(".:").strip()


def _checked(text: str, problems: Problems) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        message = (
            f"character U+{ord(found.group()):04X} does not belong in a text. "
            "Is this a Markdown file, saved as UTF-8?"
        )
        problems.add(line, Puzzle(message))
        problems.raise_any()
    if text.isascii() or not _UNSEEN.search(text):
        return text
    for number, line_text in enumerate(text.split("\n"), start=1):
        if found := _UNSEEN.search(line_text):
            message = (
                f"an invisible character, U+{ord(found.group()):04X} "
                f"({unicodedata.name(found.group(), 'unnamed')}), stands in column "
                f"{found.start() + 1}: delete it."
            )
            problems.add(number, Puzzle(message))
    return _UNSEEN.sub("", text)


def _without_comments(text: str, problems: Problems) -> str:
    parts = []
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        parts.append(text[position:start])
        end = text.find("-->", start + 4)
        if end < 0:
            line = text.count("\n", 0, start) + 1
            problems.add(line, Puzzle("this comment is never closed; end it with -->."))
            problems.raise_any()
        position = end + 3
        parts.append(" " + "\n" * text.count("\n", start, position))
    parts.append(text[position:])
    return "".join(parts)


def _entries(text: str) -> Iterator[Entry]:
    """Entries in order; the one at hand is held back until it cannot grow any more."""
    current: Entry | None = None
    pieces: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.expandtabs(4).rstrip()
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        underline = _underline_level(bare, current)
        if current and underline:
            current = Entry("heading", current.text, current.line, underline)
        elif current and _continues(bare, indent, current):
            _extend(current, pieces, clean(bare), number)
            continue
        if current:
            yield _joined(current, pieces)
        current, pieces = None, []
        if not underline and not _is_blank(bare):
            current = _entry(bare, indent, number)
            pieces = [current.text]
    if current:
        yield _joined(current, pieces)


def _extend(entry: Entry, pieces: list[str], text: str, line: int) -> None:
    offset, _ = entry.starts[-1]
    entry.starts.append((offset + len(pieces[-1]) + 1, line))
    pieces.append(text)


def _joined(entry: Entry, pieces: list[str]) -> Entry:
    if len(pieces) > 1:
        entry.text = " ".join(pieces)
    return entry


def _continues(bare: str, indent: int, current: Entry) -> bool:
    if _is_blank(bare) or bare.startswith(("#", "|", *_FENCES)) or _BULLET.match(bare):
        return False
    return current.form == "prose" or (current.form == "bullet" and indent > current.depth)


def _underline_level(bare: str, current: Entry | None) -> int:
    """1 or 2 where the line underlines the paragraph above it as a heading, else 0."""
    if current is None or current.form != "prose" or len(current.starts) > 1:
        return 0
    if set(bare) == {"="}:
        return 1
    return 2 if set(bare) == {"-"} and len(bare) > 2 else 0


def _is_blank(bare: str) -> bool:
    """Whether nothing is said: an empty line, a note (``> …``), a line across the page."""
    if not bare or bare.startswith(">"):
        return True
    signs = set(bare.replace(" ", ""))
    return len(signs) == 1 and signs <= set("-*_") and len(bare.replace(" ", "")) > 2


def _entry(bare: str, indent: int, number: int) -> Entry:
    if bare.startswith("#"):
        text = bare.lstrip("#")
        level = min(len(bare) - len(text), 6)
        return Entry(
            "heading", clean(text.strip().rstrip("#").strip()), number, level, [(0, number)]
        )
    if bare.startswith(_FENCES):
        return Entry("fence", bare, number, indent, [(0, number)])
    if bare.startswith("|"):
        return Entry("row", clean(bare), number, indent, [(0, number)])
    if match := _BULLET.match(bare):
        return Entry("bullet", clean(bare[match.end() :]), number, indent, [(0, number)])
    return Entry("prose", clean(bare), number, indent, [(0, number)])


def clean(text: str) -> str:
    """Undo emphasis and escapes outside of quotes; one space between words."""
    pieces = _QUOTED.split(text)
    pieces[::2] = [_plain(piece) for piece in pieces[::2]]
    return " ".join("".join(pieces).split())


def _plain(piece: str) -> str:
    piece = _ESCAPE.sub(lambda m: _STAR if m[1] == "*" else m[1], piece)
    piece = piece.replace("**", "").replace("`", "")
    piece = _EMPHASIS.sub(r"\1", piece)
    return _UNDERLINE.sub("", piece).replace(_STAR, "*")
