"""Writes the ``delete`` of a kind: what goes along, and the rules that what stays must meet."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import function, signature
from macrohard.llm.offline.appgen.rules import BoundCheck, bound_checks
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


def affected(app: App, kind: Kind) -> list[tuple[Kind, BoundCheck]]:
    """The bounds that a delete can break: those of what goes, on records that may stay."""
    found: list[tuple[Kind, BoundCheck]] = []
    for going in reached(app, kind):
        ways = {
            field.slug
            for other, field, cascade in references(app)
            if cascade and other == going and field.target in {k.slug for k in reached(app, kind)}
        }
        for bound in bound_checks(app, going):
            gone_anyway = going != kind and ways == {bound.rule.via}
            if not gone_anyway:
                found.append((going, bound))
    return found


def delete_function(app: App, kind: Kind) -> str:
    """``delete``, in the form the kind needs."""
    return linked_delete(app, kind) if is_referred_to(app, kind) else plain_delete(app, kind)


def plain_delete(app: App, kind: Kind) -> str:
    """The delete of a kind that nothing refers to."""
    module, key = names.records_module(kind), f"{names.variable(kind)}_id"
    bounds = bound_checks(app, kind)
    get = f"{module}.get(connection, {key})"
    lines = [f"{names.variable(kind)} = {get}" if bounds else get]
    lines += [f"{module}.remove(connection, {key})"]
    lines += [bound.call(names.variable(kind)) for bound in bounds]
    return function(
        signature("delete", ["connection: Connection", f"{key}: int"], "None"),
        f"Delete {names.an(names.singular(kind))}.",
        "\n".join(lines),
    )


def linked_delete(app: App, kind: Kind) -> str:
    """The delete of a kind that others refer to."""
    module, key = names.records_module(kind), f"{names.variable(kind)}_id"
    lines = [
        f"{module}.get(connection, {key})",
        f'going = deletion.going_with(connection, "{names.table(kind)}", {key})',
    ]
    checks: list[str] = []
    loaded: dict[str, str] = {}
    for other, bound in affected(app, kind):
        found = loaded.get(other.slug)
        if found is None:
            found = loaded[other.slug] = f"going_{names.variables(other)}"
            load = f"{names.records_module(other)}.get(connection, other_id)"
            ids = f'sorted(going.get("{names.table(other)}", ()))'
            lines.append(f"{found} = [{load} for other_id in {ids}]")
        checks += after_delete(app, kind, other, bound, found)
    lines += [f"{module}.remove(connection, {key})", *checks]
    lines += [f'return deletion.others(going, "{names.table(kind)}")']
    return function(
        signature("delete", ["connection: Connection", f"{key}: int"], "str"),
        f"Delete {names.an(names.singular(kind))} and what goes with it; say what that was.",
        "\n".join(lines),
    )


def after_delete(app: App, kind: Kind, other: Kind, bound: BoundCheck, found: str) -> list[str]:
    """The statements that check a bound for what stays."""
    target = app.kind(bound.rule.target)
    each = names.variable(other)
    module = "" if other == kind else f"{names.changes_module(other)}."
    stays = f'if {each}.{bound.rule.via} not in going.get("{names.table(target)}", ()):'
    return [
        f"for {each} in {found}:",
        f"    {stays}",
        f"        {module}{bound.call(each)}",
    ]
