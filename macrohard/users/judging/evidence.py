"""What a trial leaves on disk, for people and for judging it again.

``scenario.json``, ``verdict.json`` (``null`` when none was handed in) and ``tape.json`` are what
the judge reads; ``result.json`` is what it said; ``transcript.txt`` is for reading, and
``trial.cast`` for watching (``asciinema play trial.cast``).
"""

from pathlib import Path

from pydantic import TypeAdapter

from macrohard.users.base import Tape, TrialResult
from macrohard.users.cast import Cast
from macrohard.users.judging.judge import judge
from macrohard.users.judging.transcript import write_transcript
from macrohard.work import Scenario, Verdict

_MAYBE_VERDICT: TypeAdapter[Verdict | None] = TypeAdapter(Verdict | None)


def write_evidence(
    folder: Path, scenario: Scenario, verdict: Verdict | None, tape: Tape, cast: Cast | None = None
) -> TrialResult:
    """Judge a trial and write everything about it into a folder.

    Args:
        folder: Made when it is not there; files of an earlier trial in it are replaced.
        scenario: What was to be tried.
        verdict: What the user handed in, if anything.
        tape: What happened.
        cast: The recording, where the driver made one.

    Returns:
        The result, as in ``result.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    result = judge(scenario, verdict, tape)
    files = {
        "scenario.json": scenario.model_dump_json(indent=1),
        "verdict.json": _MAYBE_VERDICT.dump_json(verdict, indent=1).decode(),
        "tape.json": tape.model_dump_json(indent=1),
        "result.json": result.model_dump_json(indent=1),
        "transcript.txt": write_transcript(scenario, verdict, tape, result),
    }
    if cast is not None:
        files["trial.cast"] = cast.text()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return result


def judge_again(folder: Path) -> TrialResult:
    """Judge a trial from its folder.

    Raises:
        OSError: A file is missing.
        ValidationError: A file is not what :func:`write_evidence` wrote.
    """

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    return judge(
        Scenario.model_validate_json(read("scenario.json")),
        _MAYBE_VERDICT.validate_json(read("verdict.json")),
        Tape.model_validate_json(read("tape.json")),
    )
