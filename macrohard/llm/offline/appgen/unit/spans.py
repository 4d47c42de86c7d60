"""Writes the tests of spans that must not overlap: touching is allowed, at either end."""

from collections.abc import Iterator

from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.unit.testcase import Method
from macrohard.llm.offline.appgen.unit.typed import accepted_add, broken, new_record, refused_add
from macrohard.llm.offline.dialect.ast import Kind, OverlapRule
from macrohard.llm.offline.oracle.pools import shift
from macrohard.llm.offline.oracle.seek import Typed
from macrohard.llm.offline.oracle.values import Value, canonical
from macrohard.llm.offline.oracle.world import Record


def span_methods(examples: Examples, kind: Kind, rule: OverlapRule, name: str) -> list[Method]:
    """A test for each way of lying beside an example, or over it."""
    fresh = examples.fresh(kind)
    if fresh is None:
        return []
    methods: dict[str, Method] = {}
    for record in examples.of(kind):
        for way, span in beside(kind, rule, record):
            typed = {**fresh, **same_as(rule, record), **span}
            typed = {slug: text for slug, text in typed.items() if text}
            method = span_method(examples, kind, rule, f"{name}_{way}", typed)
            if method is not None:
                methods.setdefault(way, method)
    return list(methods.values())


def span_method(
    examples: Examples, kind: Kind, rule: OverlapRule, name: str, typed: Typed
) -> Method | None:
    """The test of one span; None where something else stands against it."""
    refusal = examples.refusal(kind, typed)
    about = f"Rule: {rule.text}."
    if refusal is None:
        lines = [*new_record(kind, typed, "accepted"), *accepted_add(kind)]
        return Method(name, about, lines)
    if refusal.rule != rule:
        return None
    return Method(name, about, [*new_record(kind, typed), refused_add(kind, broken(rule))])


def same_as(rule: OverlapRule, record: Record) -> Typed:
    """What must be equal for two records to clash."""
    return {slug: canonical(record.row.get(slug)) for slug in rule.same}


def beside(kind: Kind, rule: OverlapRule, record: Record) -> Iterator[tuple[str, Typed]]:
    """Spans that touch an example's span or reach a step into it."""
    start, end = record.row.get(rule.start), record.row.get(rule.end)

    def step(value: Value, steps: int) -> Value:
        return shift(kind.field(rule.start), value, steps)

    def span(begin: Value, stop: Value) -> Typed:
        return {rule.start: canonical(begin), rule.end: canonical(stop)}

    if start is None:
        return
    yield "ends_where_it_starts", span(step(start, -9), start)
    yield "ends_behind_its_start", span(step(start, -9), step(start, 1))
    if not kind.field(rule.end).required:
        yield "never_ends", span(step(start, -9), None)
    if end is None:
        yield "starts_in_what_never_ends", span(step(start, 9), step(start, 12))
    else:
        yield "starts_where_it_ends", span(end, step(end, 9))
        yield "starts_before_its_end", span(step(end, -1), step(end, 9))
