"""What must hold of a hand-in beyond its schema, told to the model that made it.

A check returns what is wrong, for the model to mend, or "". References are checked here because no
schema can: ids that occur twice, stories that do not exist, quotations that are not in the spec.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from macrohard import work
from macrohard.errors import ReplyError, RoleError
from macrohard.graph.plans import check_plan
from macrohard.roles import Roster

N = TypeVar("N")

_TOLD = 12
"""Problems told at once."""
_TEST = re.compile(r"^\s*(?:async\s+)?def\s+(test_\w+)\s*\(", re.MULTILINE)


def once(check: Callable[[N], str]) -> Callable[[N], str]:
    """A check that sends back one hand-in at most: for what is worth a second look, and no more."""
    used = False

    def check_once(noun: N) -> str:
        nonlocal used
        problem = "" if used else check(noun)
        used = used or bool(problem)
        return f"{problem}\nIf this is as it should be, say the same again." if problem else ""

    return check_once


def both(first: Callable[[N], str], second: Callable[[N], str]) -> Callable[[N], str]:
    """The first complaint of two checks."""
    return lambda noun: first(noun) or second(noun)


def check_requirements(spec: str) -> Callable[[work.Requirements], str]:
    """Ids are unique, and what is quoted stands in the spec, on the line that is named."""
    lines = spec.splitlines()

    def ids(noun: work.Requirements) -> str:
        names = [story.id for story in noun.stories]
        names += [criterion.id for story in noun.stories for criterion in story.criteria]
        return _tell(_twice("id", names))

    def quotes(noun: work.Requirements) -> str:
        quoted = [source for story in noun.stories for source in story.sources]
        problems = []
        for source in dict.fromkeys([*quoted, *noun.definitions]):
            stands = lines[source.line - 1] if source.line <= len(lines) else ""
            if _plain(source.text) and _plain(source.text) not in _plain(stands):
                problems.append(
                    f"line {source.line} of the spec is {stands.strip()!r}, not {source.text!r}"
                )
        return _tell(problems)

    return both(ids, once(quotes))


def check_scenarios(requirements: work.Requirements) -> Callable[[work.Scenarios], str]:
    """Ids are unique, and the criteria exist."""
    known = criteria_of(requirements)

    def ids(noun: work.Scenarios) -> str:
        return _tell(_twice("scenario id", [scenario.id for scenario in noun.scenarios]))

    def criteria(noun: work.Scenarios) -> str:
        problems = [
            f"scenario {scenario.id} names criterion {name}, which does not exist"
            for scenario in noun.scenarios
            for name in scenario.criteria
            if name not in known
        ]
        return _tell(problems)

    return both(ids, once(criteria))


def check_suite(requirements: work.Requirements) -> Callable[[work.AcceptanceSuite], str]:
    """There are test files, and ``covers`` names tests and criteria that exist."""
    known = criteria_of(requirements)

    def files(noun: work.AcceptanceSuite) -> str:
        problems = _twice("path", [file.path for file in noun.files])
        if not _tests(noun):
            problems.append("no test_*.py file holds a function test_…, so nothing would be run")
        return _tell(problems)

    def covers(noun: work.AcceptanceSuite) -> str:
        names = _tests(noun)
        problems = _twice("test function", names)
        problems += [
            f"covers names {name}, which is no test function of the suite"
            for name in noun.covers
            if name not in names
        ]
        problems += [
            f"{test} covers criterion {name}, which does not exist"
            for test, covered in noun.covers.items()
            for name in covered
            if name not in known
        ]
        return _tell(problems)

    return both(files, once(covers))


def check_design(requirements: work.Requirements) -> Callable[[work.Design], str]:
    """Paths are unique, and modules depend on modules and serve stories that exist."""
    stories = {story.id for story in requirements.stories}

    def check(noun: work.Design) -> str:
        paths = [module.path for module in noun.modules]
        problems = _twice("module path", paths)
        problems += [
            f"{module.path} depends on {other}, which is not among the modules"
            for module in noun.modules
            for other in module.depends_on
            if other not in paths
        ]
        problems += [
            f"{module.path} serves story {name}, which does not exist"
            for module in noun.modules
            for name in module.stories
            if name not in stories
        ]
        return _tell(problems)

    return once(check)


def check_items(roster: Roster, known: Iterable[str] = ()) -> Callable[[work.Plan], str]:
    """The items can be worked on: see :func:`macrohard.graph.plans.check_plan`."""
    earlier = tuple(known)

    def check(noun: work.Plan) -> str:
        try:
            check_plan(noun, roster, known=earlier)
        except (ReplyError, RoleError) as error:
            return str(error)
        return ""

    return check


def check_triage(
    failures: Iterable[work.Failure],
    plan_of: Callable[[work.Triage], work.Plan | None],
    roster: Roster,
    known: Iterable[str],
) -> Callable[[work.Triage], str]:
    """Repair items can be worked on, and every failure was judged.

    Args:
        failures: Those of the round.
        plan_of: The repair items as a plan; None when there are none.
        roster: The roles there are.
        known: Ids of the items of earlier plans.
    """
    items = check_items(roster, known)
    ids = {failure.id for failure in failures}

    def workable(noun: work.Triage) -> str:
        plan = plan_of(noun)
        return items(plan) if plan is not None else ""

    def judged(noun: work.Triage) -> str:
        named = {name for defect in noun.defects for name in defect.failures}
        named |= {each.role for each in noun.dismissed}
        defects = {defect.id for defect in noun.defects}
        problems = [f"failure {name} is in no defect and not dismissed" for name in ids - named]
        problems += [f"{name} is no failure of this round" for name in named - ids]
        problems += [
            f"item {item.id} is about defect {name}, which is not among the defects"
            for item in noun.items
            for name in item.defects
            if name not in defects
        ]
        return _tell(sorted(problems))

    return both(workable, once(judged))


def check_staffing(known: Iterable[str]) -> Callable[[work.Staffing], str]:
    """Only roles that were offered are on the team."""
    names = set(known)

    def check(noun: work.Staffing) -> str:
        strangers = [each.role for each in noun.team if each.role not in names]
        return _tell([f"{name!r} is no role of the roster" for name in strangers])

    return check


def criteria_of(requirements: work.Requirements) -> set[str]:
    """Ids of all acceptance criteria."""
    return {criterion.id for story in requirements.stories for criterion in story.criteria}


def _tests(suite: work.AcceptanceSuite) -> list[str]:
    """Names of the test functions that pytest would find."""
    named = re.compile(r"(?:.*/)?test_\w*\.py")
    files = [file for file in suite.files if named.fullmatch(file.path)]
    return [name for file in files for name in _TEST.findall(file.content)]


def _twice(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what} {name} is used {n} times" for name, n in Counter(names).items() if n > 1]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _tell(problems: list[str]) -> str:
    told = [f"- {problem}" for problem in problems[:_TOLD]]
    if len(problems) > _TOLD:
        told.append(f"({len(problems) - _TOLD} more)")
    return "\n".join(told)
