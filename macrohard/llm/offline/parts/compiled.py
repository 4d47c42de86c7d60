"""What the offline model would write for given requirements, and what each file serves.

Every part behind the requirements starts here: the requirements quote the lines of the spec, the
lines are read as the dialect, and the dialect is compiled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from macrohard.llm.offline.appgen import Part, generate, parts
from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.parts.reading import parse_noun, read_text
from macrohard.llm.offline.parts.requirements import read_requirements
from macrohard.llm.offline.parts.source import imported_files
from macrohard.llm.offline.scene import Scene
from macrohard.work import Requirements, Story


@dataclass(frozen=True)
class Compiled:
    """Requirements, the application they describe, and its files as we would write them.

    Attributes:
        requirements: What was read.
        app: The same as a tree.
        files: Path to content of the whole application, in the order of writing.
        parts: The pieces of work the application is cut into.
    """

    requirements: Requirements
    app: App
    files: Mapping[str, str]
    parts: tuple[Part, ...]

    @cached_property
    def imports(self) -> dict[str, tuple[str, ...]]:
        """For each file the other files of the application that it imports."""
        return {path: imported_files(path, self.files) for path in self.files}

    @cached_property
    def importers(self) -> dict[str, tuple[str, ...]]:
        """For each file the files that import it."""
        return {
            path: tuple(other for other in self.files if path in self.imports[other])
            for path in self.files
        }

    @cached_property
    def stories_of(self) -> dict[str, tuple[str, ...]]:
        """For each file the ids of the stories it serves.

        A file about some kinds serves the stories of these kinds; one about all serves every story.
        """
        return {path: self._stories_served(path) for path in self.files}

    def files_of_story(self, story: str) -> tuple[str, ...]:
        """The files that serve a story, those that serve fewest stories first."""
        serving = [path for path, stories in self.stories_of.items() if story in stories]
        return tuple(sorted(serving, key=lambda path: len(self.stories_of[path])))

    def neighbours(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The files that these import or that import these, without these."""
        given = tuple(paths)
        near = [
            other
            for path in given
            for other in (*self.imports.get(path, ()), *self.importers.get(path, ()))
        ]
        return tuple(dict.fromkeys(other for other in near if other not in given))

    def tests_of(self, path: str) -> tuple[str, ...]:
        """The unit tests that were written together with a file, or else those that import it."""
        part = self.part_of(path)
        near = part_paths(part) if part else ()
        tests = [other for other in near if _is_test(other)]
        return tuple(tests or (other for other in self.importers.get(path, ()) if _is_test(other)))

    def part_of(self, path: str) -> Part | None:
        """The piece of work that a file belongs to."""
        return next((part for part in self.parts if path in part_paths(part)), None)

    def _stories_served(self, path: str) -> tuple[str, ...]:
        stories = self.requirements.stories
        part = self.part_of(path)
        spoken = set(part.kinds) if part else set()
        if not spoken:
            return tuple(story.id for story in stories)
        return tuple(
            story.id
            for story in stories
            if not (kinds := self.kinds_of_story(story)) or kinds & spoken
        )

    def kinds_of_story(self, story: Story) -> set[str]:
        """Slugs of the kinds a story is about, found by the lines of the spec it rests on."""
        lines = {source.line for source in story.sources}
        return {slug for line, slug in _lines_of_kinds(self.app) if line in lines}


def compile_scene(scene: Scene) -> Compiled:
    """Compile the requirements of a request.

    Raises:
        ModelError: The request carries no requirements.
        SpecError: The requirements quote a line outside the dialect.
    """
    return _compile(read_text(scene, "requirements"))


@lru_cache(maxsize=2)
def _compile(text: str) -> Compiled:
    """Compile the document of that name.

    Every turn of every agent of a build asks for the same application, and compiling it is most of
    the work of a turn. The answer depends on the text alone, so remembering it changes nothing.
    """
    return compile_requirements(parse_noun(text, "requirements", Requirements))


def compile_requirements(requirements: Requirements) -> Compiled:
    """Compile requirements.

    Raises:
        SpecError: They quote a line outside the dialect.
    """
    app = read_requirements(requirements)
    return Compiled(
        requirements=requirements,
        app=app,
        files=generate(app),
        parts=tuple(parts(app)),
    )


def part_paths(part: Part) -> tuple[str, ...]:
    """The paths of a piece of work."""
    return tuple(file.path for file in part.files)


def _lines_of_kinds(app: App) -> Iterator[tuple[int, str]]:
    for kind in app.kinds:
        yield kind.line, kind.slug
        yield from ((field.line, kind.slug) for field in kind.fields)
        yield from ((line, kind.slug) for line in kind.features.lines.values())
        yield from ((entry.line, kind.slug) for entry in kind.features.aggregates)
        yield from ((entry.line, kind.slug) for entry in kind.features.conditions)
    for rule in app.rules:
        yield rule.line, rule.kind


def _is_test(path: str) -> bool:
    return path.endswith(".py") and path.rsplit("/", 1)[-1].startswith("test_")
