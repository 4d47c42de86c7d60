"""The unit tests of built apps notice the faults that people and models make."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.built_apps import DEPOT, LEDGER, ROOMS, app_of, run_unit_tests, write_files
from support.mutants import mutants

from macrohard.llm.offline.appgen import generate

FAULTS = [
    (LEDGER, "records/entry.py", '< Decimal("0.01")', '<= Decimal("0.01")'),
    (LEDGER, "records/entry.py", '> Decimal("5000', '>= Decimal("5000'),
    (LEDGER, "records/entry.py", "len(value) > 12", "len(value) > 13"),
    (LEDGER, "records/entry.py", '.get("heading", "Food")', '.get("heading", "rent")'),
    (LEDGER, "records/entry.py", "sum is required", "sum is needed"),
    (LEDGER, "reports/entry.py", "entry.sum > 100", "entry.sum >= 100"),
    (LEDGER, "reports/entry.py", "[:7]", "[:4]"),
    (LEDGER, "reports/entry.py", "average((entry.sum", "average((1"),
    (LEDGER, "reports/entry.py", "aggregates.smallest(", "aggregates.largest("),
    (LEDGER, "values.py", "+ Fraction(1, 2)", "+ Fraction(1, 3)"),
    (LEDGER, "values.py", '"yes": True', '"yes": False'),
    (LEDGER, "aggregates.py", "reverse=descending", "reverse=False"),
    (LEDGER, "csv_files.py", "len(cells) != len(header)", "len(cells) > len(header)"),
    (LEDGER, "cli.py", "return 2", "return 1"),
    (LEDGER, "schema.py", "AUTOINCREMENT", ""),
    (LEDGER, "commands/entry.py", 'f"Added entry', 'f"Added'),
    (LEDGER, "commands/entry.py", '"No entries."', '"Nothing."'),
    (DEPOT, "changes/move.py", "if balance < 0", "if balance < -1"),
    (DEPOT, "changes/booking.py", '"begin" < ?', '"begin" <= ?'),
    (DEPOT, "changes/booking.py", '"end" > ?', '"end" >= ?'),
    (DEPOT, "changes/booking.py", '"part" = ? AND ', ""),
    (DEPOT, "changes/booking.py", "booking.end > booking.begin", "booking.end >= booking.begin"),
    (DEPOT, "changes/vendor.py", "check_name_is_unique(connection, vendor)\n", "pass\n"),
    (DEPOT, "figures.py", '"way" = ?', '"way" <> ?'),
    (DEPOT, "figures.py", "came_in - went_out", "came_in + went_out"),
    (DEPOT, "figures.py", "* 100", "* 10"),
    (DEPOT, "schema.py", '(("move", "part", "part"),)', "()"),
    (DEPOT, "reports/part.py", "balance < part.least", "balance <= part.least"),
    (ROOMS, "records/meeting.py", ".days + 1", ".days"),
    (ROOMS, "records/meeting.py", "-3", "-2"),
    (ROOMS, "changes/meeting.py", "meeting.guests <= room.seats", "meeting.guests < room.seats"),
]


def related_tests(path: str) -> str:
    """The test files that look at a module most closely."""
    folder, _, stem = path.removesuffix(".py").rpartition("/")
    if folder in {"records", "changes", "reports", "commands"}:
        return f"test_{stem}_*.py"
    return "test*.py"


def with_fault(spec: str, path: str, old: str, new: str) -> tuple[str, dict[str, str]]:
    """The files of an app with a fault in one of them."""
    app = app_of(spec)
    files, full = generate(app), f"{app.slug}/{path}"
    return full, {**files, full: files[full].replace(old, new)}


@pytest.mark.parametrize(
    ("spec", "path", "old", "new"), FAULTS, ids=[f"{p}:{o}" for _, p, o, _ in FAULTS]
)
def test_fault_is_noticed(tmp_path: Path, spec: str, path: str, old: str, new: str) -> None:
    full, files = with_fault(spec, path, old, new)
    assert files[full] != generate(app_of(spec))[full], "the fault changes nothing"
    done = run_unit_tests(write_files(files, tmp_path), related_tests(path))
    assert done.returncode != 0


def modules_under_test(files: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Modules about one kind, and the pattern of their tests."""
    for path in files:
        _, _, rest = path.partition("/")
        folder, _, name = rest.rpartition("/")
        if folder in {"records", "changes", "reports"} and name != "__init__.py":
            yield path, related_tests(rest)
        elif rest == "figures.py":
            yield path, "test_figures.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("spec", [LEDGER, DEPOT, ROOMS], ids=["ledger", "depot", "rooms"])
def test_every_small_fault_is_noticed(tmp_path: Path, spec: str) -> None:
    files = generate(app_of(spec))
    folder = write_files(files, tmp_path)
    alive = []
    for path, pattern in modules_under_test(files):
        for about, faulty in mutants(files[path]):
            (folder / path).write_text(faulty, encoding="utf-8")
            if run_unit_tests(folder, pattern).returncode == 0:
                alive.append(f"{path}, {about}")
        (folder / path).write_text(files[path], encoding="utf-8")
    assert alive == []
