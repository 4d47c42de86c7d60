"""The part that reviews: designs on paper, and written code with Python's own parser."""

from collections.abc import Sequence

from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.parts.compiled import compile_scene
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.parts.reviews_front import review_front
from macrohard.llm.offline.parts.static_checks import checks_for
from macrohard.llm.offline.parts.tape import LOOK_COMMAND, Tape, bash, read, read_in_ranges
from macrohard.llm.offline.scene import Action, Answer, Scene
from macrohard.work import Design, Finding, Requirements, Review, Severity

_FRONT_STAGES = ("requirements", "scenarios")


def review(scene: Scene) -> Answer:
    """Review what the stage of the request is about."""
    stage = scene.request.asker.stage
    if stage in _FRONT_STAGES:
        return review_front(scene)
    if stage == "design":
        design = read_noun(scene, "design", Design)
        requirements = read_noun(scene, "requirements", Requirements)
        return verdict(review_design(requirements, design, compile_scene(scene).app), "the design")
    return _review_code(scene)


def verdict(findings: Sequence[Finding], what: str) -> Review:
    """A review of these findings; it approves unless one of them holds a release."""
    holding = [finding for finding in findings if finding.severity is not Severity.MINOR]
    count = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
    return Review(
        approved=not holding,
        findings=tuple(findings),
        summary=f"Read {what}: {count}, {len(holding)} of which hold a release.",
    )


def review_design(requirements: Requirements, design: Design, app: App) -> list[Finding]:
    """What is wrong with a design: stories nobody serves, modules that hang, data left out."""
    return [
        *_unserved(requirements, design),
        *_dangling(design),
        *_cycles(design),
        *_missing_data(design, app),
    ]


def _unserved(requirements: Requirements, design: Design) -> list[Finding]:
    served = {story for module in design.modules for story in module.stories}
    known = {story.id for story in requirements.stories}
    findings = [
        Finding(
            severity=Severity.MAJOR,
            message=f"No module serves story {story.id} ({story.i_want}).",
            criterion=story.criteria[0].id,
        )
        for story in requirements.stories
        if story.id not in served
    ]
    findings += [
        Finding(
            severity=Severity.MAJOR,
            message=f"{module.path} serves story {story}, which the requirements do not have.",
            file=module.path,
        )
        for module in design.modules
        for story in module.stories
        if story not in known
    ]
    return findings


def _dangling(design: Design) -> list[Finding]:
    paths = [module.path for module in design.modules]
    findings = [
        Finding(
            severity=Severity.MAJOR,
            message=f"{path} is designed {paths.count(path)} times.",
            file=path,
        )
        for path in dict.fromkeys(paths)
        if paths.count(path) > 1
    ]
    findings += [
        Finding(
            severity=Severity.MAJOR,
            message=f"{module.path} depends on {other}, which is not designed.",
            file=module.path,
        )
        for module in design.modules
        for other in module.depends_on
        if other not in paths
    ]
    return findings


def _cycles(design: Design) -> list[Finding]:
    """The modules left over when those that wait for nothing are taken away again and again."""
    waits = {
        module.path: {other for other in module.depends_on if other != module.path}
        for module in design.modules
    }
    while free := [path for path, others in waits.items() if not others & waits.keys()]:
        for path in free:
            del waits[path]
    if not waits:
        return []
    names = ", ".join(waits)
    first = next(iter(waits))
    message = f"These modules depend on each other in a circle, or on one that does: {names}."
    return [Finding(severity=Severity.MAJOR, message=message, file=first)]


def _missing_data(design: Design, app: App) -> list[Finding]:
    entities = {entity.name: " ".join(entity.fields) for entity in design.data_model}
    findings = []
    for kind in app.kinds:
        if kind.name not in entities:
            findings.append(f"The data model has no {kind.name!r}.")
            continue
        fields = entities[kind.name].replace(":", " ").split()
        findings += [
            f"The data model of {kind.name!r} has no field {field.slug!r}."
            for field in kind.fields
            if field.slug not in fields
        ]
    return [Finding(severity=Severity.MAJOR, message=message) for message in findings]


def _review_code(scene: Scene) -> Answer:
    design = read_noun(scene, "design", Design)
    tape = Tape.of(scene)
    listing = tape.listing()
    designed = [module.path for module in design.modules if module.path.endswith(".py")]
    if listing is None:
        return [bash(LOOK_COMMAND), *map(read, designed)]
    unread = _unread(tape, listing)
    if unread:
        return unread
    files = {path: text for path, text in tape.contents().items() if path in listing}
    findings = [
        Finding(
            severity=Severity.BLOCKER,
            message=f"{path} is in the design and not in the tree.",
            file=path,
        )
        for path in designed
        if path not in listing
    ]
    for run_check in checks_for(scene.request.asker.role):
        findings += run_check(files)
    return verdict(findings, f"{len(files)} Python files")


def _unread(tape: Tape, listing: Sequence[str]) -> list[Action]:
    tried = tape.tried_to_read()
    wanted = [path for path in listing if path.endswith(".py") and path not in tried]
    actions = [read(path) for path in wanted]
    again = [path for path in tape.cut() if path in listing and not _read_in_ranges(tape, path)]
    return [*actions, *(action for path in again for action in read_in_ranges(path))]


def _read_in_ranges(tape: Tape, path: str) -> bool:
    return any(
        entry.tool == "read_file"
        and entry.arguments.get("path") == path
        and "start_line" in entry.arguments
        for entry in tape.observed
    )
