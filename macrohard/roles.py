"""Roles: who does the work. One Markdown file each, YAML front matter and a prompt.

A roster is the shipped roles, with those of one more folder laid over them by name. Every problem
is told with its file and line; a roster is only made of files without any.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from macrohard import work
from macrohard.config import STAGES, Tier
from macrohard.errors import RoleError
from macrohard.habits import Habits, read_habits
from macrohard.paths import agents_dir
from macrohard.role_checks import LEADS, Duty, ToolName, check_role_file
from macrohard.role_file import Problem, read_role_file

__all__ = [
    "STAGES",
    "Duty",
    "Role",
    "Roster",
    "Tier",
    "ToolName",
    "check_roles",
    "load_roles",
    "output_type",
]


class Role(BaseModel):
    """One role.

    Attributes:
        name: Also the name of its file.
        stage: Stage of the graph it works in.
        duty: What it is there for: leads and managers answer for a stage's output, the others
            are called as staffing and the work require.
        description: One line; the staffing manager chooses by it.
        output: Name of the noun in :mod:`macrohard.work` it hands in.
        tools: What it may use besides ``submit``.
        tier: Strength of the model it asks for.
        prompt: The system message, without the note that the agent loop adds.
        source: The file it was read from.
        habits: Of simulated users: what the machinery gives and takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    stage: str
    duty: Duty
    description: str
    output: str
    tools: tuple[ToolName, ...]
    tier: Tier
    prompt: str
    source: Path
    habits: Habits = Habits()


@dataclass(frozen=True)
class Roster:
    """Roles in order of stage, then name."""

    roles: tuple[Role, ...]

    def __iter__(self) -> Iterator[Role]:
        return iter(self.roles)

    def __len__(self) -> int:
        return len(self.roles)

    def get(self, name: str) -> Role:
        """The role of this name.

        Raises:
            RoleError: There is none; names the nearest.
        """
        for role in self.roles:
            if role.name == name:
                return role
        near = difflib.get_close_matches(name, [role.name for role in self.roles], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`macrohard agents list` has all."
        raise RoleError(f"there is no role {name!r}; {hint}")

    def lead(self, stage: str, output: str) -> Role:
        """The one role that answers for this output of this stage.

        Raises:
            RoleError: The graph knows no such lead.
        """
        needed = LEADS.get((stage, output))
        for role in self.roles:
            if (role.stage, role.output, role.duty) == (stage, output, needed):
                return role
        raise RoleError(f"no role leads stage {stage!r} with output {output!r}")

    def of(self, stage: str | None = None, duty: str | None = None) -> tuple[Role, ...]:
        """The roles of a stage, of a duty, or of both."""
        return tuple(
            role for role in self.roles if stage in {None, role.stage} and duty in {None, role.duty}
        )


def output_type(role: Role) -> type[work.Noun]:
    """The class of :mod:`macrohard.work` that a role hands in."""
    noun: type[work.Noun] = getattr(work, role.output)
    return noun


def load_roles(extra: Path | None = None) -> Roster:
    """The shipped roles, with those of ``extra`` added, or replacing one of the same name.

    Raises:
        RoleError: Something is wrong with a file or with the roster as a whole.
    """
    roster, problems = _collect(extra)
    if problems:
        more = len(problems) - 1
        tail = f" (and {more} more; `macrohard agents check` lists all)" if more else ""
        raise RoleError(f"{problems[0]}{tail}")
    return roster


def check_roles(extra: Path | None = None) -> list[str]:
    """Everything that is wrong with the roles, one line each; empty when nothing is."""
    return [str(problem) for problem in _collect(extra)[1]]


def _collect(extra: Path | None) -> tuple[Roster, list[Problem]]:
    """A roster of the sound files, and every problem found."""
    problems: list[Problem] = []
    found: dict[str, Role] = {}
    # A broken file still speaks for its name: without it, its lead would be told missing as well.
    broken: set[str] = set()
    for root in [agents_dir(), *([extra] if extra is not None else [])]:
        here: dict[str, Path] = {}
        for path in _role_paths(root, problems):
            if path.stem in here:
                message = f"the name {path.stem!r} is taken by {here[path.stem]}; rename one"
                problems.append(Problem(path, 1, message))
                continue
            here[path.stem] = path
            role = _read(path, root, problems)
            broken.discard(path.stem)
            if role is None:
                broken.add(path.stem)
            else:
                found[path.stem] = role
    roster = Roster(tuple(sorted(found.values(), key=lambda r: (STAGES.index(r.stage), r.name))))
    problems += _check_whole(roster, complete=not broken)
    return roster, problems


def _role_paths(root: Path, problems: list[Problem]) -> list[Path]:
    """The role files under a folder: every ``.md`` file but read-me files and hidden ones."""
    if not root.is_dir():
        problems.append(Problem(root, None, "is not a folder; --agents takes a folder of roles"))
        return []
    paths = [
        path
        for path in sorted(root.rglob("*.md"))
        if path.stem.lower() != "readme"
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not paths:
        problems.append(Problem(root, None, "holds no role file (NAME.md or STAGE/NAME.md)"))
    return paths


def _read(path: Path, root: Path, problems: list[Problem]) -> Role | None:
    """One role, or nothing and its problems."""
    file = read_role_file(path)
    wrong = file.problems or check_role_file(file, root)
    if wrong:
        problems += sorted(wrong, key=lambda problem: problem.line or 0)
        return None
    front = {key: field.value for key, field in file.fields.items()}
    habits = front.pop("habits", None)
    given = {
        key: field.value
        for key, field in (habits.items() if isinstance(habits, dict) else ())
        if isinstance(field.value, str | tuple)
    }
    return Role.model_validate(
        {**front, "prompt": file.prompt, "source": path, "habits": read_habits(given)}
    )


def _check_whole(roster: Roster, *, complete: bool) -> Iterator[Problem]:
    """Each lead exactly once; at least one of each crew that no build can do without."""
    for (stage, output), duty in LEADS.items():
        held = [r for r in roster if (r.stage, r.output, r.duty) == (stage, output, duty)]
        if len(held) > 1:
            first, *rest = held
            for other in rest:
                yield Problem(
                    other.source,
                    1,
                    f"{other.name!r} and {first.name!r} both lead {stage} with {output}; "
                    f"to replace a role, use its name ({first.source})",
                )
        elif not held and complete:
            yield Problem(
                agents_dir() / stage, None, f"no {duty} of stage {stage!r} hands in {output}"
            )
    for stage, duty in (("coding", "engineer"), ("integrate", "engineer"), ("users", "user")):
        if complete and not roster.of(stage, duty):
            yield Problem(agents_dir() / stage, None, f"stage {stage!r} has no {duty}")
