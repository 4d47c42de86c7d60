"""Writes the checks of other records that a change can make break a rule.

A rule that looks at other records is not safe once its own record is stored: the hive that a
harvest is compared with can be edited later. ``dialect/sight.py`` says who looks at what; here the
way back, from the changed record to those that look at it, becomes loops over references.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import function, indent, signature
from macrohard.llm.offline.appgen.rules import bound_checks, record_checks
from macrohard.llm.offline.dialect.ast import App, BoundRule, Kind
from macrohard.llm.offline.dialect.sight import Hop, Look, looks


def looked_at(app: App, kind: Kind) -> list[Look]:
    """What rules about other records, or figures of other records, look at in a kind."""
    return [look for look in looks(app) if look.kind == kind.slug]


def others_function(app: App, kind: Kind) -> str:
    """``check_others``: what an edit does to the records that look at this one."""
    blocks = [
        line for look in looked_at(app, kind) if look.fields for line in after_edit(app, kind, look)
    ]
    if not blocks:
        return ""
    name = f"{names.records_module(kind)}.{names.class_name(kind)}"
    parameters = ["connection: Connection", f"before: {name}", f"after: {name}"]
    return function(
        signature("check_others", parameters, "None"),
        f"Refuse an edit of {names.an(names.singular(kind))} after which another record breaks "
        "a rule.",
        "\n".join(blocks),
    )


def after_edit(app: App, kind: Kind, look: Look) -> list[str]:
    """The statements that check who looks at an edited record."""
    slugs = [f.slug for f in names.stored_fields(kind) if f.slug in look.fields]
    changed = " or ".join(f"after.{slug} != before.{slug}" for slug in slugs)
    walk = Walk(app, kind, look)
    if look.gathers:
        via = kind.field(look.path[-1].via)
        both = f"{{before.{via.slug}, after.{via.slug}}}" + ("" if via.required else " - {None}")
        target = app.kind(via.target)
        key = walk.fresh(names.key(target))
        body = [f"for {key} in {both}:", *walk.from_id(target, key, look.path[:-1])]
    else:
        body = walk.from_id(kind, "after.id", look.path, depth=0)
    return [f"if {changed}:", *(indent(line) for line in body)]


def after_add(app: App, kind: Kind) -> Iterator[str]:
    """The statements that check who looks at a new record, ``stored``."""
    for look in looked_at(app, kind):
        if look.at_add:
            yield from Walk(app, kind, look).from_record("stored")


@dataclass
class Walk:
    """The way back from a record to those that look at it, as code of the changes of its kind.

    Attributes:
        app: The app.
        kind: The kind whose module of changes the code stands in.
        look: Who looks, and how.
        taken: Local names in use.
    """

    app: App
    kind: Kind
    look: Look
    taken: set[str] = field(default_factory=set)

    def fresh(self, wanted: str) -> str:
        """A local name that is not in use."""
        name = wanted
        while name in self.taken:
            name = f"other_{name}"
        self.taken.add(name)
        return name

    def from_record(self, record: str) -> list[str]:
        """The statements that go back from a record in a variable, and check who is found."""
        path = self.look.path
        if not path:
            return self.from_id(self.kind, f"{record}.id", path, depth=0)
        return self.back(record, path[-1], path[:-1], depth=0)

    def from_id(
        self, kind: Kind, key: str, path: tuple[Hop, ...], depth: int = 1, record: str = ""
    ) -> list[str]:
        """The statements that go back from a record of a kind by its id."""
        if not path:
            return self.checked(kind, key, record, depth)
        hop = path[-1]
        if hop.back:
            lines = [] if record else [self.loaded(kind, key, record := self.variable(kind))]
            return [
                *(indent(line, depth) for line in lines),
                *self.back(record, hop, path[:-1], depth=depth),
            ]
        other = self.app.kind(hop.kind)
        each = self.variable(other)
        found = f"{names.records_module(other)}.with_{hop.via}(connection, {key})"
        return [
            indent(f"for {each} in {found}:", depth),
            *self.from_id(other, f"{each}.id", path[:-1], depth + 1, each),
        ]

    def back(self, record: str, hop: Hop, path: tuple[Hop, ...], depth: int) -> list[str]:
        """The statements that go from a record to the one that it refers to."""
        via = self.app.kind(hop.kind).field(hop.via)
        target, key = self.app.kind(via.target), f"{record}.{via.slug}"
        if via.required:
            return self.from_id(target, key, path, depth)
        return [
            indent(f"if {key} is not None:", depth),
            *self.from_id(target, key, path, depth + 1),
        ]

    def checked(self, owner: Kind, key: str, record: str, depth: int) -> list[str]:
        """The statements that check the record which the rule is about."""
        rule = self.look.rule
        home = self.app.kind(rule.kind)
        module = "" if home == self.kind else f"{names.changes_module(home)}."
        if isinstance(rule, BoundRule):
            bound = next(b for b in bound_checks(self.app, home) if b.rule == rule)
            return [indent(f"{module}{bound.name}(connection, {key})", depth)]
        check = next(c for c in record_checks(self.app, home)[1] if c.rule == rule)
        lines = [] if record else [self.loaded(owner, key, record := self.variable(owner))]
        lines += [
            f'with naming(f"{names.singular(owner)} {{{key}}}"):',
            indent(f"{module}{check.call(record)}"),
        ]
        return [indent(line, depth) for line in lines]

    def variable(self, kind: Kind) -> str:
        """A name for one record of a kind."""
        return self.fresh(names.variable(kind))

    def loaded(self, kind: Kind, key: str, record: str) -> str:
        """The statement that loads a record."""
        return f"{record} = {names.records_module(kind)}.get(connection, {key})"
