"""Where the evidence of a defect points, from the narrowest reading to the widest."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from macrohard.llm.offline.parts.calls import Node, run_by
from macrohard.llm.offline.parts.compiled import Compiled, part_paths
from macrohard.llm.offline.parts.evidence import (
    Place,
    failing_command,
    pieces_of,
    places,
    telling_words,
)
from macrohard.llm.offline.parts.handing import is_source, is_test
from macrohard.llm.offline.parts.mending import Focus, called_by_tests, focus_on, whole
from macrohard.llm.offline.parts.source import MODULE
from macrohard.work import Defect


@dataclass(frozen=True)
class Pointer:
    """What one defect points at.

    Attributes:
        defect: The defect.
        named: Places the evidence names: tracebacks, files.
        told: Functions that the failing command runs and whose names say what the evidence says.
        run: All functions that the failing command runs.
        files: Files that serve the criteria, and those the defect names.
    """

    defect: Defect
    named: tuple[Place, ...]
    told: tuple[Focus, ...]
    run: tuple[Focus, ...]
    files: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that is pointed at in some reading."""
        focused = [focus.path for focus in self.run]
        return tuple(dict.fromkeys([*(p.path for p in self.named), *self.files, *focused]))

    def views(self, current: Mapping[str, str]) -> list[tuple[Focus, ...]]:
        """What to look at in the files as they are, narrow first."""
        named = focus_on(self.named, current)
        tests = [path for path in self.paths if is_test(path)]
        sources = [path for path in current if not is_test(path)]
        called = called_by_tests(named, tests, current, sources)
        return [(*named, *called), self.told, self.run, whole(self.files)]


@dataclass(frozen=True)
class Pointed:
    """What the defects of a repair point at.

    Attributes:
        pointers: One for each failure in the evidence of each defect.
        near: Files to look at when nothing differs there.
    """

    pointers: tuple[Pointer, ...]
    near: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that is looked at, the near ones last."""
        pointed = [path for pointer in self.pointers for path in pointer.paths]
        return tuple(dict.fromkeys([*pointed, *self.near]))


def point_all(defects: Iterable[Defect], item_files: Iterable[str], compiled: Compiled) -> Pointed:
    """Read the evidence of the defects of an item; around it are the neighbours and its files."""
    pointers = tuple(
        point(defect.model_copy(update={"evidence": text}), compiled)
        for defect in defects
        for text in pieces_of(defect.evidence)
    )
    pointed = dict.fromkeys(path for pointer in pointers for path in pointer.paths)
    near = [*compiled.neighbours(pointed), *item_files]
    return Pointed(
        pointers,
        tuple(p for p in dict.fromkeys(near) if p not in pointed and p in compiled.files),
    )


def point(defect: Defect, compiled: Compiled) -> Pointer:
    """Read the evidence of a defect."""
    named = places(defect.evidence, compiled.files)
    command = failing_command(defect.evidence, compiled.app.slug)
    nodes = run_by(command, compiled.files) if command else frozenset()
    words = _told(defect.evidence, compiled)
    told = {(path, name) for path, name in nodes if any(_speaks_of(name, word) for word in words)}
    files = [path for path in defect.files if path in compiled.files]
    files += [path for place in named for path in _written_with(place.path, compiled)]
    if not any(not is_test(path) for path in (*files, *(place.path for place in named))):
        stories = dict.fromkeys(criterion.split(".")[0] for criterion in defect.criteria)
        files += [path for story in stories for path in _specific(compiled, story)]
    return Pointer(
        defect=defect,
        named=named,
        told=_focuses(told, compiled),
        run=_focuses(nodes, compiled),
        files=tuple(dict.fromkeys(files)),
    )


def _written_with(test: str, compiled: Compiled) -> list[str]:
    """The code in the part of a test; tests of whole programs import nothing of what they run."""
    part = compiled.part_of(test) if is_test(test) else None
    return [path for path in part_paths(part) if is_source(path)] if part else []


def _told(evidence: str, compiled: Compiled) -> set[str]:
    """Slugs of the fields and conditions that the evidence speaks of."""
    text = telling_words(evidence)
    named = [(field.name, field.slug) for kind in compiled.app.kinds for field in kind.fields]
    named += [
        (condition.name, condition.slug)
        for kind in compiled.app.kinds
        for condition in kind.features.conditions
    ]
    return {
        slug.rstrip("_")
        for name, slug in named
        if any(re.search(rf"\b{re.escape(word)}\b", text) for word in {name.lower(), slug})
    }


def _speaks_of(name: str, slug: str) -> bool:
    return re.search(rf"(^|_){re.escape(slug)}(_|$)", name.lower()) is not None


def _focuses(nodes: Iterable[Node], compiled: Compiled) -> tuple[Focus, ...]:
    by_path: dict[str, set[str]] = {}
    for path, name in nodes:
        by_path.setdefault(path, set()).add(name)
    return tuple(
        Focus(path, frozenset(by_path[path] | _constants(by_path[path])))
        for path in compiled.files
        if path in by_path
    )


def _constants(names: set[str]) -> set[str]:
    """Constants stand between the functions of a file."""
    return {MODULE} if any(name.isupper() for name in names) else set()


def _specific(compiled: Compiled, story: str) -> Sequence[str]:
    serving = [p for p in compiled.files_of_story(story) if p.endswith(".py") and not is_test(p)]
    least = min((len(compiled.stories_of[path]) for path in serving), default=0)
    return [path for path in serving if len(compiled.stories_of[path]) == least]
