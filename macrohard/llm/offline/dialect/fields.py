"""Reads the line of a field: ``amount: decimal, required, at least 0.01``."""

from collections.abc import Callable
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import CompareOp, Field, FieldType
from macrohard.llm.offline.dialect.choices import KEYWORDS, read_choices
from macrohard.llm.offline.dialect.constraints import (
    MAX_PLACES,
    MAX_TEXT,
    Wanted,
    make_field,
)
from macrohard.llm.offline.dialect.expressions import read_number
from macrohard.llm.offline.dialect.field_words import (
    BOUNDS,
    CHARACTERS,
    DEFAULT,
    LENGTHS,
    OPTIONAL,
    PLACES,
    REFERENCE,
    REQUIRED,
    SEPARATORS,
    SIGN,
    TIMES,
    TYPES,
    UNIQUE,
)
from macrohard.llm.offline.dialect.naming import did_you_mean, listed, some
from macrohard.llm.offline.dialect.schema import Schema
from macrohard.llm.offline.dialect.words import Cursor

ReadRule = Callable[[CompareOp, str], None]
"""Takes a bound that is no constant: comparison, and the text it compares with."""


def read_field(
    name: str, slug: str, cursor: Cursor, *, line: int, schema: Schema, read_rule: ReadRule
) -> Field:
    """Read everything behind the name of a stored field.

    Args:
        name: As written.
        slug: Its identifier.
        cursor: Stands behind the name.
        line: Its line.
        schema: Knows the names of all kinds.
        read_rule: Takes bounds such as ``after start``, which are rules.

    Raises:
        Puzzle: Something is not understood, or does not go together.
    """
    reader = _FieldReader(name, cursor, schema, read_rule)
    reader.read()
    return make_field(name, slug, line, reader.wanted)


def read_type(cursor: Cursor) -> FieldType | None:
    """Step over the name of a type, if one comes next."""
    start = cursor.position
    if not cursor.looking_at("one of"):
        cursor.accept("a", "an", "the", "one", "exactly one")
    found = TYPES.take(cursor)
    if found is None:
        cursor.position = start
    return found


class _FieldReader:
    def __init__(self, name: str, cursor: Cursor, schema: Schema, read_rule: ReadRule) -> None:
        self.wanted = Wanted()
        self._name = name
        self._cursor = cursor
        self._schema = schema
        self._read_rule = read_rule

    def read(self) -> None:
        cursor = self._cursor
        steps = (
            self._flag, self._default, self._length_or_bound, self._range, self._places, self._type,
        )  # fmt: skip
        while True:
            if any(step() for step in steps):
                continue
            if cursor.at_end:
                return
            if not cursor.accept(*SEPARATORS):
                raise self._not_understood()

    def _flag(self) -> bool:
        cursor, wanted = self._cursor, self.wanted
        at = cursor.position
        for phrases, required in ((OPTIONAL, False), (REQUIRED, True)):
            if cursor.accept(*phrases):
                if wanted.required not in {None, required}:
                    cursor.position = at
                    raise cursor.puzzle(f"{self._name} is both required and optional.")
                wanted.required = required
                return True
        if cursor.accept(*UNIQUE):
            wanted.unique = True
            return True
        if (sign := SIGN.take(cursor)) is not None:
            wanted.bounds.append((sign, Decimal(0)))
            return True
        if (op := TIMES.take(cursor)) is not None:
            self._read_rule(op, "today")
            return True
        return False

    # -- default ---------------------------------------------------------------------------------

    def _default(self) -> bool:
        cursor, wanted = self._cursor, self.wanted
        if not cursor.accept(*DEFAULT):
            return False
        token = cursor.peek()
        if wanted.default is not None:
            raise cursor.puzzle(f"{self._name} has two defaults.")
        if token and token.kind == "string":
            cursor.position += 1
            wanted.default, wanted.quoted_default = token.text, True
        else:
            start = cursor.position
            wanted.default = cursor.until(",", ";", "(", ")", "and")
            inside = {token.norm for token in cursor.tokens[start + 1 : cursor.position]}
            if inside & KEYWORDS:
                cursor.position = start
                raise cursor.puzzle(
                    f"is “{wanted.default}” the default? Put it in quotes, or a comma behind it."
                )
        if not wanted.default:
            raise cursor.puzzle(f"the default of {self._name} is missing: “default 0”.")
        return True

    # -- bounds ----------------------------------------------------------------------------------

    def _length_or_bound(self) -> bool:
        cursor = self._cursor
        if cursor.accept(*LENGTHS):
            cursor.skip(":", "=")
            self._set_length(read_number(cursor))
            cursor.accept(*CHARACTERS)
            return True
        op = BOUNDS.take(cursor)
        if op is None:
            return False
        cursor.skip(":", "=", "value", "of")
        bound = self._constant(alone=True)
        if bound is None:
            self._rule(op)
        elif cursor.accept(*CHARACTERS):
            if op is not CompareOp.LE:
                raise cursor.puzzle("a text can have a greatest length only: up to 200 characters.")
            self._set_length(bound)
        elif isinstance(bound, Decimal) and op is CompareOp.LE and cursor.accept(*PLACES):
            self._set_places(bound)
        else:
            self.wanted.bounds.append((op, bound))
        return True

    def _rule(self, op: CompareOp) -> None:
        text = self._cursor.until(",", ";", ")")
        if not text:
            raise self._cursor.puzzle(f"the bound of {self._name} is missing: “at least 0”.")
        self._read_rule(op, text)

    def _constant(self, *, alone: bool = False) -> Decimal | str | None:
        """Step over a number or date; ``alone``: not where a calculation begins with it."""
        cursor = self._cursor
        token = cursor.peek()
        if token and token.kind == "date":
            cursor.position += 1
            return token.text
        start = cursor.position
        number = read_number(cursor)
        if alone and number is not None and cursor.norm() in {"+", "-", "*", "/", "days", "weeks"}:
            cursor.position = start
            return None
        return number

    def _range(self) -> bool:
        """``from 1 to 5``, ``between 1 and 5``, ``1-5``, ``0 or more``."""
        cursor = self._cursor
        start = cursor.position
        worded = cursor.accept("from", "between", "in the range", "range", "in range")
        low = self._constant()
        if low is not None and cursor.accept(
            "or more", "or above", "and above", "and up", "or later"
        ):
            self.wanted.bounds.append((CompareOp.GE, low))
            return True
        if low is not None and cursor.accept("or less", "or fewer", "or below", "or earlier"):
            self.wanted.bounds.append((CompareOp.LE, low))
            return True
        if low is not None and cursor.accept("characters or fewer", "characters or less"):
            self._set_length(low)
            return True
        if low is not None and cursor.accept("to", "and", "-", "..", ". .", "until", "through"):
            cursor.skip(".")
            high = self._constant()
            if high is not None:
                self.wanted.bounds += [(CompareOp.GE, low), (CompareOp.LE, high)]
                return True
        cursor.position = start
        if worded:
            raise cursor.puzzle("a range needs two ends: “from 1 to 5”.")
        return False

    def _set_length(self, number: Decimal | str | None) -> None:
        if not isinstance(number, Decimal) or number != int(number) or not 1 <= number <= MAX_TEXT:
            raise self._cursor.puzzle(
                f"the greatest length of {self._name} must be a number from 1 to {MAX_TEXT}."
            )
        self.wanted.max_length = int(number)

    def _places(self) -> bool:
        cursor = self._cursor
        start = cursor.position
        if cursor.accept("no decimal places", "no decimals"):
            self._set_places(Decimal(0))
            return True
        number = read_number(cursor)
        if number is not None and cursor.accept(*PLACES):
            self._set_places(number)
            return True
        cursor.position = start
        return False

    def _set_places(self, number: Decimal) -> None:
        if number != int(number) or not 0 <= number <= MAX_PLACES:
            raise self._cursor.puzzle(f"decimal places must be a number from 0 to {MAX_PLACES}.")
        self.wanted.places = int(number)

    # -- types -----------------------------------------------------------------------------------

    def _type(self) -> bool:
        cursor = self._cursor
        found = read_type(cursor)
        if found is not None:
            self._set_type(found)
            if found is FieldType.ONE_OF:
                self.wanted.choices = read_choices(cursor)
            self._size(found)
            return True
        start = cursor.position
        cursor.accept("a", "an", "the", "one", "exactly one")
        if cursor.accept(*REFERENCE):
            kind = self._schema.take_kind(cursor)
            if kind is None:
                raise self._schema.no_kind(cursor)
            self._set_type(FieldType.REFERENCE, kind.slug)
            return True
        slug = self._schema.singulars.take(cursor)
        if slug is not None:
            self._set_type(FieldType.REFERENCE, slug)
            return True
        cursor.position = start
        return False

    def _size(self, found: FieldType) -> None:
        """``decimal(3)``: its places; ``text(80)``: its greatest length."""
        cursor = self._cursor
        start = cursor.position
        number = read_number(cursor) if cursor.accept("(") else None
        if number is None or not cursor.accept(")"):
            cursor.position = start
        elif found is FieldType.DECIMAL:
            self._set_places(number)
        elif found is FieldType.TEXT and number == int(number) and number > 0:
            self.wanted.max_length = int(number)
        else:
            cursor.position = start

    def _set_type(self, found: FieldType, target: str = "") -> None:
        if self.wanted.type is not None:
            raise self._cursor.puzzle(
                f"{self._name} has two types: {self.wanted.type.value} and {found.value}."
            )
        self.wanted.type = found
        self.wanted.target = target

    def _not_understood(self) -> Exception:
        cursor = self._cursor
        token = cursor.peek()
        word = token.text if token else ""
        if self.wanted.type is None:
            if cursor.accept("number"):
                return cursor.puzzle("“number”: write integer for whole numbers, else decimal.")
            plural = self._schema.names.find(cursor)
            if plural or cursor.looking_at("list of") or cursor.looking_at("many"):
                return cursor.puzzle(
                    f"“{cursor.rest(40)}”: a field refers to one record. For several, make a kind "
                    "of record for the connection, with a reference to each side."
                )
            kinds = [kind.name for kind in self._schema.kinds.values()]
            near = did_you_mean(word, [*(t.value for t in FieldType), *kinds])
            known = f" Record kinds: {listed(some(kinds))}." if kinds else ""
            said = cursor.rest(40)
            said = said if "(" in said else said.rstrip(") ")
            return cursor.puzzle(f"“{said}” is no type I know.{near}{known}", "types")
        near = did_you_mean(
            word, ["required", "optional", "unique", "default", "at least", "at most"]
        )
        return cursor.puzzle(f"“{cursor.rest(40)}” is no constraint I know.{near}", "constraints")
