"""The part that codes: looks around, writes its files, runs their tests, repairs, hands in."""

from macrohard.llm.offline.parts.compiled import Compiled, compile_scene
from macrohard.llm.offline.parts.conflict import resolve
from macrohard.llm.offline.parts.evidence import places
from macrohard.llm.offline.parts.faults import Slip, slip_of
from macrohard.llm.offline.parts.handing import (
    check,
    checks_run,
    give_back,
    hand_in,
    is_test,
    out_of_turns,
    write,
)
from macrohard.llm.offline.parts.mending import called_by_tests, change, focus_on, put_right, whole
from macrohard.llm.offline.parts.misreading import adapt_tests
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.parts.repair import repair
from macrohard.llm.offline.parts.tape import LOOK_COMMAND, Tape, bash, exit_code, failed, read
from macrohard.llm.offline.scene import Action, Answer, Observed, Scene
from macrohard.work import ItemKind, WorkItem

_MENDS = 3
"""Failed checks of its own files after which a coder knows nothing better."""


def write_code(scene: Scene) -> Answer:
    """The next step of the work item of the request."""
    item = read_noun(scene, "item", WorkItem)
    compiled = compile_scene(scene)
    if item.kind is ItemKind.REPAIR:
        return repair(scene, item, compiled)
    if item.kind is ItemKind.CONFLICT:
        return resolve(scene, item, compiled)
    return build(scene, item, compiled)


def build(scene: Scene, item: WorkItem, compiled: Compiled) -> Answer:
    """The next step of an item that writes new files."""
    tape = Tape.of(scene)
    if reason := out_of_turns(tape) or _hopeless(item, compiled, tape):
        return give_back(item, tape, reason)
    if tape.listing() is None:
        return look(compiled, item)
    slip = slip_of(scene, item, compiled)
    missing = [path for path in item.files if path not in tape.written()]
    if missing:
        texts = {**compiled.files, **(slip.files if slip else {})}
        return [*(write(path, texts[path]) for path in missing), check(item.files)]
    wrote = f"wrote {', '.join(tape.written())}"
    runs = checks_run(tape)
    if exit_code(runs[-1]) == 0:
        return hand_in(item, tape, f"{wrote}.")
    actions = _mend(item, compiled, tape, slip, runs)
    if actions:
        return [*actions, check(item.files)]
    return hand_in(item, tape, f"{wrote}; the cause is not in them.")


def look(compiled: Compiled, item: WorkItem) -> list[Action]:
    """Look around, and read what the item builds on."""
    wanted = dict.fromkeys(
        other
        for path in item.files
        for other in compiled.imports.get(path, ())
        if other not in item.files and not other.endswith("__init__.py")
    )
    return [bash(LOOK_COMMAND), *map(read, wanted)]


def _mend(
    item: WorkItem, compiled: Compiled, tape: Tape, slip: Slip | None, runs: tuple[Observed, ...]
) -> list[Action]:
    """Changes that answer the last failed check; none when the item's files are as they should be.

    First what the evidence names, then, after a second failure, every file of the item.
    """
    if len(runs) > _MENDS:
        return []
    current = {path: text for path, text in tape.contents().items() if path in item.files}
    if slip and slip.shared and len(runs) == 1:
        adapted = adapt_tests(runs[0].result, current)
        if adapted:
            return _changes(current, adapted)
    tests = [path for path in item.files if is_test(path)]
    sources = [path for path in item.files if path.endswith(".py") and not is_test(path)]
    focuses = focus_on(places(runs[-1].result, item.files), current)
    called = called_by_tests(focuses, tests, current, sources)
    for tried in ((*focuses, *called), whole(item.files)):
        changed = put_right(tried, current, compiled.files)
        if changed:
            return _changes(current, changed)
    return []


def _changes(current: dict[str, str], changed: dict[str, str]) -> list[Action]:
    return [step for path, text in changed.items() for step in change(path, current[path], text)]


def _hopeless(item: WorkItem, compiled: Compiled, tape: Tape) -> str:
    """Why the item cannot be done at all, or nothing."""
    unknown = [path for path in item.files if path not in compiled.files]
    if unknown:
        return f"the requirements say nothing about {', '.join(unknown)}"
    refused = [entry for entry in tape.observed if entry.tool == "write_file" and failed(entry)]
    paths = [str(entry.arguments["path"]) for entry in refused]
    twice = [entry for entry in refused if paths.count(str(entry.arguments["path"])) > 1]
    return f"{twice[0].arguments['path']} cannot be written: {twice[0].result}" if twice else ""
