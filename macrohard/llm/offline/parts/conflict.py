"""How an integration engineer resolves a conflict: files are written as they belong."""

from macrohard.llm.offline.parts.compiled import Compiled
from macrohard.llm.offline.parts.handing import (
    check,
    give_back,
    hand_in,
    out_of_turns,
    write,
)
from macrohard.llm.offline.parts.tape import LOOK_COMMAND, Tape, bash, read
from macrohard.llm.offline.scene import Answer, Scene
from macrohard.work import WorkItem

_OURS, _SPLIT, _THEIRS = "<<<<<<< ", "=======", ">>>>>>> "


def resolve(scene: Scene, item: WorkItem, compiled: Compiled) -> Answer:
    """The next step of a conflict item."""
    tape = Tape.of(scene)
    if reason := out_of_turns(tape):
        return give_back(item, tape, reason)
    if tape.listing() is None:
        named = _named(scene, item, compiled)
        return [bash(LOOK_COMMAND), *map(read, named)]
    marked = {path: text for path, text in tape.contents().items() if has_markers(text)}
    tried = any(entry.tool == "write_file" for entry in tape.observed)
    if marked and not tried:
        writes = [
            write(path, compiled.files.get(path) or keep_both(text))
            for path, text in marked.items()
        ]
        return [*writes, check(_tests(item, marked, compiled) or list(marked))]
    if marked or not tried:
        reason = "could not be written" if marked else "no conflict marker stands in its files"
        return give_back(item, tape, f"{', '.join(marked)} {reason}".strip())
    return hand_in(item, tape, f"resolved {', '.join(tape.written())}.")


def has_markers(text: str) -> bool:
    """Whether a text holds a conflict as git marks it."""
    lines = text.splitlines()
    return any(line.startswith(_OURS) for line in lines) and any(
        line.startswith(_THEIRS) for line in lines
    )


def keep_both(text: str) -> str:
    """A text without the markers: both sides, the base of a three-way conflict left out."""
    kept: list[str] = []
    in_base = False
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        if bare.startswith(_OURS):
            continue
        if bare.startswith("||||||| "):
            in_base = True
        elif bare == _SPLIT:
            in_base = False
        elif not bare.startswith(_THEIRS) and not in_base:
            kept.append(line)
    return "".join(kept)


def _named(scene: Scene, item: WorkItem, compiled: Compiled) -> list[str]:
    """The files the item is about, and any other file of ours that the conflict names."""
    text = scene.documents.get("conflict", "")
    return list(dict.fromkeys([*item.files, *(p for p in compiled.files if p in text)]))


def _tests(item: WorkItem, marked: dict[str, str], compiled: Compiled) -> list[str]:
    near = {test for path in marked for test in compiled.tests_of(path)}
    return [path for path in compiled.files if path in near or path in item.files]
