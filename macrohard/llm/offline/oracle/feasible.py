"""Refuses a spec by whose rules a kind could never hold a record.

Only what is proven is refused: circles of references none of which can be left out, and rules that
contradict each other: about values of the spec, or about how far fields are apart. Other rules may
contradict each other unseen here; where no example of a record was found, the requirements, the
release notes and the closing summary say so.
"""

from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.dialect.naming import listed, with_article
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.words import Puzzle
from macrohard.llm.offline.oracle import differences, regions
from macrohard.llm.offline.oracle.circles import Step, circles
from macrohard.llm.offline.oracle.conflict import Conflict


def check_feasible(app: App, source: str) -> None:
    """Refuse an app with a kind that people may add to and that can hold nothing.

    Args:
        app: The app.
        source: Name of the spec, for messages.

    Raises:
        SpecError: There is such a kind; the message names it and the lines that exclude each other.
    """
    problems = Problems(source)
    for circle in circles(app):
        problems.add(circle[0][1].line, _no_first(circle))
    for kind in app.kinds:
        found = [*regions.contradictions(app, kind)] or [*differences.contradictions(app, kind)]
        for conflict in found:
            problems.add(conflict.rules[0].line, _nothing_possible(conflict))
    problems.raise_any()


def _no_first(circle: tuple[Step, ...]) -> Puzzle:
    first = circle[0][0].name
    if len(circle) == 1:
        field = circle[0][1]
        return Puzzle(
            f"no first {first} could ever be added: each needs {with_article(first)} that is there "
            f"already, as its {field.name}. Let {field.name} be optional."
        )
    needs = listed(
        f"{with_article(kind.name)} needs {with_article(following.name)} "
        f"({field.name}, line {field.line})"
        for (kind, field), (following, _) in zip(circle, (*circle[1:], circle[0]), strict=True)
    )
    return Puzzle(
        f"no first {first} could ever be added: {needs}. Let one of these references be optional."
    )


def _nothing_possible(conflict: Conflict) -> Puzzle:
    rules, fields = conflict.rules, conflict.fields
    lines = listed(dict.fromkeys(str(rule.line) for rule in rules))
    said = listed(dict.fromkeys(f"“{rule.text}”" for rule in rules))
    told = f"line {lines} says" if lines.isdigit() else f"lines {lines} say"
    needed = [field for field in fields if field.required]
    must, way = "", ""
    if needed:
        names = listed((field.name for field in needed), "or")
        must = f", which {'is' if len(fields) == 1 else 'are'} required,"
        must = must if len(needed) == len(fields) else ""
        way = f", or let {names} be optional"
    named = listed(f"{field.name} (line {field.line})" for field in fields)
    values = f"no value of {named}" if len(fields) == 1 else f"no values of {named}"
    return Puzzle(
        f"no {conflict.kind.name.lower()} could ever be added: {values}{must} "
        f"{'keeps' if len(fields) == 1 else 'keep'} what {told}: {said}. "
        f"Change one of these lines{way}."
    )
