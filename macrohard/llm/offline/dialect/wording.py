"""The tree back in plain English. What is written here is itself valid dialect.

``condition_text`` reads inside a sentence: ``amount is above 100 and settled is no``.
"""

from decimal import Decimal

from macrohard.llm.offline.dialect.ast import (
    Aggregate,
    AggregateOp,
    App,
    Arithmetic,
    BoolOp,
    BoundRule,
    Compare,
    CompareOp,
    Condition,
    DeleteRule,
    Expression,
    Field,
    FieldRef,
    FieldType,
    GroupBy,
    IsEmpty,
    Kind,
    Number,
    OverlapRule,
    RecordRule,
    RelatedAggregate,
    Rule,
    TextValue,
    Through,
    Today,
    UniqueRule,
    YesNo,
)
from macrohard.llm.offline.dialect.comparisons import PLAIN, PLAIN_DATES
from macrohard.llm.offline.dialect.naming import listed, with_article
from macrohard.llm.offline.dialect.typecheck import DATES, infer_type, is_date, is_datetime

_AGGREGATES = {
    AggregateOp.TOTAL: "total",
    AggregateOp.COUNT: "count",
    AggregateOp.AVERAGE: "average",
    AggregateOp.MIN: "minimum",
    AggregateOp.MAX: "maximum",
}
_CLOSER = {"*", "/"}


def number_text(value: Decimal) -> str:
    """A number as people write it: ``0.01``, ``100``."""
    return f"{value.normalize():f}"


def expression_text(  # noqa: PLR0911  (a return for each form)
    expression: Expression, kind: Kind, app: App
) -> str:
    """An expression about records of a kind: ``quantity * item.price``."""
    match expression:
        case Number(value):
            return number_text(value)
        case TextValue(value):
            return value if is_date(value) or is_datetime(value) else f'"{value}"'
        case YesNo(value):
            return "yes" if value else "no"
        case Today():
            return "today"
        case FieldRef(slug):
            return kind.field(slug).name
        case Through(reference, slug):
            target = app.kind(kind.field(reference).target)
            return f"{kind.field(reference).name}.{target.field(slug).name}"
        case Arithmetic(op, left, right):
            return f"{_side(left, op, kind, app)} {op} {_side(right, op, kind, app, last=True)}"
        case RelatedAggregate():
            return _related_text(expression, kind, app)


def _side(side: Expression, op: str, kind: Kind, app: App, *, last: bool = False) -> str:
    """A side of a calculation, in brackets where it needs them."""
    text = expression_text(side, kind, app)
    if not isinstance(side, Arithmetic):
        return text
    looser = op in _CLOSER and side.op not in _CLOSER
    same = last and (side.op in _CLOSER) == (op in _CLOSER)
    return f"({text})" if looser or same else text


def _related_text(aggregate: RelatedAggregate, kind: Kind, app: App) -> str:
    other = app.kind(aggregate.kind)
    name = _AGGREGATES[aggregate.op]
    what = f"{name} of {other.plural}"
    if aggregate.field is not None:
        what = f"{name} of {other.field(aggregate.field).name} of {other.plural}"
    references = [
        each
        for each in other.fields
        if each.type is FieldType.REFERENCE and each.target == kind.slug
    ]
    if len(references) > 1:
        what += f" via {other.field(aggregate.via).name}"
    if aggregate.where is None:
        return what
    return f"{what} (where {condition_text(aggregate.where, other, app)})"


def condition_text(condition: Condition, kind: Kind, app: App) -> str:
    """A condition about records of a kind: ``amount is above 100 and settled is no``."""
    match condition:
        case Compare(op, left, right):
            words = PLAIN_DATES if infer_type(left, kind, app) in DATES else PLAIN
            sides = expression_text(left, kind, app), expression_text(right, kind, app)
            return f"{sides[0]} {words[op]} {sides[1]}"
        case IsEmpty(slug, negated):
            return f"{kind.field(slug).name} is {'not ' if negated else ''}empty"
        case BoolOp(op, parts):
            texts = [
                f"({condition_text(part, kind, app)})"
                if isinstance(part, BoolOp)
                else condition_text(part, kind, app)
                for part in parts
            ]
            return f" {op} ".join(texts)


# -- fields --------------------------------------------------------------------------------------


def type_text(field: Field, app: App) -> str:
    """The type of a field: ``one of (food, rent)``, ``reference to person``."""
    if field.type is FieldType.ONE_OF:
        return f"one of ({', '.join(_quoted(choice) for choice in field.choices)})"
    if field.type is FieldType.REFERENCE:
        return f"reference to {app.kind(field.target).name}"
    return field.type.value


def _quoted(choice: str) -> str:
    plain = choice.replace(" ", "").replace("-", "").isalnum() and choice.isascii()
    return choice if plain and " or " not in f" {choice} " else f'"{choice}"'


def constraint_texts(field: Field) -> list[str]:
    """What a value of the field must keep to, apart from its type, as written in a field's line."""
    texts = []
    if field.required:
        texts.append("required")
    if field.unique:
        texts.append("unique")
    if field.type is FieldType.DECIMAL and field.places != 2:
        texts.append(f"{field.places} decimal places")
    low, high = _bound(field.minimum), _bound(field.maximum)
    if low and high:
        texts.append(f"from {low} to {high}")
    elif low:
        texts.append(f"not before {low}" if field.type in DATES else f"at least {low}")
    elif high:
        texts.append(f"not after {high}" if field.type in DATES else f"at most {high}")
    if field.max_length is not None:
        texts.append(f"up to {field.max_length} characters")
    if field.default is not None:
        plain = field.type is not FieldType.TEXT and field.type is not FieldType.ONE_OF
        texts.append(f"default {field.default}" if plain else f'default "{field.default}"')
    return texts


def _bound(bound: Decimal | str | None) -> str:
    return number_text(bound) if isinstance(bound, Decimal) else bound or ""


def field_text(field: Field, kind: Kind, app: App) -> str:
    """A field as it could stand in a spec: ``amount: decimal, required, at least 0.01``."""
    if field.computed is not None:
        places = f" ({field.places} decimal places)" if field.type is FieldType.DECIMAL else ""
        return f"{field.name}{places} = {expression_text(field.computed, kind, app)}"
    return f"{field.name}: {', '.join([type_text(field, app), *constraint_texts(field)])}"


# -- features and rules --------------------------------------------------------------------------


def group_text(group: GroupBy, kind: Kind) -> str:
    """A grouping: ``category``, ``month of date``."""
    name = kind.field(group.slug).name
    return f"{group.part} of {name}" if group.part else name


def aggregate_text(aggregate: Aggregate, kind: Kind) -> str:
    """An aggregate: ``total of amount of expenses by category, by month of date``."""
    name = _AGGREGATES[aggregate.op]
    what = f"{name} of {kind.plural}"
    if aggregate.field is not None:
        what = f"{name} of {kind.field(aggregate.field).name} of {kind.plural}"
    groups = [f"by {group_text(group, kind)}" for group in aggregate.groups]
    return " ".join([what, ", ".join(groups)]).strip()


def rule_text(rule: Rule, app: App) -> str:
    """A rule as one sentence without a full stop, as it could stand in a spec."""
    kind = app.kind(rule.kind)
    match rule:
        case RecordRule():
            new = "new " if rule.only_new else ""
            return f"each {new}{kind.name}: {condition_text(rule.condition, kind, app)}"
        case BoundRule():
            target = app.kind(rule.target)
            where = "below" if rule.op is CompareOp.GE else "above"
            measure = f"the {target.field(rule.measure).name} of {with_article(target.name)}"
            bound = f"{where} {expression_text(rule.bound, target, app)}"
            if rule.stands:
                return f"{measure} is never {bound}"
            return f"{with_article(kind.name)} that would take {measure} {bound} is refused"
        case OverlapRule():
            same = f" of the same {_names(rule.same, kind)}" if rule.same else ""
            span = f"from {kind.field(rule.start).name} to {kind.field(rule.end).name}"
            return f"two {kind.plural}{same} must not overlap {span}"
        case UniqueRule():
            return f"two {kind.plural} of the same {_names(rule.fields, kind)} are refused"
        case DeleteRule():
            return _deletion_text(rule, kind, app)


def _names(slugs: tuple[str, ...], kind: Kind) -> str:
    return listed(kind.field(slug).name for slug in slugs)


def _deletion_text(rule: DeleteRule, kind: Kind, app: App) -> str:
    target = with_article(app.kind(rule.target).name)
    if rule.cascade:
        return f"deleting {target} deletes its {kind.plural} too"
    return f"deleting {target} that has {kind.plural} is refused"
