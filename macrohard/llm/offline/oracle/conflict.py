"""A contradiction: fields and rules that no values of a record keep together."""

from collections.abc import Iterator
from dataclasses import dataclass

from macrohard.llm.offline.dialect.ast import (
    App,
    BoolOp,
    Compare,
    Condition,
    Field,
    IsEmpty,
    Kind,
    RecordRule,
)
from macrohard.llm.offline.oracle.world import stored_fields


@dataclass(frozen=True)
class Conflict:
    """What contradicts itself.

    Attributes:
        kind: The kind of record that nobody can add.
        fields: The fields whose values are missing.
        rules: As few rules as contradict each other, with the bounds of these fields.
    """

    kind: Kind
    fields: tuple[Field, ...]
    rules: tuple[RecordRule, ...]


def rules_of(app: App, kind: Kind) -> tuple[RecordRule, ...]:
    """The rules about one record that each new record of a kind must meet."""
    return tuple(
        rule for rule in app.rules if isinstance(rule, RecordRule) and rule.kind == kind.slug
    )


def atoms(condition: Condition) -> Iterator[Compare | IsEmpty]:
    """The comparisons of a condition."""
    if isinstance(condition, BoolOp):
        for part in condition.parts:
            yield from atoms(part)
    else:
        yield condition


def certain(condition: Condition) -> Iterator[Compare | IsEmpty]:
    """The comparisons that hold wherever the condition does."""
    if isinstance(condition, BoolOp) and condition.op == "and":
        for part in condition.parts:
            yield from certain(part)
    elif not isinstance(condition, BoolOp):
        yield condition


def always_given(app: App, kind: Kind) -> dict[str, RecordRule | None]:
    """Slugs of the fields that no record is without, and the rule that says so where one does."""
    given: dict[str, RecordRule | None] = {
        field.slug: None for field in stored_fields(kind) if field.required
    }
    for rule in rules_of(app, kind):
        for atom in certain(rule.condition):
            if isinstance(atom, IsEmpty) and atom.negated:
                given.setdefault(atom.slug, rule)
    return given
