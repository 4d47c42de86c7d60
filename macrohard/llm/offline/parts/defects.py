"""How failures become defects: the same thing said several times is one defect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from macrohard.llm.offline.parts.evidence import (
    ALSO_SEEN,
    failing_command,
    pieces_of,
    places,
    remark,
    symptom,
)
from macrohard.llm.offline.parts.handing import is_source, is_test
from macrohard.work import (
    Defect,
    Design,
    Failure,
    FailureSource,
    ItemKind,
    Module,
    Plan,
    Requirements,
    Severity,
)

_WEIGHT = {Severity.BLOCKER: 0, Severity.MAJOR: 1, Severity.MINOR: 2}
_EVIDENCE_CHARS = 12_000
"""Evidence kept for one defect: several whole failures, since repairs are found from it."""
_CROWD = 4
"""Failures whose tracebacks end in one file, from which on the file is one defect."""

Key = tuple[str, ...]


@dataclass(frozen=True)
class CodeMap:
    """The design, asked the questions triage has.

    Attributes:
        app: Name of the package.
        modules: Path to module.
        stories: Criterion id to story id.
        beside: Test file to the source files that the same work item wrote.
    """

    app: str
    modules: dict[str, Module]
    stories: dict[str, str]
    beside: dict[str, tuple[str, ...]]

    @staticmethod
    def of(requirements: Requirements, design: Design, plan: Plan) -> "CodeMap":
        """Map a design, and who wrote what."""
        return CodeMap(
            app=design.app,
            modules={module.path: module for module in design.modules},
            stories={c.id: story.id for story in requirements.stories for c in story.criteria},
            beside={
                path: tuple(filter(_has_code, item.files))
                for item in plan.items
                if item.kind is ItemKind.BUILD
                for path in item.files
                if is_test(path)
            },
        )

    def code_for(self, criteria: Sequence[str]) -> tuple[str, ...]:
        """The source files that serve these criteria and little else."""
        stories = {self.stories.get(c, c.split(".")[0]) for c in criteria}
        serving = [
            module
            for module in self.modules.values()
            if stories & set(module.stories) and _has_code(module.path)
        ]
        least = min((len(module.stories) for module in serving), default=0)
        return tuple(module.path for module in serving if len(module.stories) == least)

    def tested_by(self, test: str) -> tuple[str, ...]:
        """The source files a test file imports, and those that were written with it.

        Tests of whole programs import nothing of what they run.
        """
        module = self.modules.get(test)
        imported = tuple(filter(_has_code, module.depends_on)) if module else ()
        return tuple(dict.fromkeys([*imported, *self.beside.get(test, ())]))

    def tests_of(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The test files that import one of these files."""
        return tuple(
            module.path
            for module in self.modules.values()
            if is_test(module.path) and set(module.depends_on) & set(paths)
        )

    def neighbours(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The source files that these import, and those that import these."""
        near = [other for path in paths for other in self._depends(path)]
        near += [m.path for m in self.modules.values() if set(m.depends_on) & set(paths)]
        return tuple(dict.fromkeys(p for p in near if p not in paths and _has_code(p)))

    def _depends(self, path: str) -> tuple[str, ...]:
        module = self.modules.get(path)
        return module.depends_on if module else ()


def _has_code(path: str) -> bool:
    return is_source(path) and not path.endswith("__init__.py")


def defects_of(
    failures: Sequence[Failure], code: CodeMap, *, first: int = 1, round_: int = 1
) -> tuple[Defect, ...]:
    """The defects behind failures, those that matter most first, with ids from ``D<first>``."""
    groups = sorted(_group(failures, code), key=lambda group: min(map(_weight, group)))
    return tuple(
        _defect(group, code, f"D{first + index}", round_) for index, group in enumerate(groups)
    )


def keys_of(entry: Failure | Defect, code: CodeMap) -> frozenset[Key]:
    """What makes two failures the same: any key in common."""
    keys = {key for text in pieces_of(entry.evidence) for key in _keys_of_text(text, code)}
    if entry.criteria:
        keys.add(("criteria", *sorted(entry.criteria)))
    if not keys or entry.source is FailureSource.REVIEW:
        keys.add(("title", *sorted(entry.files), entry.title))
    return frozenset(keys)


def _keys_of_text(text: str, code: CodeMap) -> Iterator[Key]:
    wrong = symptom(text)
    inner = [place for place in places(text, code.modules) if place.line and is_source(place.path)]
    if inner and wrong:
        yield "place", inner[-1].path, inner[-1].function, wrong.split(":")[0]
    command = failing_command(text, code.app)
    wrong = wrong or remark(text)
    if command and wrong:
        yield "command", command.kind, command.verb, wrong


def located(entry: Failure, code: CodeMap) -> tuple[str, ...]:
    """The source files a failure points at: by traceback, by name, by criterion, in that order."""
    named = [place.path for place in places(entry.evidence, code.modules)]
    named += [path for path in entry.files if path in code.modules]
    sources = list(dict.fromkeys(filter(is_source, named)))
    if not sources:
        sources = [path for test in named if is_test(test) for path in code.tested_by(test)]
    if not sources and entry.criteria:
        sources = list(code.code_for(entry.criteria))
    others = [path for path in named if not is_source(path)]
    return tuple(dict.fromkeys([*sources, *others]))


def _group(failures: Sequence[Failure], code: CodeMap) -> list[list[Failure]]:
    keys = {failure.id: set(keys_of(failure, code)) for failure in failures}
    _mark_crowds(failures, keys)
    groups: list[tuple[set[Key], list[Failure]]] = []
    for failure in failures:
        joined, members = keys[failure.id], [failure]
        apart = []
        for other_keys, others in groups:
            if other_keys & joined:
                joined, members = joined | other_keys, [*others, *members]
            else:
                apart.append((other_keys, others))
        groups = [*apart, (joined, members)]
    return [members for _, members in groups]


def _mark_crowds(failures: Sequence[Failure], keys: dict[str, set[Key]]) -> None:
    ends: dict[str, list[str]] = {}
    for failure in failures:
        for key in keys[failure.id]:
            if key[0] == "place":
                ends.setdefault(key[1], []).append(failure.id)
    for path, crowd in ends.items():
        if len(crowd) >= _CROWD:
            for identifier in crowd:
                keys[identifier].add(("crowd", path))


def _defect(group: list[Failure], code: CodeMap, identifier: str, round_: int) -> Defect:
    ordered = sorted(group, key=_weight)
    head = ordered[0]
    return Defect(
        id=identifier,
        title=head.title,
        severity=head.severity,
        source=head.source,
        evidence=_evidence(ordered),
        criteria=tuple(dict.fromkeys(c for failure in ordered for c in failure.criteria)),
        files=tuple(dict.fromkeys(path for f in ordered for path in located(f, code))),
        failures=tuple(failure.id for failure in ordered),
        round=round_,
    )


def _evidence(group: list[Failure]) -> str:
    kept: list[str] = []
    for text in dict.fromkeys(failure.evidence for failure in group):
        if kept and sum(map(len, kept)) + len(text) > _EVIDENCE_CHARS:
            continue
        kept.append(text)
    left = len({failure.evidence for failure in group}) - len(kept)
    if left:
        kept.append(f"({left} more failures of the same kind.)")
    return ALSO_SEEN.join(kept)


def _weight(failure: Failure) -> tuple[int, bool]:
    """What orders failures: how much they matter, and at equal weight facts before opinions."""
    return _WEIGHT[failure.severity], failure.source is FailureSource.REVIEW
