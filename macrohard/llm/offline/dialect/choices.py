"""Reads the choices of a ``one of``: ``(food, rent)``, ``low, medium or high``."""

from macrohard.llm.offline.dialect.field_words import DEFAULT, OPTIONAL, REQUIRED, UNIQUE
from macrohard.llm.offline.dialect.words import Cursor, words_of

_ENDS = (*DEFAULT, *OPTIONAL, *REQUIRED, *UNIQUE)
_OPEN = (
    "etc",
    "et cetera",
    "and so on",
    "so on",
    "and so forth",
    "so forth",
    "and others",
    "and more",
)
KEYWORDS = {words_of(phrase)[0] for phrase in (*DEFAULT, *UNIQUE)} | {"required", "optional"}
"""Words of which an unquoted choice or default is probably not made."""


def read_choices(cursor: Cursor) -> tuple[str, ...]:
    """Step over the choices.

    In brackets everything between commas is a choice; without them the list ends where a
    constraint begins. A choice in quotes may hold anything.

    Raises:
        Puzzle: A bracket is never closed, or a choice without brackets holds a constraint.
    """
    cursor.skip(":", ",")
    bracket = cursor.accept("(", "[")
    choices: list[str] = []
    while not cursor.at_end:
        if bracket and cursor.accept(")", "]"):
            return tuple(choices)
        if not bracket and any(cursor.looking_at(phrase) for phrase in _ENDS):
            break
        _refuse_open(cursor)
        choice = _choice(cursor, bracket=bracket)
        if choice:
            choices.append(choice)
        start = cursor.position
        cursor.skip(",", ";", "|", "or", "/", *(() if bracket else ("and",)))
        if cursor.position == start and not bracket:
            break
        if cursor.position == start and not choice and not cursor.at_end:
            raise cursor.puzzle("choices stand between commas, or in quotes.", "types")
    _refuse_open(cursor)
    if bracket:
        raise cursor.puzzle("the list of choices is never closed: “)” is missing.")
    return tuple(choices)


def _refuse_open(cursor: Cursor) -> None:
    dots = cursor.norm() == "..." or cursor.norm() == cursor.norm(1) == "."
    if dots or any(cursor.looking_at(phrase) for phrase in _OPEN):
        raise cursor.puzzle(
            "“etc.” and “...” leave the choices open: name every one, or make it a text."
        )


def _choice(cursor: Cursor, *, bracket: bool) -> str:
    token = cursor.peek()
    if token and token.kind == "string":
        cursor.position += 1
        return token.text
    ends = {",", ";", "|", "or", "etc", "..."} | ({")", "]"} if bracket else {"(", ")", ".", "and"})
    start = cursor.position
    choice = cursor.until(*ends)
    passed = cursor.tokens[start : cursor.position]
    if any(token.kind == "string" for token in passed):
        cursor.position = start
        raise cursor.puzzle("a choice stands in quotes as a whole, or not at all.")
    if [token.norm for token in passed[-3:]] == ["."] * 3:
        cursor.position -= 3
        _refuse_open(cursor)
    inside = {token.norm for token in passed[1:]}
    if not bracket and inside & KEYWORDS:
        cursor.position = start
        raise cursor.puzzle(f"is “{choice}” one choice? Put the choices in brackets: (a, b, c).")
    return choice
