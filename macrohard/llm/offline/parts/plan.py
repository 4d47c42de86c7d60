"""The part that plans: pieces of work, who does them, and in which order."""

from collections.abc import Mapping, Sequence

from macrohard.llm.offline.appgen import Part
from macrohard.llm.offline.parts.compiled import Compiled, compile_scene, part_paths
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.scene import Scene
from macrohard.work import Design, Plan, Staffing, WorkItem

_STAND_INS = {
    "data-engineer": ("backend-engineer", "algorithms-engineer"),
    "algorithms-engineer": ("backend-engineer", "data-engineer"),
    "cli-engineer": ("tui-engineer", "backend-engineer"),
    "tui-engineer": ("cli-engineer", "backend-engineer"),
    "web-engineer": ("backend-engineer", "cli-engineer"),
    "technical-writer": ("cli-engineer", "backend-engineer"),
    "backend-engineer": ("data-engineer", "algorithms-engineer", "cli-engineer"),
}
"""Who can do the work of a role that is not on the team, nearest trade first."""


def write_plan(scene: Scene) -> Plan:
    """Plan the first round: one work item for each part of the design."""
    compiled = compile_scene(scene)
    design = read_noun(scene, "design", Design)
    staffing = read_noun(scene, "staffing", Staffing)
    return plan_of(compiled, design, staffing)


def plan_of(compiled: Compiled, design: Design, staffing: Staffing) -> Plan:
    """The plan we would hand in."""
    ids = {part.id: f"W{number}" for number, part in enumerate(compiled.parts, start=1)}
    shares = budget_shares([_size(compiled, part) for part in compiled.parts])
    team = tuple(assignment.role for assignment in staffing.team)
    items = tuple(
        _item(compiled, design, part, ids, staffed(part.role, team)).model_copy(
            update={"budget_share": share}
        )
        for part, share in zip(compiled.parts, shares, strict=True)
    )
    free = sum(1 for item in items if not item.depends_on)
    return Plan(
        items=items,
        rationale=f"{len(items)} items, {free} of which can start at once. An item holds modules "
        "that change together and their tests; it waits only for the items whose modules it "
        "imports. Shares of the budget follow the size of the work.",
    )


def staffed(role: str, team: Sequence[str]) -> str:
    """The role itself when it is on the team, else the nearest that is, else any engineer."""
    for candidate in (role, *_STAND_INS.get(role, ())):
        if candidate in team:
            return candidate
    engineers = [name for name in team if name.endswith("-engineer") and name not in _REPAIRERS]
    return engineers[0] if engineers else role


_REPAIRERS = ("repair-engineer", "integration-engineer")


def budget_shares(sizes: Sequence[int]) -> list[float]:
    """Shares in proportion to sizes, to four places, which add up to exactly 1."""
    whole = sum(sizes) or 1
    units = [int(size * _UNITS / whole) for size in sizes]
    units[units.index(max(units))] += _UNITS - sum(units)
    return [unit / _UNITS for unit in units]


_UNITS = 10_000


def _item(
    compiled: Compiled, design: Design, part: Part, ids: Mapping[str, str], role: str
) -> WorkItem:
    paths = part_paths(part)
    duties = {module.path: module for module in design.modules}
    stories = dict.fromkeys(
        story for path in paths if path in duties for story in duties[path].stories
    )
    return WorkItem(
        id=ids[part.id],
        title=part.title,
        role=role,
        description=_description(paths, design),
        stories=tuple(story.id for story in compiled.requirements.stories if story.id in stories),
        files=paths,
        depends_on=tuple(ids[other] for other in part.depends_on),
    )


def _description(paths: Sequence[str], design: Design) -> str:
    lines = ["Write these files, as the design describes them:"]
    for module in design.modules:
        if module.path in paths:
            lines.append(f"- {module.path}: {module.responsibility}")
            lines += [f"  - {entry}" for entry in module.interface]
    tests = [path for path in paths if path.rsplit("/", 1)[-1].startswith("test_")]
    if tests:
        lines.append(f"Unit tests ({', '.join(tests)}) must pass before the work is handed in.")
    return "\n".join(lines)


def _size(compiled: Compiled, part: Part) -> int:
    return sum(len(compiled.files[path]) for path in part_paths(part))
