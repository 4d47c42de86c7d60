"""The part that reviews what is written before design: requirements and the acceptance suite."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from macrohard.errors import ModelError, SpecError
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.parts.reading import read_noun, read_text
from macrohard.llm.offline.parts.requirements import read_requirements
from macrohard.llm.offline.scene import Scene
from macrohard.work import AcceptanceSuite, Finding, Requirements, Review, Severity

_VAGUE = re.compile(
    r"\b(appropriate(?:ly)?|as needed|correctly|properly|quickly|fast|user[- ]friendly|nicely|"
    r"etc|and so on|reasonable|sensible|intuitive(?:ly)?|if possible|some way)\b",
    re.IGNORECASE,
)


def review_front(scene: Scene) -> Review:
    """Review the requirements, or the acceptance suite, by the stage of the request.

    Raises:
        ModelError: The request does not carry what is to be reviewed.
    """
    stage = scene.request.asker.stage
    requirements = read_noun(scene, "requirements", Requirements)
    if stage == "requirements":
        findings = review_requirements(requirements, read_text(scene, "spec"))
        return _verdict(findings, f"{len(requirements.stories)} stories against the spec")
    if stage == "scenarios":
        suite = read_noun(scene, "acceptance", AcceptanceSuite)
        findings = review_suite(suite, requirements)
        return _verdict(findings, f"{len(suite.covers)} tests against the criteria")
    raise ModelError(f"There is nothing to review at stage {stage!r}.")


def _verdict(findings: Sequence[Finding], what: str) -> Review:
    holding = [finding for finding in findings if finding.severity is not Severity.MINOR]
    return Review(
        approved=not holding,
        findings=tuple(findings),
        summary=f"Read {what}: {len(findings)} findings, {len(holding)} hold it back.",
    )


# -- requirements --------------------------------------------------------------------------------


def review_requirements(requirements: Requirements, spec: str) -> list[Finding]:
    """What was lost, misquoted, named twice, or worded so that nobody can test it."""
    return [
        *_misquoted(requirements, spec.split("\n")),
        *_lost(requirements, spec),
        *_repeated_ids(requirements),
        *_vague(requirements),
    ]


def _misquoted(requirements: Requirements, lines: list[str]) -> Iterator[Finding]:
    told = [source for story in requirements.stories for source in story.sources]
    for quote in (*requirements.definitions, *told):
        line = lines[quote.line - 1] if quote.line <= len(lines) else None
        if line != quote.text:
            yield Finding(
                severity=Severity.MAJOR,
                message=f"Line {quote.line} of the spec is quoted as {quote.text!r}; it reads "
                f"{line!r}. Quote it as it stands.",
            )


def _lost(requirements: Requirements, spec: str) -> Iterator[Finding]:
    """Lines nobody quotes, where reading the quotations alone gives another application."""
    told = [source for story in requirements.stories for source in story.sources]
    quoted = {quote.line for quote in (*requirements.definitions, *told)}
    missing = [
        (number, line)
        for number, line in enumerate(spec.split("\n"), start=1)
        if line.strip() and number not in quoted
    ]
    try:
        if read_requirements(requirements) == parse_spec(spec):
            return
    except SpecError as error:
        yield Finding(
            severity=Severity.BLOCKER,
            message=f"The quoted lines no longer say one application: {error.reason}",
        )
    for number, line in missing:
        yield Finding(
            severity=Severity.BLOCKER,
            message=f"Line {number} of the spec ({line.strip()}) is quoted nowhere: no story "
            "rests on it, and later stages will not know of it.",
        )


def _repeated_ids(requirements: Requirements) -> Iterator[Finding]:
    ids = Counter(story.id for story in requirements.stories)
    ids += Counter(c.id for story in requirements.stories for c in story.criteria)
    for ident, count in ids.items():
        if count > 1:
            yield Finding(
                severity=Severity.MAJOR,
                message=f"{ident} stands for {count} different things; give each its own id.",
                criterion=ident,
            )


def _vague(requirements: Requirements) -> Iterator[Finding]:
    for story in requirements.stories:
        for criterion in story.criteria:
            found = _VAGUE.search(criterion.then)
            # Words in back quotes are data or literal output, not a promise.
            if found and found.start() not in _quoted_places(criterion.then):
                yield Finding(
                    severity=Severity.MAJOR,
                    message=f"{criterion.id} says {found[0]!r}, which nobody can test. Say what "
                    "is seen: a value, a text, an exit code.",
                    criterion=criterion.id,
                )


def _quoted_places(text: str) -> set[int]:
    return {place for match in re.finditer(r"`[^`]*`", text) for place in range(*match.span())}


# -- acceptance tests ----------------------------------------------------------------------------


def review_suite(suite: AcceptanceSuite, requirements: Requirements) -> list[Finding]:
    """Tests that cannot run or cannot fail, and criteria nobody tests."""
    findings: list[Finding] = []
    trees: dict[str, ast.Module] = {}
    for file in suite.files:
        if not file.path.endswith(".py"):
            continue
        try:
            trees[file.path] = ast.parse(file.content, file.path)
        except (SyntaxError, ValueError) as error:
            findings.append(
                Finding(
                    severity=Severity.BLOCKER,
                    message=f"Python cannot read it: {getattr(error, 'msg', error)}.",
                    file=file.path,
                    line=getattr(error, "lineno", None),
                )
            )
    checkers = _checkers(trees)
    for path, tree in trees.items():
        findings += _toothless(path, tree, checkers)
    return [*findings, *_untrue_covers(suite, trees), *_uncovered(suite, requirements)]


def _checkers(trees: dict[str, ast.Module]) -> set[str]:
    """Names of functions and methods that can fail a test, directly or through another one."""
    bodies: dict[str, list[ast.AST]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                bodies.setdefault(node.name, []).append(node)
    failing = {"fail", "raises"}
    while True:
        more = {
            name
            for name, nodes in bodies.items()
            if name not in failing and any(_can_fail(node, failing) for node in nodes)
        }
        if not more:
            return failing
        failing |= more


def _can_fail(node: ast.AST, failing: set[str]) -> bool:
    return any(
        isinstance(inner, ast.Assert | ast.Raise)
        or (isinstance(inner, ast.Call) and _called(inner) in failing)
        for inner in ast.walk(node)
    )


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _tests(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    ]


def _toothless(path: str, tree: ast.Module, checkers: set[str]) -> Iterator[Finding]:
    if not path.rsplit("/", 1)[-1].startswith("test_"):
        return
    for test in _tests(tree):
        if not _can_fail(test, checkers):
            yield Finding(
                severity=Severity.MAJOR,
                message=f"{test.name} asserts nothing: it passes on any program.",
                file=path,
                line=test.lineno,
            )
        if any(isinstance(node, ast.Try) and _swallows(node) for node in ast.walk(test)):
            yield Finding(
                severity=Severity.MAJOR,
                message=f"{test.name} catches what would fail it, and goes on.",
                file=path,
                line=test.lineno,
            )


def _swallows(node: ast.Try) -> bool:
    return any(all(isinstance(s, ast.Pass | ast.Continue) for s in h.body) for h in node.handlers)


def _untrue_covers(suite: AcceptanceSuite, trees: dict[str, ast.Module]) -> Iterator[Finding]:
    names = Counter(test.name for tree in trees.values() for test in _tests(tree))
    for name, count in names.items():
        if count > 1:
            yield Finding(
                severity=Severity.MAJOR,
                message=f"{count} tests are called {name}; results cannot be told apart.",
            )
    for name in suite.covers:
        if name not in names:
            yield Finding(
                severity=Severity.MAJOR, message=f"covers names {name}, which is no test."
            )


def _uncovered(suite: AcceptanceSuite, requirements: Requirements) -> Iterator[Finding]:
    known = {c.id for story in requirements.stories for c in story.criteria}
    covered = {ident for ids in suite.covers.values() for ident in ids}
    for ident in sorted(known - covered):
        yield Finding(severity=Severity.MAJOR, message=f"No test checks {ident}.", criterion=ident)
    for ident in sorted(covered - known):
        yield Finding(
            severity=Severity.MINOR, message=f"covers names {ident}, which is no criterion."
        )
