"""Texts as they can be told apart on a picture, which is less than what a computer keeps."""

import re
import unicodedata

_LETTERS = {
    "|": "l", "i": "l", "\u2019": "'", "\u2018": "'", "`": "'", "\u201c": '"', "\u201d": '"',
    "\u2026": "...", "\u2014": "-", "\u2013": "-", "\u2212": "-",
}  # fmt: skip
_TABLE = str.maketrans(_LETTERS)
_BLANKS = re.compile(r"\s+")


def alike(text: str) -> str:
    """A text without accents and capitals, with I, l and | taken for one, and plain quotes.

    Digits stay what they are: a figure is never taken for another.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_TABLE)).casefold()
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return _BLANKS.sub(" ", bare.translate(_TABLE)).strip()


def reads(wanted: str, text: str) -> bool:
    """Whether a text read off a picture holds another; blanks do not matter."""
    return alike(wanted).replace(" ", "") in alike(text).replace(" ", "")
