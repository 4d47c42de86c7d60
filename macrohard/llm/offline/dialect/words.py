"""Words, numbers and signs of a line, and a cursor that reads along them.

Every part of the dialect is read from the same tokens, so that ``due-date``, ``due_date`` and
``Due date`` are one name wherever they stand. All of it is linear in the length of the line.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_NESTED = 20
MAX_OPERATORS = 60

# ruff: noqa: RUF001  (typographic quotes and signs are what people paste)

_TOKEN = re.compile(
    r"""
      (?P<string>"[^"]*"|“[^”]*”|«[^»]*»|(?<!\w)'[^']+'(?!\w)|(?<!\w)‘[^’]+’(?!\w))
    | (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2})?(?!\w))
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?![^\W_]))
    | (?P<word>[^\W_]+)
    | (?P<possessive>(?:(?<=\w)|^)['’]s(?!\w))
    | (?P<glue>_+|(?<=[^\W\d_])-(?=[^\W\d_]))
    | (?P<op><=|>=|!=|<>|==|\S)
    """,
    re.VERBOSE,
)

_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
"""Latin letters that Unicode does not decompose into an ASCII letter and an accent."""

_SIGNS = {
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "’": "'",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}

_SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
)


class Puzzle(Exception):  # noqa: N818  (it never leaves the dialect: the parser makes a SpecError)
    """Something in a line that cannot be read.

    Args:
        message: For the person who wrote the line.
        offset: Where in the text of the entry, when it is about one place.
        hint: Which list of understood forms helps; see :mod:`.problems`.
    """

    def __init__(self, message: str, offset: int | None = None, hint: str = "") -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True)
class Token:
    """A word, number, date, quoted string or sign.

    Attributes:
        kind: ``word``, ``number``, ``date``, ``string``, ``possessive`` or ``op``.
        text: As written; of a string, what is inside the quotes.
        norm: What it is compared by: lower case ASCII where that is possible.
        start: Offset in the text.
        end: Offset after it.
    """

    kind: str
    text: str
    norm: str
    start: int
    end: int


@lru_cache(maxsize=2**15)
def fold(word: str) -> str:
    """Lower case, without accents: ``Größe`` is ``grosse``."""
    if word.isascii():
        return word.lower()
    lowered = word.casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens; hyphens and underscores inside names only part words."""
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "glue":
            continue
        raw = match.group()
        if kind == "string":
            tokens.append(Token(kind, raw[1:-1].strip(), raw, match.start(), match.end()))
            continue
        norm = "'s" if kind == "possessive" else _SIGNS.get(raw) or fold(raw)
        tokens.append(Token(kind, raw, norm, match.start(), match.end()))
    return tokens


@lru_cache(maxsize=2**15)
def words_of(phrase: str) -> tuple[str, ...]:
    """The tokens of a phrase by what they are compared by."""
    return tuple(token.norm for token in tokenize(phrase))


@lru_cache(maxsize=2**15)
def _by_first_word(phrases: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """Phrases in their order, found by how they begin: most begin otherwise."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = words_of(phrase)
        table.setdefault(words[0], []).append(words)
    return table


class Cursor:
    """A reading position in the tokens of one text."""

    def __init__(self, text: str, start: int = 0, tokens: list[Token] | None = None) -> None:
        self.text = text
        self.tokens = tokenize(text) if tokens is None else tokens
        self.begin = start
        self.position = start
        self._nested = 0
        self._operators: set[int] = set()

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Hold while a bracket is open; too many are a puzzle, so reading never overflows."""
        self._nested += 1
        if self._nested > MAX_NESTED:
            raise self.puzzle(f"more than {MAX_NESTED} brackets inside each other.")
        try:
            yield
        finally:
            self._nested -= 1

    def count_operator(self) -> None:
        """Note the operator that comes next; too many are a puzzle."""
        self._operators.add(self.position)
        if len(self._operators) > MAX_OPERATORS:
            raise self.puzzle(
                f"more than {MAX_OPERATORS} operations in one line; cut it into computed fields."
            )

    def peek(self, ahead: int = 0) -> Token | None:
        """The token there, or None behind the end."""
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def norm(self, ahead: int = 0) -> str:
        """What the token there is compared by; empty behind the end."""
        token = self.peek(ahead)
        return token.norm if token else ""

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self.position >= len(self.tokens)

    @property
    def offset(self) -> int:
        """Where in the text the next token stands."""
        token = self.peek()
        return token.start if token else len(self.text)

    def take(self) -> Token:
        """The next token, which must exist."""
        token = self.tokens[self.position]
        self.position += 1
        return token

    def looking_at(self, phrase: str, ahead: int = 0) -> bool:
        """Whether the phrase comes next."""
        return self._comes(words_of(phrase), ahead)

    def _comes(self, words: tuple[str, ...], ahead: int = 0) -> bool:
        begin = self.position + ahead
        tokens = self.tokens[begin : begin + len(words)]
        return len(tokens) == len(words) and all(
            token.norm == word for token, word in zip(tokens, words, strict=True)
        )

    def accept(self, *phrases: str) -> bool:
        """Step over the first of the phrases that comes next; false when none does."""
        if self.position >= len(self.tokens):
            return False
        for words in _by_first_word(phrases).get(self.tokens[self.position].norm, ()):
            if self._comes(words):
                self.position += len(words)
                return True
        return False

    def skip(self, *phrases: str) -> None:
        """Step over any of the phrases, as often as they come."""
        while self.accept(*phrases):
            pass

    def until(self, *ends: str) -> str:
        """Step up to the first of some signs or the end; what was passed, as written."""
        begin = self.position
        while (token := self.peek()) and token.norm not in ends:
            self.position += 1
        return self.between(begin, self.position)

    def rest(self, limit: int = 60) -> str:
        """What is left, as written, cut for a message."""
        left = self.text[self.offset :].strip().rstrip(".")
        return left if len(left) <= limit else left[: limit - 1].rstrip() + "…"

    def between(self, begin: int, end: int) -> str:
        """Some tokens as written, by their positions."""
        tokens = self.tokens[begin:end]
        return self.text[tokens[0].start : tokens[-1].end] if tokens else ""

    def whole(self) -> str:
        """Everything this cursor was made to read, as written."""
        return self.between(self.begin, len(self.tokens))

    def puzzle(self, message: str, hint: str = "") -> Puzzle:
        """A puzzle about this place."""
        return Puzzle(message, self.offset, hint)

    def not_understood(self, hint: str = "") -> Puzzle:
        """A puzzle that quotes what is left."""
        left = self.rest()
        what = f"I do not understand “{left}”" if left else "something is missing at the end"
        return self.puzzle(f"{what}.", hint)


class Phrases(Generic[T]):
    """A table of phrases; the longest one that comes next wins."""

    def __init__(self, table: Iterable[tuple[str, T]]) -> None:
        self._table: dict[tuple[str, ...], T] = {}
        self._longest = 0
        for phrase, value in table:
            self.add(phrase, value)

    def add(self, phrase: str, value: T) -> None:
        """Add a phrase, unless it is there already: the first meaning stays."""
        key = words_of(phrase)
        if key:
            self._table.setdefault(key, value)
            self._longest = max(self._longest, len(key))

    def get(self, phrase: str) -> T | None:
        """The value of exactly this phrase."""
        return self._table.get(words_of(phrase))

    def find(self, cursor: Cursor, ahead: int = 0) -> tuple[T, int] | None:
        """The value of the longest phrase that comes next and its length in tokens."""
        begin = cursor.position + ahead
        key = tuple(token.norm for token in cursor.tokens[begin : begin + self._longest])
        for length in range(len(key), 0, -1):
            if (value := self._table.get(key[:length])) is not None:
                return value, length
        return None

    def take(self, cursor: Cursor) -> T | None:
        """Step over the longest phrase that comes next, and give its value."""
        found = self.find(cursor)
        if found is None:
            return None
        cursor.position += found[1]
        return found[0]


def small_number(word: str) -> int | None:
    """``three`` is 3; None for any other word."""
    return _SMALL_NUMBERS.index(word) if word in _SMALL_NUMBERS else None
