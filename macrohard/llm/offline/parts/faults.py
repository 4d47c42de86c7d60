"""When the offline model errs, and how: decided by the seed, the item, the role and the round.

With a fault rate, the first writing of an item may carry one mistake. Half of the mistakes that can
be seen by tests are shared by the item's own tests (see :mod:`.misreading`). A repair may err too,
less with every round, so that a build comes to an end.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from macrohard.llm.offline.parts.compiled import Compiled
from macrohard.llm.offline.parts.fault_kinds import mistakes
from macrohard.llm.offline.parts.fault_text import Mistake
from macrohard.llm.offline.parts.handing import is_source
from macrohard.llm.offline.parts.source import hunks, pieces
from macrohard.llm.offline.scene import Scene
from macrohard.work import WorkItem

_SHARED = 0.5
"""Part of the mistakes that the author's own tests share."""
_LAYOUT = ("/output.py", "/__init__.py")
"""Files without a rule or a figure in them: how tables are padded is nobody's requirement."""


@dataclass(frozen=True)
class Slip:
    """A mistake that an item's first writing carries.

    Attributes:
        kind: Which mistake.
        path: The file it is in.
        piece: The function it is in.
        shared: Whether the author's own tests share it.
        files: The file with the mistake.
    """

    kind: str
    path: str
    piece: str
    shared: bool
    files: Mapping[str, str]


def slip_of(scene: Scene, item: WorkItem, compiled: Compiled) -> Slip | None:
    """The mistake in the first writing of an item, if it has one."""
    dice = _dice(scene, item)
    if dice.random() >= chance(scene.faults.rate, item.round):
        return None
    return slip_in({path: compiled.files[path] for path in item.files}, compiled, dice)


def slip_in(files: Mapping[str, str], compiled: Compiled, dice: random.Random) -> Slip | None:
    """One mistake in one of these files; None when they leave no room for any."""
    found = possible_mistakes(files, compiled)
    if not found:
        return None
    kind = dice.choice(sorted({mistake.kind for _, mistake in found}))
    path, mistake = dice.choice([entry for entry in found if entry[1].kind == kind])
    return Slip(
        kind=kind,
        path=path,
        piece=mistake.piece,
        shared=_can_be_shared(path, mistake, compiled) and dice.random() < _SHARED,
        files={path: mistake.made_in(files[path])},
    )


def _can_be_shared(path: str, mistake: Mistake, compiled: Compiled) -> bool:
    """Whether somebody else can find a mistake that its author's tests share.

    Code that does not parse convinces anybody. The exact edge of a named condition, and refusals
    that are no field's and no rule's, are looked at by the tests beside them alone: shared, such a
    mistake would be released.
    """
    name = mistake.piece.rsplit(".", 1)[-1]
    if mistake.kind == "off-by-one bound":
        return not name.startswith("is_")
    if mistake.kind == "forgotten rule":
        part = compiled.part_of(path)
        return part is not None and bool(part.kinds) and name.startswith(("parse_", "check_"))
    return mistake.kind != "syntax error"


def spoil(
    scene: Scene,
    item: WorkItem,
    current: Mapping[str, str],
    changed: Mapping[str, str],
    compiled: Compiled,
) -> dict[str, str]:
    """What a repair writes: what it should, or with a new mistake in one function it changed."""
    dice = _dice(scene, item)
    if dice.random() >= chance(scene.faults.rate, item.round):
        return dict(changed)
    found = [
        (path, mistake)
        for path, mistake in possible_mistakes(changed, compiled)
        if mistake.piece in _touched(current.get(path, ""), changed[path])
        and mistake.made_in(changed[path]) != current.get(path)
    ]
    if not found:
        return dict(changed)
    path, mistake = dice.choice(found)
    return dict(changed) | {path: mistake.made_in(changed[path])}


def chance(rate: float, round_: int) -> float:
    """How likely an item errs in a round: the rate, and ever less after the first round."""
    return rate * (rate / 2) ** (round_ - 1)


def possible_mistakes(files: Mapping[str, str], compiled: Compiled) -> list[tuple[str, Mistake]]:
    """Every mistake that can be made in the code among these files, with its path."""
    modules = _module_names(compiled.files)
    return [
        (path, mistake)
        for path, text in files.items()
        if is_source(path) and not path.endswith(_LAYOUT)
        for mistake in mistakes(text, modules)
    ]


def _touched(before: str, after: str) -> set[str]:
    if not before:
        return {piece.name for piece in pieces(after)}
    return {hunk.piece for hunk in hunks(before, after)}


def _module_names(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in paths
        if path.endswith(".py")
    )


def _dice(scene: Scene, item: WorkItem) -> random.Random:
    # Not for secrets: the same build must err in the same places again.
    return random.Random(f"{scene.faults.seed}|{item.id}|{item.role}|{item.round}")  # noqa: S311
