"""Writes the tests of rules that a change of another record can break."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.aftermath import looked_at
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.records import given
from macrohard.llm.offline.appgen.unit.testcase import Method
from macrohard.llm.offline.appgen.unit.typed import texts
from macrohard.llm.offline.dialect.ast import BoundRule, Kind
from macrohard.llm.offline.dialect.sight import Look
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.nearness import edit_beyond
from macrohard.llm.offline.oracle.rules import Problem, RefusedError
from macrohard.llm.offline.oracle.seek import Typed


def aftermath_methods(examples: Examples, kind: Kind) -> Iterator[Method]:
    """Tests that an edit of a record is refused which makes another one break a rule."""
    for position, look in enumerate(looked_at(examples.app, kind), start=1):
        found = refused_change(examples, kind, look)
        if found is None:
            continue
        number, typed, problem = found
        lines = [
            *given("texts", texts(typed)),
            f"edit = {names.changes_module(kind)}.edit",
            *given("message", quote(told(examples, look, problem))),
            f"self.assert_change_refused(message, edit, {number}, texts)",
        ]
        name = f"keeps_rule_{position}_{names.identifier(look.rule.text, longest=40)}"
        owner = names.an(names.singular(examples.app.kind(look.owner)))
        about = f"An edit that makes {owner} break a rule is refused: {look.rule.text}."
        yield Method(name, about, lines)


def told(examples: Examples, look: Look, problem: Problem) -> str:
    """A piece of the message, which names the record that would break the rule."""
    assert problem.owner is not None  # noqa: S101  (only such problems are looked for)
    kind, number = problem.owner
    if isinstance(look.rule, BoundRule):
        measure = examples.app.kind(look.owner).field(look.rule.measure)
        return f"({names.heading(measure)} of {kind.lower()} {number} would be "
    return f"({kind.lower()} {number} would break it)"


def refused_change(examples: Examples, kind: Kind, look: Look) -> tuple[int, Typed, Problem] | None:
    """An edit of an example that one rule of others alone stands against."""
    known = examples.known
    for record in examples.of(kind):
        typed = edit_beyond(known.seeker, known.there, kind, look, record.id)
        if typed is None:
            continue
        try:
            writing.edit(examples.world.copy(), kind.slug, record.id, typed)
        except RefusedError as error:
            if error.problem.rule == look.rule and error.problem.owner is not None:
                return record.id, typed, error.problem
    return None
