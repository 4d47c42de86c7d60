"""Builds that a language model made are played back: code, tests and users run for real."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from support.builds import record

from macrohard import build

RECORDED = Path(__file__).parents[2] / "examples" / "recorded"


@dataclass(frozen=True)
class Ended:
    """How a recorded build ended."""

    status: str
    rounds: int
    satisfied: tuple[int, ...]
    """Satisfied simulated users by round."""
    scenarios: int
    acceptance: int
    calls: int


ENDED = {
    "minefield": Ended("released", 2, (3, 4), 4, 76, 44),
    "statements": Ended("released", 1, (3,), 3, 66, 27),
}


@pytest.mark.parametrize("name", sorted(ENDED))
def test_a_recorded_build_ends_as_it_did(name: str, tmp_path: Path) -> None:
    folder = RECORDED / name
    result = build(
        folder / "spec.md",
        out=tmp_path / "run",
        model=f"replay:{folder / 'build.tape'}",
        sandbox="process",
        allow_process_sandbox=True,
        rounds=3,
    )
    ended = ENDED[name]
    told = record(result.run_dir)
    assert (result.status, result.rounds) == (ended.status, ended.rounds)
    assert (result.satisfied, result.scenarios) == (ended.satisfied[-1], ended.scenarios)
    assert result.cost.calls == ended.calls
    assert [sum(t["satisfied"] for t in told["trials"] if t["round"] == number)
            for number in range(1, ended.rounds + 1)] == list(ended.satisfied)  # fmt: skip
    assert told["tests"]["acceptance"]["passed"] == ended.acceptance


def test_every_recorded_build_is_played_back() -> None:
    assert {path.parent.name for path in RECORDED.glob("*/build.tape")} == set(ENDED)
