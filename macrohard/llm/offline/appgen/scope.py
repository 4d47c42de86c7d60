"""What a function that evaluates an expression knows: its record, its statements so far."""

from dataclasses import dataclass, field

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import text_lines, text_literal
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    Arithmetic,
    BoolOp,
    Compare,
    Condition,
    Expression,
    Field,
    FieldRef,
    FieldType,
    IsEmpty,
    Kind,
    RelatedAggregate,
    Through,
)
from macrohard.llm.offline.dialect.typecheck import infer_type


def reaches_out(app: App, kind: Kind, node: Expression | Condition) -> bool:
    """Whether evaluating this for a record needs other records, hence a connection."""
    match node:
        case RelatedAggregate() | Through():
            return True
        case FieldRef(slug) | IsEmpty(slug):
            return slug != "id" and is_cross(app, kind, kind.field(slug))
        case Arithmetic(_, left, right) | Compare(_, left, right):
            return reaches_out(app, kind, left) or reaches_out(app, kind, right)
        case BoolOp(_, parts):
            return any(reaches_out(app, kind, part) for part in parts)
        case _:
            return False


def is_cross(app: App, kind: Kind, field: Field) -> bool:
    """Whether a field is computed of other records than its own."""
    return field.computed is not None and reaches_out(app, kind, field.computed)


def may_be_empty(app: App, kind: Kind, field: Field) -> bool:
    """Whether a record of the kind can be without a value for the field."""
    if field.computed is None:
        return not field.required
    return not never_empty(app, kind, field.computed)


def never_empty(app: App, kind: Kind, node: Expression) -> bool:
    """Whether a computed expression has a value whatever the records hold."""
    match node:
        case FieldRef(slug):
            return slug == "id" or not may_be_empty(app, kind, kind.field(slug))
        case Through(reference, slug):
            via = kind.field(reference)
            target = app.kind(via.target)
            known = slug == "id" or not may_be_empty(app, target, target.field(slug))
            return known and not may_be_empty(app, kind, via)
        case RelatedAggregate(op):
            return op in (AggregateOp.TOTAL, AggregateOp.COUNT)
        case Arithmetic(op, left, right):
            certain = op != "/" and not is_moved_day(app, kind, node)
            return certain and all(never_empty(app, kind, side) for side in (left, right))
        case _:
            return True


def is_moved_day(app: App, kind: Kind, node: Arithmetic) -> bool:
    """Whether this is a date some days away, which may lie beyond the calendar."""
    sides = [infer_type(side, kind, app) for side in (node.left, node.right)]
    return FieldType.DATE in sides and FieldType.INTEGER in sides


def compute_name(kind: Kind, field: Field, *, cross: bool) -> str:
    """The function that works a computed field out, as other modules call it."""
    if cross:
        return f"figures.{names.file_name(kind)}_{field.slug}"
    return f"{names.records_module(kind)}.compute_{field.slug}"


@dataclass
class Scope:
    """The inside of one generated function.

    Attributes:
        app: The app.
        kind: Kind of the record that the function is about.
        record: The variable that holds this record.
        home: The module that the function stands in; its own functions need no module before them.
        statements: Lines that must run before the expression.
        taken: Local names in use, each with its value.
        owner: Name of the function, from which names of helpers are made.
        predicates: Helpers that the module needs beside the function, with what they decide on.
    """

    app: App
    kind: Kind
    record: str
    home: str
    statements: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    owner: str = ""
    predicates: list[tuple[str, RelatedAggregate]] = field(default_factory=list)

    def local(self, wanted: str, value: str) -> str:
        """A local variable holding a value; the same value is computed once."""
        for name, known in self.taken.items():
            if known == value:
                return name
        name, number = wanted, 1
        while name in self.taken or name == self.record or self.is_used(name):
            number += 1
            name = f"{wanted}_{number}"
        self.taken[name] = value
        self.statements.append(f"{name} = {value}")
        return name

    def text(self, wanted: str, text: str) -> str:
        """A local variable holding a text, such as SQL."""
        name = self.local(wanted, text_literal(text))
        if self.statements[-1] == f"{name} = {text_literal(text)}":
            self.statements[-1:] = text_lines(name, text)
        return name

    def is_used(self, name: str) -> bool:
        """Whether a name means something else in the modules that evaluate expressions."""
        if name in names.TAKEN - {"query"}:
            return True
        return any(
            compute_name(kind, each, cross=True) == f"figures.{name}"
            for kind in self.app.kinds
            for each in kind.fields
            if each.computed is not None
        )

    def optional(self, kind: Kind, field: Field) -> bool:
        """Whether a record of the kind can be without a value for the field."""
        return may_be_empty(self.app, kind, field)

    def computed(self, kind: Kind, field: Field, record: str) -> str:
        """The call that works a computed field of a record out."""
        cross = is_cross(self.app, kind, field)
        name = compute_name(kind, field, cross=cross).removeprefix(f"{self.home}.")
        return f"{name}(connection, {record})" if cross else f"{name}({record})"

    def helper(self, node: RelatedAggregate) -> str:
        """The name of the function that decides which related records count."""
        name = f"counts_for_{self.owner}"
        if self.predicates:
            name += f"_{len(self.predicates) + 1}"
        self.predicates.append((name, node))
        return name
