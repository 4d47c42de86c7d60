"""Random features and their renderings."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from support.spec_wording import Draw, pick

from macrohard.llm.offline.dialect.ast import (
    Aggregate,
    AggregateOp,
    App,
    Compare,
    CompareOp,
    Condition,
    Features,
    Field,
    FieldRef,
    FieldType,
    GroupBy,
    IsEmpty,
    Kind,
    NamedCondition,
    Number,
    TextValue,
    Today,
    YesNo,
)

_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)
_TEXTS = (FieldType.TEXT, FieldType.EMAIL, FieldType.ONE_OF)
_VERBS = {
    "add": ("add", "create"),
    "list": ("list",),
    "show": ("show", "view"),
    "edit": ("edit", "change"),
    "delete": ("delete", "remove"),
}


def random_features(draw: Draw, kind: Kind) -> Features:
    """Features that fit the kind's fields."""
    verbs = {verb: draw(st.booleans()) for verb in _VERBS}
    if not any(verbs.values()):
        verbs = dict.fromkeys(_VERBS, True)
    verbs["add"] = True
    filters = _some(draw, list(kind.fields))
    sorts = _some(draw, list(kind.fields))
    searches = _some(draw, [each for each in kind.fields if each.type in _TEXTS])
    conditions = _conditions(draw, kind)
    verbs["list"] |= bool(filters or sorts or searches or any(c.marks for c in conditions))
    return Features(
        **verbs,
        filters=filters,
        sorts=sorts,
        searches=searches,
        aggregates=_aggregates(draw, kind),
        conditions=conditions,
        import_csv=draw(st.booleans()),
        export_csv=draw(st.booleans()),
    )


def _some(draw: Draw, fields: list[Field]) -> tuple[str, ...]:
    slugs = [each.slug for each in fields]
    return tuple(draw(st.lists(st.sampled_from(slugs), max_size=3, unique=True))) if slugs else ()


def _aggregates(draw: Draw, kind: Kind) -> tuple[Aggregate, ...]:
    numbers = [each.slug for each in kind.fields if each.type in _NUMBERS]
    groups = [GroupBy(each.slug) for each in kind.fields]
    groups += [
        GroupBy(each.slug, part)
        for each in kind.fields
        if each.type is FieldType.DATE
        for part in ("month", "year")
    ]
    made = []
    for op in draw(st.lists(st.sampled_from(list(AggregateOp)), max_size=3, unique=True)):
        chosen = tuple(draw(st.lists(st.sampled_from(groups), max_size=2, unique=True)))
        if op is AggregateOp.COUNT:
            made.append(Aggregate(op, None, chosen, 0))
        elif numbers:
            made.append(Aggregate(op, draw(st.sampled_from(numbers)), chosen, 0))
    return tuple(made)


def _conditions(draw: Draw, kind: Kind) -> tuple[NamedCondition, ...]:
    names = draw(
        st.lists(st.sampled_from(("large", "over due", "odd-one")), max_size=2, unique=True)
    )
    return tuple(
        NamedCondition(
            name,
            name.replace(" ", "_").replace("-", "_"),
            _condition(draw, draw(st.sampled_from(kind.fields))),
            draw(st.booleans()),
            0,
        )
        for name in names
    )


def _condition(draw: Draw, field: Field) -> Condition:  # noqa: PLR0911  (one for each type)
    left = FieldRef(field.slug)
    op = draw(st.sampled_from(list(CompareOp)))
    equal = draw(st.sampled_from((CompareOp.EQ, CompareOp.NE)))
    match field.type:
        case FieldType.INTEGER | FieldType.DECIMAL:
            return Compare(op, left, Number(Decimal(draw(st.integers(-9, 999)))))
        case FieldType.DATE:
            return Compare(op, left, Today())
        case FieldType.DATETIME:
            return Compare(op, left, TextValue("2024-02-29 23:59"))
        case FieldType.YES_NO:
            return Compare(equal, left, YesNo(draw(st.booleans())))
        case FieldType.ONE_OF:
            return Compare(equal, left, TextValue(draw(st.sampled_from(field.choices))))
        case FieldType.TEXT | FieldType.EMAIL:
            return Compare(equal, left, TextValue("some text, and more"))
    return IsEmpty(field.slug, draw(st.booleans()))


# -- rendering -----------------------------------------------------------------------------------


def rendered_features(draw: Draw, kind: Kind, app: App) -> list[str]:
    """The lines that ask for the features of a kind."""
    del app
    features = kind.features
    verbs = [pick(draw, *_VERBS[verb]) for verb in _VERBS if getattr(features, verb)]
    clauses = [f"{_listed(verbs)} {kind.plural}"]
    for verb, slugs in (
        ("filter", features.filters),
        ("sort", features.sorts),
        ("search", features.searches),
    ):
        if slugs:
            names = _listed([kind.field(slug).name for slug in slugs])
            clauses.append(f"{verb} {pick(draw, '', 'the ')}{kind.plural} by {names}")
    clauses += [_aggregate(draw, each, kind) for each in features.aggregates]
    for wanted, verb in ((features.import_csv, "import"), (features.export_csv, "export")):
        if wanted:
            clauses.append(
                f"{verb} {kind.plural} {pick(draw, 'as CSV', 'in CSV format', '')}".strip()
            )
    clauses += [_named(draw, each, kind) for each in features.conditions]
    return [f"- {pick(draw, clause, clause[0].upper() + clause[1:])}." for clause in clauses]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _aggregate(draw: Draw, each: Aggregate, kind: Kind) -> str:
    words = {
        AggregateOp.TOTAL: ("total", "sum"),
        AggregateOp.COUNT: ("count", "number"),
        AggregateOp.AVERAGE: ("average", "mean"),
        AggregateOp.MIN: ("minimum", "min", "lowest"),
        AggregateOp.MAX: ("maximum", "max", "highest"),
    }
    said = pick(draw, *words[each.op])
    what = (
        f"of {kind.field(each.field).name} of {kind.plural}" if each.field else f"of {kind.plural}"
    )
    groups = [_group(draw, group, kind) for group in each.groups]
    by = f" {pick(draw, 'by', 'per', 'grouped by')} {' and by '.join(groups)}" if groups else ""
    return f"{said} {what}{by}"


def _group(draw: Draw, group: GroupBy, kind: Kind) -> str:
    name = kind.field(group.slug).name
    return pick(draw, f"{group.part} of {name}", f"{name} {group.part}") if group.part else name


def _named(draw: Draw, each: NamedCondition, kind: Kind) -> str:
    said = _said(draw, each.condition, kind)
    if each.marks:
        return f'mark {kind.plural} as "{each.name}" {pick(draw, "when", "where")} {said}'
    head = pick(draw, f'list "{each.name}" {kind.plural}', f'list {kind.plural} "{each.name}"')
    return f"{head} where {said}"


def _said(draw: Draw, condition: Condition, kind: Kind) -> str:
    if isinstance(condition, IsEmpty):
        said = ("is not empty", "is given") if condition.negated else ("is empty", "is missing")
        return f"{kind.field(condition.slug).name} {pick(draw, *said)}"
    compare: Any = condition
    field = kind.field(compare.left.slug)
    dates = field.type in {FieldType.DATE, FieldType.DATETIME}
    words: dict[str, tuple[str, ...]] = {
        "<": ("is before", "<") if dates else ("is below", "is less than", "<"),
        "<=": ("is not after", "<=") if dates else ("is at most", "is not more than", "<="),
        ">": ("is after", ">") if dates else ("is above", "is greater than", ">"),
        ">=": ("is not before", ">=") if dates else ("is at least", "is not less than", ">="),
        "==": ("is", "equals", "=") if field.type is not FieldType.ONE_OF else ("is", "="),
        "!=": ("is not", "!=", "is different from"),
    }
    return (
        f"{field.name} {pick(draw, *words[compare.op.value])} {_value(draw, compare.right, field)}"
    )


def _value(draw: Draw, value: Any, field: Field) -> str:
    match value:
        case Number(number):
            return str(number)
        case Today():
            return str(pick(draw, "today", "the current date"))
        case YesNo(yes):
            return "yes" if yes else "no"
        case TextValue(text):
            plain = field.type is FieldType.DATETIME
            return text if plain else f'"{text}"'
    raise AssertionError(value)
