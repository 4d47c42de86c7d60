"""Rules that look at other records hold whatever is changed later: app and oracle agree."""

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.built_apps import app_of, build

from macrohard.llm.offline.dialect.ast import FieldType
from macrohard.llm.offline.dialect.sight import looks
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.world import World, stored_fields

YARD = """\
# Yard

## Data

### Plan
- cap: integer, required
- rate: integer, required

### Box
- plan: reference to plan
- opened: date, required
- room: integer, required
- parent: reference to box
- used = total weight of crates
- spare = room - used
- dues = total due of crates

### Crate
- box: reference to box, required
- plan: reference to plan
- came: date, required
- weight: integer, required
- due = weight * plan.rate
- house dues = box.dues

### Chip
- crate: reference to crate, required
- size: integer, required

## Features
- Add, list, show, edit and delete plans, boxes, crates and chips
- Import crates as CSV

## Rules
- Each crate: came is not before its box's opened.
- The spare of a box is never below 0.
- A crate that would take the dues of a box above 6 is refused.
- Each box: room is at most parent.room.
- Each box: room is at most plan.cap.
- Each chip: size is at most crate.house dues + 3.
- Each new chip: size is not 1.
- Deleting a box deletes its crates. Deleting a crate deletes its chips.
"""
"""Every way in which a rule can look at another record: through references, over those that refer
to it, over both, and at its own kind."""

APP = app_of(YARD)
NOW = datetime(2030, 6, 15)  # noqa: DTZ001 (the dialect has no zones)


def test_looks_are_found_along_every_path() -> None:
    found = {
        (look.owner, tuple((hop.via, hop.back) for hop in look.path), look.kind): set(look.fields)
        for look in looks(APP)
    }
    assert found == {
        ("crate", (("box", False),), "box"): {"opened"},
        ("box", (), "box"): {"room"},
        ("box", (("box", True), ("plan", False)), "plan"): {"rate"},
        ("box", (("parent", False),), "box"): {"room"},
        ("box", (("plan", False),), "plan"): {"cap"},
        ("chip", (("crate", False),), "crate"): {"box"},
        ("chip", (("crate", False), ("box", False), ("box", True)), "crate"): {
            "box",
            "weight",
            "plan",
        },
        ("chip", (("crate", False), ("box", False), ("box", True), ("plan", False)), "plan"): {
            "rate"
        },
    }


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str]], int]]:
    folder = str(build(YARD, tmp_path_factory.mktemp("yard")))
    sys.path.insert(0, folder)
    try:
        yield import_module("yard.cli").main
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "yard"]:
            del sys.modules[name]


KINDS = st.sampled_from(["plan", "box", "crate", "crate", "chip"])
VALUES = {
    FieldType.INTEGER: st.sampled_from(["0", "1", "2", "3", "5"]),
    FieldType.DATE: st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-03"]),
    FieldType.REFERENCE: st.sampled_from(["1", "2", "3"]),
}


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, str, int, dict[str, str]]:
    """Verb, kind, id, and what is typed."""
    verb = draw(st.sampled_from(["add", "add", "edit", "edit", "delete"]))
    kind = draw(KINDS)
    typed = {}
    for field in stored_fields(APP.kind(kind)):
        if draw(st.booleans()) if verb == "edit" or not field.required else True:
            typed[field.slug] = draw(VALUES[field.type])
    return verb, kind, draw(st.integers(1, 3)), {} if verb == "delete" else typed


def told(world: World, step: tuple[str, str, int, dict[str, str]]) -> str | None:
    """Why a step is refused as the oracle sees it; None when it is accepted."""
    verb, kind, number, typed = step
    try:
        if verb == "add":
            writing.add(world, kind, typed)
        elif verb == "edit":
            writing.edit(world, kind, number, typed)
        else:
            writing.delete(world, kind, number)
    except RefusedError as error:
        owner = error.problem.owner
        return f"{owner[0].lower()} {owner[1]} would" if owner else "error: "
    return None


START = (
    ("add", "plan", 1, {"cap": "5", "rate": "1"}),
    ("add", "box", 1, {"opened": "2024-01-01", "room": "5", "plan": "1"}),
    ("add", "box", 1, {"opened": "2024-01-02", "room": "3", "parent": "1"}),
    ("add", "crate", 1, {"box": "1", "came": "2024-01-02", "weight": "3", "plan": "1"}),
    ("add", "crate", 1, {"box": "1", "came": "2024-01-03", "weight": "1"}),
    ("add", "chip", 1, {"crate": "2", "size": "5"}),
)


@settings(
    deadline=None,
    max_examples=120,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tries=st.lists(steps(), min_size=4, max_size=12))
@example(tries=[("edit", "plan", 1, {"rate": "3"}), ("edit", "plan", 1, {"rate": "0"})])
@example(tries=[("edit", "box", 1, {"opened": "2024-01-03"}), ("edit", "box", 1, {"room": "2"})])
@example(tries=[("delete", "crate", 1, {}), ("edit", "crate", 1, {"box": "2"})])
@example(tries=[("edit", "plan", 1, {"cap": "3"}), ("add", "box", 1, {"room": "0"})])
def test_app_and_oracle_refuse_the_same_changes(
    main: Callable[[list[str]], int], tries: list[tuple[str, str, int, dict[str, str]]]
) -> None:
    world = World(APP, NOW)
    with tempfile.TemporaryDirectory() as folder:
        for step in [*START, *tries]:
            verb, kind, number, typed = step
            words = [kind, verb] if verb == "add" else [kind, verb, str(number)]
            words += [f"--{slug}={text}" for slug, text in typed.items()]
            errors = io.StringIO()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
                code = main(["--db", str(Path(folder) / "data.db"), *words])
            if verb == "edit" and not typed:
                continue
            reason = told(world, step)
            assert (code == 0) is (reason is None), (step, errors.getvalue(), reason)


def test_the_message_names_the_record_that_would_break_the_rule(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(line: str) -> str:
        main(["--db", str(tmp_path / "data.db"), *line.split()])
        said = capsys.readouterr()
        return said.err or said.out

    run("box add --opened 2024-01-01 --room 5")
    run("crate add --box 1 --came 2024-01-02 --weight 3")
    assert run("box edit 1 --opened 2024-01-03") == (
        "error: rule broken: Each crate: came is not before its box's opened "
        "(crate 1 would break it)\n"
    )
    assert run("box edit 1 --room 2") == (
        "error: rule broken: The spare of a box is never below 0 (spare of box 1 would be -1)\n"
    )
    assert run("box add --opened 2024-01-01 --room -1") == (
        "error: rule broken: The spare of a box is never below 0 (spare of box 2 would be -1)\n"
    )
    assert run("box edit 1 --opened 2024-01-02 --room 3") == "Changed box 1.\n"


def test_a_file_is_one_change_for_bounds_on_what_its_rows_refer_to(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = str(tmp_path / "data.db")
    main(["--db", database, "box", "add", "--opened", "2024-01-01", "--room", "5"])
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "box,came,weight\n1,2024-01-02,6\n1,2024-01-02,-2\n1,2024-01-02,1\n", encoding="utf-8"
    )
    assert main(["--db", database, "crate", "import", str(rows)]) == 0
    rows.write_text("box,came,weight\n1,2024-01-02,-1\n1,2024-01-02,2\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["--db", database, "crate", "import", str(rows)]) == 2
    assert "rows.csv, line 3: rule broken: The spare" in capsys.readouterr().err
