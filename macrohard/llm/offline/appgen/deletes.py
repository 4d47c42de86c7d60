"""Writes the ``delete`` of a kind: what goes along, and the rules that what stays must meet."""

from collections.abc import Iterator
from dataclasses import dataclass

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.aftermath import Walk, looked_at
from macrohard.llm.offline.appgen.pysource import function, indent, signature
from macrohard.llm.offline.appgen.rules import bound_checks
from macrohard.llm.offline.dialect.ast import App, DeleteRule, Field, FieldType, Kind


def references(app: App) -> Iterator[tuple[Kind, Field, bool]]:
    """Every reference: the kind that has it, its field, and whether deletes go along it."""
    cascades = {
        (rule.kind, rule.via) for rule in app.rules if isinstance(rule, DeleteRule) and rule.cascade
    }
    for kind in app.kinds:
        for field in kind.fields:
            if field.type is FieldType.REFERENCE and field.stored:
                yield kind, field, (kind.slug, field.slug) in cascades


def is_referred_to(app: App, kind: Kind) -> bool:
    """Whether records of some kind can refer to this one."""
    return any(field.target == kind.slug for _, field, _ in references(app))


def reached(app: App, kind: Kind) -> list[Kind]:
    """The kinds whose records can go with a record of this kind, itself first."""
    found = [kind]
    for target in found:  # grows while it is read
        for other, field, cascade in references(app):
            if cascade and field.target == target.slug and other not in found:
                found.append(other)
    return found


@dataclass(frozen=True)
class Loss:
    """What the loss of a record may do to one that it refers to.

    Attributes:
        kind: The kind of the record that goes.
        via: The reference.
        checks: The statements that check, about the variable of that kind.
    """

    kind: Kind
    via: Field
    checks: tuple[str, ...]


def losses(app: App, kind: Kind) -> list[Loss]:
    """What a delete can break: rules of records that stay, which look at what goes."""
    found: list[Loss] = []
    for going in reached(app, kind):
        ways = {
            field.slug
            for other, field, cascade in references(app)
            if cascade and other == going and field.target in {k.slug for k in reached(app, kind)}
        }
        for loss in losses_of(app, kind, going):
            gone_anyway = going != kind and ways == {loss.via.slug}
            if not gone_anyway:
                found.append(loss)
    return found


def losses_of(app: App, kind: Kind, going: Kind) -> Iterator[Loss]:
    """What the loss of a record of one kind may do, as code of another kind's module."""
    record = names.variable(going)
    module = "" if going == kind else f"{names.changes_module(going)}."
    for bound in bound_checks(app, going):
        yield Loss(going, going.field(bound.rule.via), (f"{module}{bound.call(record)}",))
    for look in looked_at(app, going):
        if look.gathers:
            checks = Walk(app, kind, look).from_record(record)
            yield Loss(going, going.field(look.path[-1].via), tuple(checks))


def delete_function(app: App, kind: Kind) -> str:
    """``delete``, in the form the kind needs."""
    return linked_delete(app, kind) if is_referred_to(app, kind) else plain_delete(app, kind)


def plain_delete(app: App, kind: Kind) -> str:
    """The delete of a kind that nothing refers to."""
    module, key = names.records_module(kind), names.key(kind)
    checks = [line for loss in losses_of(app, kind, kind) for line in loss.checks]
    get = f"{module}.get(connection, {key})"
    lines = [f"{names.variable(kind)} = {get}" if checks else get]
    lines += [f"{module}.remove(connection, {key})", *checks]
    return function(
        signature("delete", ["connection: Connection", f"{key}: int"], "None"),
        f"Delete {names.an(names.singular(kind))}.",
        "\n".join(lines),
    )


def linked_delete(app: App, kind: Kind) -> str:
    """The delete of a kind that others refer to."""
    module, key = names.records_module(kind), names.key(kind)
    lines = [
        f"{module}.get(connection, {key})",
        f'going = deletion.going_with(connection, "{names.table(kind)}", {key})',
    ]
    checks: list[str] = []
    loaded: dict[str, str] = {}
    for loss in losses(app, kind):
        found = loaded.get(loss.kind.slug)
        if found is None:
            found = loaded[loss.kind.slug] = f"going_{names.variables(loss.kind)}"
            load = f"{names.records_module(loss.kind)}.get(connection, other_id)"
            ids = f'sorted(going.get("{names.table(loss.kind)}", ()))'
            lines.append(f"{found} = [{load} for other_id in {ids}]")
        checks += checks_of_loss(app, loss, found)
    lines += [f"{module}.remove(connection, {key})", *checks]
    lines += [f'return deletion.others(going, "{names.table(kind)}")']
    return function(
        signature("delete", ["connection: Connection", f"{key}: int"], "str"),
        f"Delete {names.an(names.singular(kind))} and what goes with it; say what that was.",
        "\n".join(lines),
    )


def checks_of_loss(app: App, loss: Loss, found: str) -> list[str]:
    """The statements that check what stays."""
    each = names.variable(loss.kind)
    table = names.table(app.kind(loss.via.target))
    return [
        f"for {each} in {found}:",
        f'    if {each}.{loss.via.slug} not in going.get("{table}", ()):',
        *(indent(line, 2) for line in loss.checks),
    ]
