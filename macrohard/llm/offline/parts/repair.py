"""How a repair engineer works: from the evidence to the place, and only there.

The defects' evidence names files, lines, functions, criteria and commands. What they point at is
read and compared, function by function, with what the requirements ask for. When nothing differs
there, the view is widened once, to the files around. When nothing differs there either, the item is
given back with that finding: better than a change nobody asked for.
"""

import re
from collections.abc import Sequence

from macrohard.llm.offline.parts.compiled import Compiled
from macrohard.llm.offline.parts.evidence import places
from macrohard.llm.offline.parts.faults import spoil
from macrohard.llm.offline.parts.handing import (
    check,
    checks_run,
    give_back,
    hand_in,
    out_of_turns,
    write,
)
from macrohard.llm.offline.parts.mending import (
    Focus,
    change,
    focus_on,
    put_right,
    whole,
)
from macrohard.llm.offline.parts.pointing import Pointed, point_all
from macrohard.llm.offline.parts.reading import read_nouns
from macrohard.llm.offline.parts.source import callers, changed_names, hunks, mend
from macrohard.llm.offline.parts.tape import (
    LOOK_COMMAND,
    Tape,
    bash,
    exit_code,
    read,
    read_in_ranges,
)
from macrohard.llm.offline.scene import Action, Answer, Observed, Scene
from macrohard.work import Defect, WorkItem

_CHECKS = 3
"""Failed checks after which the cause is taken to be elsewhere."""


def repair(scene: Scene, item: WorkItem, compiled: Compiled) -> Answer:
    """The next step of a repair item."""
    tape = Tape.of(scene)
    if reason := out_of_turns(tape):
        return give_back(item, tape, reason)
    pointed = point_all(read_nouns(scene, "defects", Defect), item.files, compiled)
    if tape.listing() is None:
        return [bash(LOOK_COMMAND), *map(read, _to_read(pointed, compiled))]
    if again := _cut_files(tape):
        return again
    runs = checks_run(tape)
    if not runs:
        return _first_change(scene, item, compiled, tape, pointed)
    return _after_check(item, compiled, tape, runs)


def _after_check(
    item: WorkItem, compiled: Compiled, tape: Tape, runs: Sequence[Observed]
) -> Answer:
    if not tape.written():
        return give_back(item, tape, f"no change could be made: {_refusal(tape)}")
    if exit_code(runs[-1]) != 0 and len(runs) < _CHECKS:
        current = tape.contents()
        changed = _from_check(runs[-1].result, current, tape.written(), compiled)
        if changed:
            return _apply(current, changed, compiled)
    refused = f" {_refusal(tape)}" if tape.failed_writes() else ""
    return hand_in(item, tape, f"changed {', '.join(tape.written())}.{refused}")


def _refusal(tape: Tape) -> str:
    return "; ".join(f"{entry.arguments['path']}: {entry.result}" for entry in tape.failed_writes())


def _to_read(pointed: Pointed, compiled: Compiled) -> list[str]:
    tests = [test for path in pointed.paths for test in compiled.tests_of(path)]
    return list(dict.fromkeys([*pointed.paths, *tests]))


def _cut_files(tape: Tape) -> list[Action]:
    again = [
        path
        for path in tape.cut()
        if not any(
            "start_line" in entry.arguments
            for entry in tape.observed
            if entry.arguments.get("path") == path
        )
    ]
    return [step for path in again for step in read_in_ranges(path)]


def _first_change(
    scene: Scene, item: WorkItem, compiled: Compiled, tape: Tape, pointed: Pointed
) -> Answer:
    """Change what differs where the evidence points, or else around it."""
    current = tape.contents()
    views = [pointer.views(current) for pointer in pointed.pointers]
    differing = [_first_that_differs(each, current, tape, compiled) for each in views]
    if not any(differing):
        differing = [_first_that_differs([whole(pointed.paths)], current, tape, compiled)]
    focuses = [focus for each in differing for focus in each]
    if not pointed.paths:
        return give_back(item, tape, "its evidence points at no file of the application")
    if not focuses:
        reason = (
            "the evidence points at nothing that differs from the requirements; compared, function "
            f"by function: {', '.join(pointed.paths)}"
        )
        return give_back(item, tape, reason)
    changed = put_right(focuses, current, compiled.files) | _missing(focuses, tape, compiled)
    changed = _with_tests(changed, current, compiled)
    return _apply(current, spoil(scene, item, current, changed, compiled), compiled)


def _first_that_differs(
    views: Sequence[tuple[Focus, ...]], current: dict[str, str], tape: Tape, compiled: Compiled
) -> tuple[Focus, ...]:
    for focuses in views:
        if put_right(focuses, current, compiled.files) or _missing(focuses, tape, compiled):
            return focuses
    return ()


def _missing(focuses: Sequence[Focus], tape: Tape, compiled: Compiled) -> dict[str, str]:
    """Files that are pointed at, belong to the application, and are not there."""
    there = tape.listing() or ()
    return {
        focus.path: compiled.files[focus.path]
        for focus in focuses
        if focus.path in compiled.files and focus.path not in there
    }


def _with_tests(
    changed: dict[str, str], current: dict[str, str], compiled: Compiled
) -> dict[str, str]:
    """The unit tests that belong to changed functions are restored with them."""
    tests = dict.fromkeys(test for path in changed for test in compiled.tests_of(path))
    lost = {
        test: hunks(current[test], compiled.files[test])
        for test in tests
        if test in current and test not in changed and current[test] != compiled.files[test]
    }
    if not lost:
        return changed
    names = {
        name
        for path, text in changed.items()
        for name in changed_names(current.get(path, ""), text)
    }
    using = callers(names, compiled.files)
    restored = dict(changed)
    for test, every in lost.items():
        ours = [hunk for hunk in every if using & set(re.findall(r"\w+", "".join(hunk.lines)))]
        if ours:
            restored[test] = mend(current[test], ours)
    return restored


def _from_check(
    output: str, current: dict[str, str], written: Sequence[str], compiled: Compiled
) -> dict[str, str]:
    """What a failed check shows to be wrong in the files that were touched."""
    focuses = focus_on(places(output, written), current)
    for tried in (focuses, whole(written)):
        changed = put_right(tried, current, compiled.files)
        if changed:
            return changed
    return {}


def _apply(current: dict[str, str], changed: dict[str, str], compiled: Compiled) -> list[Action]:
    actions = [
        step
        for path, text in changed.items()
        for step in (change(path, current[path], text) if path in current else [write(path, text)])
    ]
    tests = [test for path in changed for test in compiled.tests_of(path)]
    return [*actions, check(list(dict.fromkeys([*changed, *tests])))]
