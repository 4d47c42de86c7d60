"""How a coder checks its work, and how it hands it in or gives it back."""

from collections.abc import Sequence

from macrohard.llm.offline.parts.tape import LOOK_COMMAND, Tape, bash, exit_code
from macrohard.llm.offline.scene import Action, Observed
from macrohard.work import Submission, WorkItem

MAX_TURNS = 12
"""Replies after which a coder gives the item back, with the reason."""
_TAIL_LINES = 12


def is_test(path: str) -> bool:
    """Whether a file holds unit tests."""
    return path.endswith(".py") and path.rsplit("/", 1)[-1].startswith("test_")


def is_source(path: str) -> bool:
    """Whether a file is code of the application itself, and not of its tests."""
    return path.endswith(".py") and "tests" not in path.split("/")[:-1] and not is_test(path)


def check_command(paths: Sequence[str]) -> str:
    """How files are checked: their unit tests, or else that their Python can be read."""
    tests = [path for path in paths if is_test(path)]
    if tests:
        names = " ".join(path.removesuffix(".py").replace("/", ".") for path in tests)
        return f"python -B -m unittest {names}"
    sources = [path for path in paths if path.endswith(".py")]
    if sources:
        code = "import ast, sys; [ast.parse(open(p).read(), p) for p in sys.argv[1:]]"
        # The suite runs, too, but decides nothing: an item without tests may come before any.
        suite = "[ ! -d tests ] || python -B -m unittest discover -q -s tests -t . 2>&1 | tail -n 3"
        return f"python -c '{code}' {' '.join(sources)}; code=$?; {suite}; exit $code"
    return f"ls -l {' '.join(paths)}"


def check(paths: Sequence[str]) -> Action:
    """Run the check of these files."""
    return bash(check_command(paths))


def checks_run(tape: Tape) -> tuple[Observed, ...]:
    """Every check that was run, in order."""
    return tuple(
        entry
        for entry in tape.observed
        if entry.tool == "bash" and entry.arguments.get("command") != LOOK_COMMAND
    )


def write(path: str, content: str) -> Action:
    """Write a whole file."""
    return Action("write_file", {"path": path, "content": content})


def out_of_turns(tape: Tape) -> str:
    """Why there is no going on, or nothing."""
    if tape.rejected():
        return f"the submission was sent back: {tape.rejected()}"
    return f"there is no end after {tape.turns} turns" if tape.turns >= MAX_TURNS else ""


def hand_in(item: WorkItem, tape: Tape, summary: str) -> Submission:
    """Submit, with what the last check said, whichever way it went."""
    runs = checks_run(tape)
    if not runs or exit_code(runs[-1]) != 0:
        summary += " The check does not pass; what it says is under tests_run."
    return Submission(
        summary=f"{item.title}: {summary}",
        files=tape.written(),
        tests_run=said(runs[-1] if runs else None),
    )


def give_back(item: WorkItem, tape: Tape, reason: str) -> Submission:
    """Submit an item that could not be done, saying why."""
    runs = checks_run(tape)
    return Submission(
        summary=f"{item.title}: not done, because {reason.strip().rstrip('.')}.",
        files=tape.written(),
        tests_run=said(runs[-1] if runs else None),
        done=False,
    )


def said(run: Observed | None) -> str:
    """What a check said: the command, how it ended, and its last lines."""
    if run is None:
        return "No check was run."
    lines = run.result.strip().splitlines()
    tail = lines if len(lines) <= _TAIL_LINES else [lines[0], "...", *lines[-_TAIL_LINES:]]
    return "\n".join([f"$ {run.arguments['command']}", *tail])
