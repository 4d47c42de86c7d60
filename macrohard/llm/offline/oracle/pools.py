"""Values to try for a field, likeliest first: everyday ones, bounds, literals of the rules."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    BoolOp,
    BoundRule,
    Compare,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Kind,
    Number,
    RecordRule,
    RelatedAggregate,
    TextValue,
    Through,
)
from macrohard.llm.offline.oracle.values import (
    BadValueError,
    Value,
    bound_value,
    canonical,
    read_value,
)

WORDS = (
    "Maple", "Harbour", "Lantern", "Pepper", "Quartz", "Willow", "Copper", "Jasmine",
    "Violet", "Saffron", "Bramble", "Dune", "Ember", "Fjord", "Gale", "Indigo",
)  # fmt: skip
"""Short words none of which is part of another, so that finding one on a screen means something."""

_INTEGERS = ("5", "2", "8", "3", "12", "1", "20", "40", "4", "7", "100", "0", "1000", "2000")
_DECIMALS = ("12.50", "7.25", "30.00", "3.10", "120.00", "1.00", "0.50", "8.00", "999.90", "0.00")
_DATES = (
    "2024-03-05", "2024-03-18", "2024-04-02", "2023-11-30", "2024-01-09", "2024-02-29",
    "2150-01-15", "2150-02-01", "2151-06-30", "1990-05-17", "1975-10-01", "2000-01-01",
)  # fmt: skip
"""Before :data:`timeless.EARLY` or after :data:`timeless.LATE`."""

_TIMES = ("09:00", "10:30", "14:00", "11:15", "16:45", "08:00")


def pool(app: App, kind: Kind, field: Field) -> tuple[str, ...]:
    """Typed values that the field itself takes, likeliest first."""
    tried = [*_everyday(field), *_spoken_of(app, kind, field)]
    tried = [*tried, *_bounds(field)] if _settles(field, tried) else [*_bounds(field), *tried]
    return tuple(dict.fromkeys(text for text in tried if takes(field, text)))


def _settles(field: Field, tried: list[str]) -> bool:
    return sum(takes(field, text) for text in tried) > 2


def takes(field: Field, text: str) -> bool:
    """Whether a field takes a typed value, other records and rules aside."""
    try:
        return read_value(field, text) is not None
    except BadValueError:
        return False


def _everyday(field: Field) -> list[str]:  # noqa: PLR0911 (one return a type)
    match field.type:
        case FieldType.TEXT:
            return _short_words(field.max_length)
        case FieldType.EMAIL:
            return [f"{word.lower()}@example.org" for word in WORDS]
        case FieldType.INTEGER:
            return list(_INTEGERS)
        case FieldType.DECIMAL:
            return [_with_places(text, field.places) for text in _DECIMALS]
        case FieldType.DATE:
            return list(_DATES)
        case FieldType.DATETIME:
            return [f"{day} {time}" for day, time in zip(_DATES, _TIMES * 2, strict=True)]
        case FieldType.YES_NO:
            return ["no", "yes"]
        case FieldType.ONE_OF:
            return list(field.choices)
        case _:
            return []


def _short_words(longest: int | None) -> list[str]:
    if longest is None or longest >= max(map(len, WORDS)):
        return list(WORDS)
    return [word[:longest] for word in WORDS] + [f"{n:0{longest}d}"[-longest:] for n in range(10)]


def _with_places(text: str, places: int) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{(fraction + '0' * places)[:places]}" if places else whole


def _bounds(field: Field) -> list[str]:
    """The bounds of a field, values a little inside, and their middle."""
    low = None if field.minimum is None else bound_value(field, field.minimum)
    high = None if field.maximum is None else bound_value(field, field.maximum)
    found: list[Value] = []
    for bound, way in ((low, 1), (high, -1)):
        if bound is not None:
            found += [shift(field, bound, way * steps) for steps in (1, 2, 3, 5, 10)] + [bound]
    if isinstance(low, int) and isinstance(high, int):
        found.insert(0, (low + high) // 2)
    return [canonical(value) for value in found if value is not None]


def shift(field: Field, value: Value, steps: int) -> Value:
    """A value some of the field's smallest steps away; ``None`` where there is none."""
    try:
        if isinstance(value, datetime):
            return value + timedelta(minutes=steps)
        if isinstance(value, date):
            return value + timedelta(days=steps)
    except OverflowError:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, int):
        return value + steps
    return value + Decimal(steps).scaleb(-field.places)


def _spoken_of(app: App, kind: Kind, field: Field) -> Iterator[str]:
    """Literals of rules and conditions that this kind takes part in, and their neighbours."""
    if field.type in {FieldType.TEXT, FieldType.EMAIL}:
        for condition in _conditions(app, kind):
            yield from _compared_with(condition, field)
        return
    for literal in dict.fromkeys(_literals(app, kind)):
        if isinstance(literal, str):
            if field.type in {FieldType.DATE, FieldType.DATETIME}:
                yield literal
        elif field.type in {FieldType.INTEGER, FieldType.DECIMAL}:
            text = f"{literal:f}"
            try:
                value = read_value(field, text)
            except BadValueError:
                continue
            for steps in (0, 1, -1):
                yield canonical(shift(field, value, steps))


def _compared_with(condition: Condition, field: Field) -> Iterator[str]:
    """Texts that a condition compares a field with."""
    match condition:
        case BoolOp(_, parts):
            for part in parts:
                yield from _compared_with(part, field)
        case Compare(_, left, right):
            for side, other in ((left, right), (right, left)):
                if side == FieldRef(field.slug) and isinstance(other, TextValue):
                    yield other.value


def _conditions(app: App, kind: Kind) -> list[Condition]:
    """Conditions that the records of a kind are held against."""
    named = [named.condition for named in kind.features.conditions]
    ruled = [
        rule.condition
        for rule in app.rules
        if isinstance(rule, RecordRule) and rule.kind == kind.slug
    ]
    counted = [
        aggregate.where
        for other in app.kinds
        for computed in other.fields
        for aggregate in aggregates_in(computed.computed)
        if aggregate.kind == kind.slug and aggregate.where is not None
    ]
    return [*named, *ruled, *counted]


def aggregates_in(expression: Expression | None) -> list[RelatedAggregate]:
    """Aggregates over other records that an expression is made of."""
    if isinstance(expression, RelatedAggregate):
        return [expression]
    parts = [getattr(expression, "left", None), getattr(expression, "right", None)]
    return [found for part in parts if part is not None for found in aggregates_in(part)]


def _literals(app: App, kind: Kind) -> Iterator[Decimal | str]:
    for condition in _conditions(app, kind):
        yield from _in_condition(condition)
    for rule in app.rules:
        if isinstance(rule, BoundRule) and kind.slug in {rule.kind, rule.target}:
            yield from _in_expression(rule.bound)
            computed = app.kind(rule.target).field(rule.measure).computed
            if computed is not None:
                yield from _in_expression(computed)
    for field in kind.fields:
        if field.computed is not None:
            yield from _in_expression(field.computed)


def _in_condition(condition: Condition | None) -> Iterator[Decimal | str]:
    match condition:
        case BoolOp(_, parts):
            for part in parts:
                yield from _in_condition(part)
        case Compare(_, left, right):
            yield from _in_expression(left)
            yield from _in_expression(right)


def _in_expression(expression: Expression) -> Iterator[Decimal | str]:
    match expression:
        case Number(value) | TextValue(value):
            yield value
        case Arithmetic(_, left, right):
            yield from _in_expression(left)
            yield from _in_expression(right)
        case RelatedAggregate():
            yield from _in_condition(expression.where)


def fields_in(expression: Expression | Condition) -> set[str]:
    """Slugs of the record's own fields that an expression or condition looks at."""
    match expression:
        case FieldRef(slug):
            return {slug}
        case Through(reference, _):
            return {reference}
        case Arithmetic(_, left, right) | Compare(_, left, right):
            return fields_in(left) | fields_in(right)
        case BoolOp(_, parts):
            return set().union(*(fields_in(part) for part in parts))
        case RelatedAggregate() | Number() | TextValue():
            return set()
        case _:
            slug = getattr(expression, "slug", "")
            return {slug} if slug else set()
