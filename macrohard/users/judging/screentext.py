"""Compares texts as a reader does: blanks, line ends and encodings of accents do not matter."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from macrohard.lookalikes import alike, reads
from macrohard.users.base import Taped

_BLANKS = re.compile(r"\s+")
_BOX = re.compile("[\u2500-\u257f]+")
"""Line drawing: frames of tables and panels, which cut a text that wraps inside them."""


def collapse(text: str) -> str:
    """Runs of white space as one space."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def shows(wanted: str, text: str) -> bool:
    """Whether a text contains another, white space collapsed in both, with frames or without."""
    plain, unframed = collapse(text), collapse(_BOX.sub(" ", text))
    return collapse(wanted) in plain or collapse(wanted) in unframed


def shown_by(wanted: str, entries: Sequence[Taped]) -> bool:
    """Whether some actions showed a text; what was read off pictures is compared as such."""
    text = text_of(entries)
    return shows(wanted, text) or (_read_off(entries) and reads(wanted, text))


def _read_off(entries: Iterable[Taped]) -> bool:
    return any(entry.seen.state.at == "window" for entry in entries)


def text_of(entries: Iterable[Taped]) -> str:
    """What some actions put on the screen, in order.

    A line that a program began in one action and ended in the next is one line.
    """
    parts: list[str] = []
    open_ended = False
    for entry in entries:
        if not open_ended:
            parts.append("\n")
        parts.append(entry.seen.text)
        open_ended = entry.seen.state.at == "running"
    return "".join(parts)


def appeared(quote: str, entries: Iterable[Taped]) -> bool:
    """Whether a quote was on the screen in some action, white space and frames left out."""
    return any(_stands_in(quote, entry) for entry in entries)


def _stands_in(quote: str, entry: Taped) -> bool:
    wanted, shown = _bare(quote), (_bare(entry.seen.text), _bare(entry.seen.screen))
    if any(wanted in text for text in shown):
        return bool(wanted)
    read_off = entry.seen.state.at == "window"
    return bool(wanted) and read_off and any(_bare(alike(quote)) in alike(text) for text in shown)


def _bare(text: str) -> str:
    return _BLANKS.sub("", _BOX.sub("", unicodedata.normalize("NFC", text)))
