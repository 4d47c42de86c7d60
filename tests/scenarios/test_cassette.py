"""A run is recorded, and played back without a model: same app, tests and users run for real."""

import gzip
import json
from pathlib import Path

import pytest
from support.builds import TINY, record, tree

from macrohard import build
from macrohard.errors import ModelError, UsageError
from macrohard.llm.cassette import CassetteModel, steady


@pytest.fixture(scope="module")
def taped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("taped")
    spec = folder / "tea.md"
    spec.write_text(TINY)
    build(spec, out=folder / "run", faults=0.5, seed=1, record=folder / "tea.tape")
    return spec, folder / "run", folder / "tea.tape"


def test_a_replay_gives_the_same_app(taped: tuple[Path, Path, Path], tmp_path: Path) -> None:
    spec, run, tape = taped
    again = build(spec, out=tmp_path / "run", model=f"replay:{tape}")
    assert again.status == record(run)["status"]
    assert tree(again.run_dir) == tree(run)
    assert again.rounds == record(run)["round"]
    assert again.satisfied == record(run)["satisfied"] > 0
    assert again.cost.calls == record(run)["cost"]["calls"]
    # A hundred calls take 2 MB in the run; on the tape they stay small.
    assert tape.stat().st_size < 250_000


def test_the_first_request_that_differs_ends_a_replay_with_a_diff(
    taped: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    _, _, tape = taped
    other = tmp_path / "coffee.md"
    other.write_text(TINY.replace("Know which teas there are.", "Know which teas are left."))
    with pytest.raises(ModelError) as caught:
        build(other, out=tmp_path / "run", model=f"replay:{tape}")
    said = str(caught.value)
    assert "role intake-analyst" in said
    assert "-Know which teas there are." in said
    assert "+Know which teas are left." in said


def test_a_replay_is_played_by_the_roles_of_the_recording(
    taped: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    spec, _, tape = taped
    header, *rows = gzip.decompress(tape.read_bytes()).split(b"\n")
    # A roster of today would tell the staffing manager of other roles than the recorded one did.
    told = json.loads(header)
    staffed = next(role for role in told["roles"] if role["name"] == "technical-writer")
    staffed["description"] = "Writes what people read."
    other = tmp_path / "other.tape"
    other.write_bytes(gzip.compress(b"\n".join([json.dumps(told).encode(), *rows]), mtime=0))
    with pytest.raises(ModelError, match="role staffing-manager"):
        build(spec, out=tmp_path / "run", model=f"replay:{other}")


def test_recording_again_gives_the_same_bytes(
    taped: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    spec, _, tape = taped
    second = tmp_path / "second.tape"
    build(spec, out=tmp_path / "run", faults=0.5, seed=1, record=second)
    first_rows, second_rows = (
        [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        for path in (tape, second)
    )
    calls = [{r["call"] for r in rows if "call" in r} for rows in (first_rows, second_rows)]
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        *(
            gzip.compress(rows, mtime=0)
            for rows in (b"", b"[]\n", b'{"v": 9}\n', b'{"v": 2}\n{"call": 1}\n')
        ),
    ],
    ids=["empty", "junk", "no rows", "a list", "another version", "a broken call"],
)
def test_what_is_no_cassette_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.tape"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"bad\.tape is"):
        CassetteModel(path)


def test_what_differs_from_run_to_run_is_taken_out() -> None:
    said = "Ran 5 tests in 0.012s at 0x7f3a21b0 in /tmp/x1/y on 2026-01-02 03:04:05"
    assert steady(said) == "Ran 5 tests in N s at 0xN in /tmp/N on TIME"
    assert (
        steady("total 12.50 in 3 groups on 2026-01-02") == "total 12.50 in 3 groups on 2026-01-02"
    )
