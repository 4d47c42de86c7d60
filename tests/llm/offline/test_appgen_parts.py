"""Parts do not share files, and each can be finished with what it depends on alone."""

from pathlib import Path

import pytest
from support.built_apps import DEPOT, SPECS, app_of, run_unit_tests, write_files

from macrohard.llm.offline.appgen import Part, generate, parts

ROLES = {"backend-engineer", "data-engineer", "cli-engineer", "technical-writer"}


def closure(wanted: Part, known: dict[str, Part]) -> list[Part]:
    """A part and all that it depends on."""
    names = [wanted.id]
    for name in names:  # grows while it is read
        names += [other for other in known[name].depends_on if other not in names]
    return [known[name] for name in names]


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_file_has_one_home(name: str) -> None:
    app = app_of(SPECS[name])
    paths = [file.path for part in parts(app) for file in part.files]
    assert sorted(paths) == sorted(generate(app))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_parts_come_after_what_they_need(name: str) -> None:
    seen: set[str] = set()
    for part in parts(app_of(SPECS[name])):
        assert set(part.depends_on) <= seen
        assert part.role in ROLES
        seen.add(part.id)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_each_part_passes_with_its_needs_alone(name: str, tmp_path: Path) -> None:
    app = app_of(SPECS[name])
    files, known = generate(app), {part.id: part for part in parts(app)}
    for part in known.values():
        wanted = [file.path for each in closure(part, known) for file in each.files]
        folder = write_files({path: files[path] for path in wanted}, tmp_path / part.id)
        own = [file.path for file in part.files if file.path.startswith("tests/test_")]
        for path in own:
            done = run_unit_tests(folder, Path(path).name)
            assert done.returncode == 0, (part.id, path, done.stderr[-2000:])


def test_kinds_can_be_written_side_by_side() -> None:
    known = {part.id: part for part in parts(app_of(DEPOT))}
    for one, other in (("records.part", "records.move"), ("kind.vendor", "kind.booking")):
        assert known[other] not in closure(known[one], known)
        assert known[one] not in closure(known[other], known)


def test_files_are_described_for_a_design() -> None:
    known = {file.path: file for part in parts(app_of(DEPOT)) for file in part.files}
    file = known["depot/changes/move.py"]
    assert file.responsibility == "Every change to moves, and the rules it must meet."
    assert any(line.startswith("add(connection: Connection, move:") for line in file.interface)
    assert {"depot/figures.py", "depot/records/move.py"} <= set(file.depends_on)
    assert "tests" not in {path.split("/", maxsplit=1)[0] for path in file.depends_on}


def test_kinds_named_like_parts_keep_their_own_parts() -> None:
    spec = "\n".join(
        ["# Clash", "", "## Data", ""]
        + [f"### {name}\n- name: text, required\n" for name in ("Frame", "Figure", "Doc")]
        + ["## Features", "- Add and list frames, figures and docs"]
    )
    found = parts(app_of(spec))
    assert len({part.id for part in found}) == len(found)
    assert {"kind.frame", "frame", "kind.doc", "docs"} <= {part.id for part in found}
