"""Random fields and their renderings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from support.spec_wording import Draw, pick

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    Arithmetic,
    Expression,
    Field,
    FieldRef,
    FieldType,
    Kind,
    Number,
    RelatedAggregate,
    Through,
)

CHOICES = (
    "food",
    "rent",
    "very low",
    "in",
    "out",
    "e-mail",
    "on hold",
    "C++",
    "not started",
    "Ärger",
)
_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)
_COMPUTED_NAMES = ("sum of all", "ratio", "balance", "turnover")


def stored_field(draw: Draw, name: str, slug: str, targets: list[str]) -> Field:
    """A field that people fill in."""
    kind = draw(st.sampled_from(list(FieldType)))
    made = Field(name, slug, kind, 0, required=draw(st.booleans()), unique=draw(st.booleans()))
    match kind:
        case FieldType.TEXT:
            length = draw(st.none() | st.integers(20, 500))
            made = replace(made, max_length=length)
        case FieldType.INTEGER | FieldType.DECIMAL:
            made = _with_bounds(draw, made)
        case FieldType.ONE_OF:
            chosen = draw(st.lists(st.sampled_from(CHOICES), min_size=2, max_size=4, unique=True))
            made = replace(made, choices=tuple(chosen))
        case FieldType.REFERENCE:
            made = replace(made, target=draw(st.sampled_from(targets)))
        case FieldType.DATE:
            made = _with_span(draw, made)
        case _:
            pass
    default = None if made.unique else _default(draw, made)
    return replace(made, default=default)


def _with_bounds(draw: Draw, made: Field) -> Field:
    places = draw(st.sampled_from((0, 2, 3))) if made.type is FieldType.DECIMAL else 0
    low = draw(st.none() | st.integers(-50, 50))
    high = draw(st.none() | st.integers(51, 5000))
    unit = Decimal(1).scaleb(-places)
    return replace(
        made,
        places=places if made.type is FieldType.DECIMAL else 2,
        minimum=None if low is None else Decimal(low).quantize(unit),
        maximum=None if high is None else Decimal(high).quantize(unit),
    )


def _with_span(draw: Draw, made: Field) -> Field:
    low = draw(st.none() | st.dates(date(1950, 1, 1), date(2000, 1, 1)))
    high = draw(st.none() | st.dates(date(2001, 1, 1), date(2090, 1, 1)))
    return replace(made, minimum=low and low.isoformat(), maximum=high and high.isoformat())


def _default(draw: Draw, made: Field) -> str | None:
    options: tuple[str, ...] = ()
    match made.type:
        case FieldType.TEXT:
            options = ("none", "a, b and c", "today", "-")
        case FieldType.INTEGER | FieldType.DECIMAL:
            value = made.minimum if made.minimum is not None else made.maximum
            places = made.places if made.type is FieldType.DECIMAL else 0
            options = (
                str(
                    value if value is not None else Decimal(3).quantize(Decimal(1).scaleb(-places))
                ),
            )
        case FieldType.YES_NO:
            options = ("yes", "no")
        case FieldType.ONE_OF:
            options = made.choices
        case FieldType.DATE:
            options = ("today", "2000-06-15")
        case FieldType.DATETIME:
            options = ("today", "2000-06-15 12:30")
        case FieldType.EMAIL:
            options = ("nobody@example.org",)
        case _:
            pass
    return draw(st.none() | st.sampled_from(options)) if options else None


# -- computed ------------------------------------------------------------------------------------


def computed_fields(draw: Draw, kind: Kind, kinds: list[Kind]) -> Kind:
    """The kind with up to two computed fields more; ``kinds`` have stored fields only."""
    formulas = _formulas(kind, kinds)
    if not formulas:
        return kind
    chosen = draw(st.lists(st.sampled_from(formulas), max_size=2, unique_by=str))
    extra = [
        Field(name, name.replace(" ", "_"), made, 0, places=places, computed=formula)
        for name, (made, places, formula) in zip(_COMPUTED_NAMES, chosen, strict=False)
    ]
    return replace(kind, fields=(*kind.fields, *extra))


def _formulas(kind: Kind, kinds: list[Kind]) -> list[tuple[FieldType, int, Expression]]:
    numbers = [each for each in kind.fields if each.type in _NUMBERS]
    formulas: list[tuple[FieldType, int, Expression]] = []
    for one in numbers:
        for other in numbers:
            made, places = _product(one, other)
            left, right = FieldRef(one.slug), FieldRef(other.slug)
            formulas.append((made, places, Arithmetic("*", left, right)))
            inner = Arithmetic("-", left, Number(Decimal(2)))
            formulas.append((made, places, Arithmetic("*", inner, right)))
            formulas.append((made, places, Arithmetic("-", left, Arithmetic("+", right, left))))
    dates = [each for each in kind.fields if each.type is FieldType.DATE]
    if dates:
        ends = FieldRef(dates[-1].slug), FieldRef(dates[0].slug)
        formulas.append((FieldType.INTEGER, 2, Arithmetic("-", *ends)))
        later = Arithmetic("+", FieldRef(dates[0].slug), Number(Decimal(14)))
        formulas.append((FieldType.DATE, 2, later))
    by_slug = {each.slug: each for each in kinds}
    for reference in (each for each in kind.fields if each.type is FieldType.REFERENCE):
        formulas += [
            (each.type, each.places, Through(reference.slug, each.slug))
            for each in by_slug[reference.target].fields
            if each.type in _NUMBERS and each.places >= 2
        ]
    return formulas + _related(kind, kinds)


def _product(one: Field, other: Field) -> tuple[FieldType, int]:
    places = [each.places for each in (one, other) if each.type is FieldType.DECIMAL]
    if not places:
        return FieldType.INTEGER, 2
    return FieldType.DECIMAL, max(2, *places)


def _related(kind: Kind, kinds: list[Kind]) -> list[tuple[FieldType, int, Expression]]:
    formulas: list[tuple[FieldType, int, Expression]] = []
    for other in kinds:
        for via in (each for each in other.fields if each.target == kind.slug):
            count = RelatedAggregate(AggregateOp.COUNT, other.slug, None, via.slug)
            formulas.append((FieldType.INTEGER, 2, count))
            for each in other.fields:
                if each.type is FieldType.INTEGER:
                    total = RelatedAggregate(AggregateOp.TOTAL, other.slug, each.slug, via.slug)
                    formulas.append((FieldType.INTEGER, 2, total))
                    formulas.append((FieldType.INTEGER, 2, Arithmetic("-", total, count)))
    return formulas


# -- rendering -----------------------------------------------------------------------------------


def rendered_field(draw: Draw, field: Field, kind: Kind, app: App) -> str:
    """The line of a field, without its bullet."""
    name = pick(draw, field.name, f"**{field.name}**", f"`{field.name}`", field.name.capitalize())
    # A capital letter is another name to a person, but the same one to the dialect.
    name = name if name.lower().strip("*`") == field.name and name[0].islower() else field.name
    if field.computed is not None:
        formula = _formula(draw, field.computed, kind, app)
        sign = pick(draw, " = ", ": computed as ", ": = ")
        return f"{name}{sign}{formula}"
    parts = [_type(draw, field, app), *_constraints(draw, field)]
    if field.type is not FieldType.ONE_OF or pick(draw, True, False):
        form = pick(draw, f"{name}: {{}}", f"{name} ({{}})", f"{name} - {{}}")
    else:
        form = f"{name}: {{}}"
    return str(form.format(pick(draw, ", ", "; ").join(parts)) + pick(draw, "", "."))


def _type(draw: Draw, field: Field, app: App) -> str:
    if field.type is FieldType.ONE_OF:
        quoted = ", ".join(f'"{choice}"' for choice in field.choices)
        plain = ", ".join(field.choices)
        return str(pick(draw, f"one of ({plain})", f"one of ({quoted})", f"one of: {quoted}"))
    if field.type is FieldType.REFERENCE:
        name = app.kind(field.target).name
        return str(pick(draw, f"reference to {name}", f"a {name}", f"link to a {name}", name))
    words = {
        FieldType.TEXT: ("text", "a text", "free text"),
        FieldType.INTEGER: ("integer", "whole number", "an integer"),
        FieldType.DECIMAL: ("decimal", "decimal number"),
        FieldType.DATE: ("date", "a date"),
        FieldType.DATETIME: ("date-time", "date and time", "datetime"),
        FieldType.YES_NO: ("yes/no", "yes or no", "boolean"),
        FieldType.EMAIL: ("e-mail", "email", "e-mail address"),
    }
    return str(pick(draw, *words[field.type]))


def _constraints(draw: Draw, field: Field) -> list[str]:
    parts: list[str] = []
    if field.required:
        parts.append(pick(draw, "required", "mandatory", "must not be empty"))
    elif pick(draw, True, False):
        parts.append(pick(draw, "optional", "not required"))
    if field.unique:
        parts.append(pick(draw, "unique", "must be unique"))
    if field.type is FieldType.DECIMAL:
        parts.append(f"{field.places} decimal places")
    if field.max_length:
        length = field.max_length
        words = (
            f"up to {length} characters",
            f"at most {length} characters",
            f"max length {length}",
        )
        parts.append(pick(draw, *words))
    if field.default is not None:
        parts.append(_said_default(draw, field))
    parts += _said_bounds(draw, field)
    return list(draw(st.permutations(parts)))


def _said_default(draw: Draw, field: Field) -> str:
    word = pick(draw, "default", "by default", "defaults to", "default:")
    quoted = f'{word} "{field.default}"'
    if field.type in {FieldType.TEXT, FieldType.ONE_OF}:
        return quoted
    if field.default == "today" and field.type is FieldType.DATETIME:
        return f"{word} now"
    return f"{word} {field.default}"


def _said_bounds(draw: Draw, field: Field) -> list[str]:
    low: Any = field.minimum
    high: Any = field.maximum
    dates = field.type is FieldType.DATE
    if low is not None and high is not None and pick(draw, True, False):
        return [pick(draw, f"from {low} to {high}", f"between {low} and {high}")]
    said = []
    if low is not None:
        words = ("not before", "on or after") if dates else ("at least", "min", ">=", "not below")
        said.append(f"{pick(draw, *words)} {low}")
    if high is not None:
        words = ("not after", "on or before") if dates else ("at most", "max", "<=", "no more than")
        said.append(f"{pick(draw, *words)} {high}")
    return said


def _formula(draw: Draw, expression: Expression, kind: Kind, app: App) -> str:
    match expression:
        case Number(value):
            return str(value)
        case FieldRef(slug):
            return str(pick(draw, "", "the ")) + kind.field(slug).name
        case Through(reference, slug):
            pointer = kind.field(reference)
            return f"{pointer.name}.{app.kind(pointer.target).field(slug).name}"
        case Arithmetic(op, left, right):
            sides = _formula(draw, left, kind, app), _formula(draw, right, kind, app)
            first = f"({sides[0]})" if op == "*" and isinstance(left, Arithmetic) else sides[0]
            last = f"({sides[1]})" if isinstance(right, Arithmetic) else sides[1]
            words = {
                "*": ("*", "times", "\N{MULTIPLICATION SIGN}"),
                "-": ("-", "minus"),
                "+": ("+", "plus"),
            }
            return f"{first} {pick(draw, *words[op])} {last}"
        case RelatedAggregate(op, other_slug, field, via_slug):
            other = app.kind(other_slug)
            via = f"{other.plural} via {other.field(via_slug).name}"
            if field is None:
                return str(pick(draw, "count of ", "number of ")) + via
            return f"{op.value} {pick(draw, '', 'of ')}{other.field(field).name} of {via}"
    raise AssertionError(expression)
