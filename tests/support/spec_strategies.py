"""Random specs of the dialect: what was meant, and a rendering of it in one of many wordings.

``specs()`` draws a :class:`Rendered`: Markdown, and the tree that reading it must give.
:func:`meaning` strips what a rendering does not fix (line numbers, the text of rules), so that two
trees can be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from support.spec_features import random_features, rendered_features
from support.spec_fields import computed_fields, rendered_field, stored_field
from support.spec_wording import Draw, shuffled_bullet, spoken_condition

from macrohard.llm.offline.dialect.ast import (
    App,
    Arithmetic,
    BoundRule,
    CompareOp,
    DeleteRule,
    Features,
    Field,
    FieldType,
    Kind,
    Number,
    OverlapRule,
    RecordRule,
    RelatedAggregate,
    Rule,
    UniqueRule,
)

KIND_NAMES = {
    "person": "people", "item": "items", "loan": "loans", "box": "boxes", "category": "categories",
    "shelf": "shelves", "stock movement": "stock movements", "import": "imports", "order": "orders",
    "Bücherkiste": "Bücherkisten", "child": "children", "class": "classes", "table": "tables",
}  # fmt: skip
FIELD_NAMES = (
    "name", "title", "amount", "price", "quantity", "weight", "due date", "started", "ended",
    "note", "paid by", "state", "e-mail", "done", "size", "class", "order", "select", "group",
    "größe", "lent-out", "last_seen", "total", "count", "file", "level 2", "owner's name", "from",
    "to", "import", "table", "column", "rate", "score", "place", "label", "colour", "height",
)  # fmt: skip


@dataclass(frozen=True)
class Rendered:
    """A spec and what it must mean."""

    text: str
    app: App


def meaning(node: Any) -> Any:
    """A tree as nested plain values, without line numbers, rule texts and assumptions."""
    if is_dataclass(node) and not isinstance(node, type):
        skipped = {"line", "lines", "text", "assumptions", "purpose"}
        values = {
            each.name: meaning(getattr(node, each.name))
            for each in fields(node)
            if each.name not in skipped
        }
        return {"": type(node).__name__, **values}
    if isinstance(node, tuple):
        return [meaning(each) for each in node]
    return node


@st.composite
def specs(draw: Draw, max_kinds: int = 4, max_fields: int = 6) -> Rendered:
    """Random valid specs.

    Args:
        draw: Given by Hypothesis.
        max_kinds: Most record kinds.
        max_fields: Most stored fields of a kind.
    """
    names = draw(
        st.lists(st.sampled_from(sorted(KIND_NAMES)), min_size=1, max_size=max_kinds, unique=True)
    )
    kinds = [_stored_kind(draw, name, names, max_fields) for name in names]
    kinds = [computed_fields(draw, kind, kinds) for kind in kinds]
    kinds = [replace(kind, features=random_features(draw, kind)) for kind in kinds]
    rules = _rules(draw, kinds)
    app = App("Random things", "random_things", "", tuple(kinds), tuple(rules), ("cli",))
    return Rendered(_render(draw, app), app)


def _stored_kind(draw: Draw, name: str, names: list[str], max_fields: int) -> Kind:
    chosen = draw(
        st.lists(st.sampled_from(FIELD_NAMES), min_size=1, max_size=max_fields, unique_by=slugged)
    )
    targets = [slugged(each) for each in names]
    made = tuple(stored_field(draw, each, slugged(each), targets) for each in chosen)
    plural = KIND_NAMES[name].lower()
    return Kind(name.lower(), plural, slugged(name), made, Features(), 0)


def slugged(name: str) -> str:
    """The slug a name must get, written down rather than computed."""
    known = {
        "größe": "grosse", "Bücherkiste": "bucherkiste", "owner's name": "owners_name",
        "class": "class_", "import": "import_", "from": "from_",
    }  # fmt: skip
    return known.get(name, name.replace(" ", "_").replace("-", "_").lower())


# -- rules ---------------------------------------------------------------------------------------


def _rules(draw: Draw, kinds: list[Kind]) -> list[Rule]:
    rules: list[Rule] = []
    for kind in kinds:
        for make in (_record_rule, _bound_rule, _overlap_rule, _unique_rule):
            rules += [rule] if draw(st.booleans()) and (rule := make(draw, kind)) else []
        references = _of_type(kind, FieldType.REFERENCE)
        for target in dict.fromkeys(each.target for each in references):
            if draw(st.booleans()):
                cascade = draw(st.booleans())
                rules += (
                    DeleteRule(target, kind.slug, each.slug, cascade, "", 0)
                    for each in references
                    if each.target == target
                )
    return rules


def _bound_rule(draw: Draw, kind: Kind) -> Rule | None:
    for each in kind.fields:
        source = each.computed.left if isinstance(each.computed, Arithmetic) else each.computed
        if isinstance(source, RelatedAggregate):
            op = draw(st.sampled_from((CompareOp.GE, CompareOp.LE)))
            bound = Number(Decimal(draw(st.integers(0, 99))))
            return BoundRule(source.kind, source.via, kind.slug, each.slug, op, bound, "", 0)
    return None


def _of_type(kind: Kind, *types: FieldType) -> list[Field]:
    return [each for each in kind.fields if each.type in types and each.stored]


def _record_rule(draw: Draw, kind: Kind) -> Rule | None:
    for types in ((FieldType.DATE,), (FieldType.INTEGER, FieldType.DECIMAL)):
        found = _of_type(kind, *types)
        if len(found) > 1:
            condition = spoken_condition(draw, found[0], found[1])
            return RecordRule(kind.slug, condition, "", 0)
    return None


def _overlap_rule(draw: Draw, kind: Kind) -> Rule | None:
    dates = _of_type(kind, FieldType.DATE)
    same = tuple(each.slug for each in _of_type(kind, FieldType.TEXT, FieldType.REFERENCE)[:2])
    if len(dates) < 2:
        return None
    same = same[: draw(st.integers(0, 2))]
    return OverlapRule(kind.slug, dates[0].slug, dates[1].slug, same, "", 0)


def _unique_rule(draw: Draw, kind: Kind) -> Rule | None:
    stored = [each.slug for each in kind.fields if each.stored]
    if len(stored) < 2:
        return None
    chosen = draw(st.lists(st.sampled_from(stored), min_size=2, max_size=3, unique=True))
    return UniqueRule(kind.slug, tuple(chosen), "", 0)


# -- rendering -----------------------------------------------------------------------------------


def _render(draw: Draw, app: App) -> str:
    one_of = _chooser(draw)
    lines = [
        f"# {app.title}",
        "",
        "Random things, kept for a test.",
        "",
        one_of("## Data", "## DATA:"),
    ]
    for kind in app.kinds:
        lines += ["", _kind_heading(one_of, kind), one_of("", "> a note", "<!-- a comment -->")]
        for each in kind.fields:
            lines.append(shuffled_bullet(draw) + rendered_field(draw, each, kind, app))
    lines += ["", one_of("## Features", "## features")]
    for kind in app.kinds:
        lines += rendered_features(draw, kind, app)
    if app.rules:
        lines += ["", "## Rules", ""]
        for sentence in dict.fromkeys(_rule_sentence(draw, rule, app) for rule in app.rules):
            lines.append(shuffled_bullet(draw) + sentence + one_of("", "."))
    if one_of(True, False):
        lines += ["", "## Interface", one_of("Command line", "- a command-line program", "- CLI")]
    return "\n".join([*lines, one_of("", "\n")])


def _chooser(draw: Draw) -> Callable[..., Any]:
    return lambda *options: draw(st.sampled_from(options))


def _kind_heading(one_of: Callable[..., Any], kind: Kind) -> str:
    name = kind.name
    if kind.plural == "bücherkisten":
        return f"### {name} (plural: {kind.plural})"
    return str(
        one_of(
            f"### {name}",
            f"### {name.capitalize()} (plural: {kind.plural})",
            f"#### **{name}**",
            f"Each {name} has the following fields:\n",
            f"An {name} has:\n",
        )
    )


def _rule_sentence(draw: Draw, rule: Rule, app: App) -> str:
    one_of = _chooser(draw)
    kind = app.kind(rule.kind)
    match rule:
        case RecordRule():
            compare: Any = rule.condition
            left, right = kind.field(compare.left.slug), kind.field(compare.right.slug)
            said = _comparison(one_of, left, compare.op.value, right)
            return str(one_of(f"Each {kind.name}: {said}", f"for every {kind.name}, {said}"))
        case BoundRule():
            target = app.kind(rule.target)
            where = one_of("below", "under") if rule.op.value == ">=" else one_of("above", "over")
            measure = f"the {target.field(rule.measure).name} of a {target.name}"
            would = one_of("would take", "would bring")
            bound: Any = rule.bound
            end = one_of("is refused", "is not allowed")
            return f"A {kind.name} that {would} {measure} {where} {bound.value} {end}"
        case OverlapRule():
            same = " and ".join(kind.field(slug).name for slug in rule.same)
            of = one_of(f" of the same {same}", f" with the same {same}") if same else ""
            span = f"from {kind.field(rule.start).name} to {kind.field(rule.end).name}"
            return str(
                one_of(
                    f"Two {kind.plural}{of} must not overlap {span}",
                    f"No two {kind.plural}{of} may overlap ({span})",
                    f"a {kind.name} that overlaps another {kind.name}{of} {span} is refused",
                )
            )
        case UniqueRule():
            names = [kind.field(slug).name for slug in rule.fields]
            listed = ", ".join(names[:-1]) + " and " + names[-1]
            return str(
                one_of(
                    f"Two {kind.plural} of the same {listed} are refused",
                    f"No two {kind.plural} have the same {listed}",
                    f"Each {kind.name}: {listed} are unique together",
                )
            )
        case DeleteRule():
            target = app.kind(rule.target)
            return _deletion(rule, kind, target)
    raise AssertionError(rule)


def _deletion(rule: DeleteRule, kind: Kind, target: Kind) -> str:
    if rule.cascade:
        return f"Deleting a {target.name} deletes its {kind.plural} too"
    return f"Deleting the {target.name} that has {kind.plural} is refused"


_NUMBER_WORDS = {
    "<": ("is below", "is less than", "<"),
    "<=": ("is at most", "is not above", "<="),
    ">": ("is above", "exceeds", ">"),
    ">=": ("is at least", ">=", "is not below"),
    "==": ("is", "equals", "is equal to"),
    "!=": ("is not", "differs from", "must not be", "!="),
}
_DATE_WORDS = _NUMBER_WORDS | {
    "<": ("is before", "must be earlier than"),
    "<=": ("is not after", "is on or before"),
    ">": ("is after", "must be later than"),
    ">=": ("is not before", "is on or after"),
}


def _comparison(one_of: Callable[..., Any], left: Field, op: str, right: Field) -> str:
    words = _DATE_WORDS if left.type is FieldType.DATE else _NUMBER_WORDS
    says = one_of(*words[op])
    return f"{one_of('', 'the ')}{left.name} {says} {one_of('', 'the ', 'its ')}{right.name}"
