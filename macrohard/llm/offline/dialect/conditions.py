"""Reads conditions: ``amount is above 100 and category is not food``."""

from dataclasses import replace
from functools import lru_cache

from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    Compare,
    CompareOp,
    Condition,
    Expression,
    FieldRef,
    FieldType,
    IsEmpty,
    Number,
    TextValue,
    YesNo,
)
from macrohard.llm.offline.dialect.comparisons import (
    AGAINST,
    BE,
    EMPTINESS,
    HAS,
    INVERTED,
    RELATIONS,
    SIGNS,
    YES_NO,
)
from macrohard.llm.offline.dialect.expressions import read_factor, read_sum
from macrohard.llm.offline.dialect.naming import did_you_mean, listed
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.typecheck import Shape, comparison, shape_of
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle

# An apostrophe is that of “isn't” and “can't”, which are three tokens.
_NEGATIONS = {"not", "never", "cannot", "'"}
_LEAD = 3
"""Words of a relation among which its negation stands: “must never go below”."""


def read_condition(cursor: Cursor, scope: Scope) -> Condition:
    """Read comparisons joined by ``and`` and ``or``; ``and`` binds closer.

    Raises:
        Puzzle: It cannot be read, or compares what cannot be compared.
    """
    return _Reader(cursor, scope).read_or()


class _Reader:
    """Reads one condition; remembers what the last comparison was about."""

    def __init__(self, cursor: Cursor, scope: Scope) -> None:
        self._cursor = cursor
        self._scope = scope
        self._subject: Expression | None = None
        self._said = ""  # The words of the subject.
        self._negated = False  # Whether the last comparison says “not”.

    def read_or(self) -> Condition:
        parts = [self._read_and()]
        while self._cursor.accept("or"):
            self._cursor.count_operator()
            self._refuse_ellipsis("or")
            parts.append(self._read_and())
        return _joined("or", parts)

    def _read_and(self) -> Condition:
        parts = [self._read_one()]
        while self._cursor.accept(", and", "and", "but"):
            self._cursor.count_operator()
            self._refuse_ellipsis("and")
            parts.append(self._read_one())
        return _joined("and", parts)

    def _read_one(self) -> Condition:
        cursor = self._cursor
        start = cursor.position
        try:
            return self._read_comparison()
        except Puzzle as puzzle:
            failed_at = puzzle.offset or 0
            cursor.position, end = start, cursor.position
            if not cursor.accept("("):
                cursor.position = end
                raise
            try:
                with cursor.nested():
                    inside = _Reader(cursor, replace(self._scope, inner=False)).read_or()
                if not cursor.accept(")"):
                    raise cursor.puzzle("this bracket is never closed: “)” is missing.")
            except Puzzle as other:
                raise (other if (other.offset or 0) >= failed_at else puzzle) from None
            return inside

    def _read_comparison(self) -> Condition:
        cursor = self._cursor
        cursor.skip("it is the case that")
        at = cursor.offset
        if (bare := self._read_bare_yes_no()) is not None:
            return bare
        if self._subject is None or not self._starts_with_relation():
            reader = read_factor if self._scope.inner else read_sum
            begin = cursor.offset
            self._subject = reader(cursor, self._scope)
            self._said = cursor.text[begin : cursor.offset].strip()
        lead = [cursor.norm(ahead) for ahead in range(_LEAD)]
        try:
            relation = self._read_relation(self._subject)
        except Puzzle as puzzle:
            if puzzle.offset is None:
                puzzle.offset = at
            raise
        # “not empty and above 5” can mean one thing only.
        self._negated = bool(_NEGATIONS & set(lead)) and not isinstance(relation, IsEmpty)
        return relation

    def _refuse_ellipsis(self, joint: str) -> None:
        """Refuse ``is not above 100 or below 10``: does the “not” go for both, or for one?"""
        cursor = self._cursor
        bare = RELATIONS.find(cursor) is not None or SIGNS.find(cursor) is not None
        if not self._negated or self._scope.draft.names.find(cursor):
            return
        if cursor.norm() in _NEGATIONS or not (bare or cursor.looking_at("between")):
            return
        more, said = cursor.rest(40), self._said[:1].lower() + self._said[1:]
        verb = "" if SIGNS.find(cursor) else "is "
        either = f", or “and {said} is not {more}”" if verb else ""
        raise cursor.puzzle(
            f"does “not” go for “{more}” too? Name the field again to say what is meant: "
            f"“{joint} {said} {verb}{more}”{either}."
        )

    def _starts_with_relation(self) -> bool:
        """Whether the subject of the comparison before goes on: ``and below 100``."""
        cursor = self._cursor
        if self._scope.draft.names.find(cursor):
            return False
        return any(table.find(cursor) for table in (BE, RELATIONS, SIGNS, HAS))

    def _read_bare_yes_no(self) -> Condition | None:
        """``done``, ``not done``, ``it is not done``."""
        cursor = self._cursor
        start = cursor.position
        cursor.accept("it", "they")
        be = BE.take(cursor)
        affirmed = be is not False and not (be is None and cursor.accept("not"))
        field = self._scope.schema.take_field(cursor, self._scope.kind)
        ends = cursor.at_end or cursor.norm() in {"and", "or", ")", ",", ";", "but", "+", "-", "."}
        if field is None or field.type is not FieldType.YES_NO or not ends:
            cursor.position = start
            return None
        # An empty field is not done, either: that is what a person means by “not done”.
        return Compare(
            CompareOp.EQ if affirmed else CompareOp.NE, FieldRef(field.slug), YesNo(True)
        )

    def _read_relation(self, left: Expression) -> Condition:
        """What is said about the subject."""
        cursor = self._cursor
        shape = self._shape(left)
        if (op := SIGNS.take(cursor)) is not None:
            return self._compare(op, left, self._read_value(shape))
        if (empty := HAS.take(cursor)) is not None:
            return self._emptiness(left, negated=not empty)
        start = cursor.position
        if shape.type is FieldType.ONE_OF and cursor.accept("is", "are"):
            if self._find_choice(shape) is not None:
                return self._equals(CompareOp.EQ, left, shape)
            cursor.position = start
        affirmed = BE.take(cursor)
        if affirmed is None and (
            RELATIONS.find(cursor) is None and not cursor.looking_at("between")
        ):
            raise cursor.not_understood("conditions")
        return self._read_predicate(left, shape, affirmed=affirmed is not False)

    def _read_predicate(  # noqa: PLR0911  (a return for each wording)
        self, left: Expression, shape: Shape, *, affirmed: bool
    ) -> Condition:
        """What comes after ``is`` or ``is not``."""
        cursor = self._cursor
        equal = CompareOp.EQ if affirmed else CompareOp.NE
        if shape.type is FieldType.ONE_OF and self._find_choice(shape) is not None:
            return self._equals(equal, left, shape)
        if (empty := EMPTINESS.take(cursor)) is not None:
            return self._emptiness(left, negated=empty != affirmed)
        if (against := AGAINST.take(cursor)) is not None:
            return self._compare(against[0] if affirmed else INVERTED[against[0]], left, against[1])
        if self._scope.draft.names.find(cursor) is None and cursor.accept("between", "from"):
            return self._between(left, shape, affirmed=affirmed)
        in_list = cursor.looking_at("in (") and cursor.accept("in")
        if in_list or cursor.accept("one of", "either", "any of", "among"):
            return self._one_of(equal, left, shape)
        if (op := RELATIONS.take(cursor)) is not None:
            return self._compare(op if affirmed else INVERTED[op], left, self._read_value(shape))
        return self._equals(equal, left, shape)

    def _emptiness(self, left: Expression, *, negated: bool) -> Condition:
        if not isinstance(left, FieldRef):
            raise self._cursor.puzzle("only a field of the record itself can be empty or given.")
        return IsEmpty(left.slug, negated)

    def _between(self, left: Expression, shape: Shape, *, affirmed: bool) -> Condition:
        low = self._read_value(shape)
        if not self._cursor.accept("and", "to"):
            raise self._cursor.puzzle("“between” needs two values: between 1 and 5.")
        high = self._read_value(shape)
        if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
            raise self._cursor.puzzle("nothing is between a number and a smaller one.")
        if not affirmed:
            outside = (
                self._compare(CompareOp.LT, left, low),
                self._compare(CompareOp.GT, left, high),
            )
            return BoolOp("or", outside)
        inside = (self._compare(CompareOp.GE, left, low), self._compare(CompareOp.LE, left, high))
        return BoolOp("and", inside)

    def _one_of(self, op: CompareOp, left: Expression, shape: Shape) -> Condition:
        cursor = self._cursor
        bracket = cursor.accept("(")
        parts: list[Condition] = [self._compare(op, left, self._read_value(shape))]
        while cursor.accept(", or", ", and", ",", "or", *(("and",) if bracket else ())):
            parts.append(self._compare(op, left, self._read_value(shape)))
        if bracket and not cursor.accept(")"):
            raise cursor.puzzle("this bracket is never closed: “)” is missing.")
        return _joined("or" if op is CompareOp.EQ else "and", parts)

    def _equals(self, op: CompareOp, left: Expression, shape: Shape) -> Condition:
        """``is food``, and ``is food or travel`` where those are choices."""
        cursor = self._cursor
        parts: list[Condition] = [self._compare(op, left, self._read_value(shape))]
        while shape.type is FieldType.ONE_OF and cursor.norm() in {"or", "nor"}:
            start = cursor.position
            cursor.position += 1
            if self._find_choice(shape) is None or self._is_field_rather(shape):
                cursor.position = start
                break
            parts.append(self._compare(op, left, self._read_value(shape)))
        return _joined("or" if op is CompareOp.EQ else "and", parts)

    def _is_field_rather(self, shape: Shape) -> bool:
        """Whether a word that names a choice as well begins a comparison of its own here."""
        cursor = self._cursor
        field, choice = self._scope.draft.names.find(cursor), self._find_choice(shape)
        if field is None or choice is None or choice[1] < field[1]:
            return field is not None
        ends = cursor.norm(choice[1]) in {"", "and", "or", "nor", ")", ",", ";", ".", "if", "when"}
        if ends and self._scope.schema.field(self._scope.kind, field[0]).type is FieldType.YES_NO:
            raise cursor.puzzle(
                f"“{choice[0]}” is a choice of {self._said} and a yes/no field as well. "
                f'Write “or {self._said} is "{choice[0]}"”, or “or {choice[0]} is yes”.'
            )
        return not ends

    def _find_choice(self, shape: Shape) -> tuple[str, int] | None:
        cursor = self._cursor
        token = cursor.peek()
        if token and token.kind == "string":
            return token.text, 1
        return _choices(shape.choices).find(cursor)

    def _read_value(self, shape: Shape) -> Expression:
        """What is compared with: a literal that fits the subject, or an expression."""
        cursor = self._cursor
        if shape.type is FieldType.ONE_OF:
            found = self._find_choice(shape)
            if found is not None:
                cursor.position += found[1]
                return TextValue(found[0])
        if shape.type is FieldType.YES_NO and cursor.norm() in YES_NO:
            return YesNo(YES_NO[cursor.take().norm])
        start = cursor.position
        try:
            return (read_factor if self._scope.inner else read_sum)(cursor, self._scope)
        except Puzzle as puzzle:
            token = cursor.peek()
            cursor.position = start
            if token and shape.type in {FieldType.TEXT, FieldType.EMAIL}:
                advice = f'{puzzle.message} A text stands in quotes: "{token.text}".'
                raise Puzzle(advice, puzzle.offset) from None
            if token is None or shape.type is not FieldType.ONE_OF:
                raise
            near = did_you_mean(cursor.rest(), shape.choices)
            message = f"“{cursor.rest(40)}” is not one of {listed(shape.choices, 'or')}.{near}"
            raise cursor.puzzle(message, "conditions") from None

    def _compare(self, op: CompareOp, left: Expression, right: Expression) -> Condition:
        return comparison(op, left, right, self._scope.kind, self._scope.schema.field)

    def _shape(self, expression: Expression) -> Shape:
        return shape_of(expression, self._scope.kind, self._scope.schema.field)


@lru_cache(maxsize=256)
def _choices(choices: tuple[str, ...]) -> Phrases[str]:
    return Phrases((choice, choice) for choice in choices)


def _joined(op: str, parts: list[Condition]) -> Condition:
    """One condition, flat: parts of the same operator are taken in."""
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, BoolOp) and part.op == op else [part]
    return flat[0] if len(flat) == 1 else BoolOp(op, tuple(flat))
