"""Built apps at the edges of the contract: files, terminals, processes, bad input."""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.built_apps import DEPOT, LEDGER, build


class Program:
    """A built program with its own database."""

    def __init__(self, app: Path, name: str, folder: Path) -> None:
        self.app = app
        self.name = name
        self.database = folder / "data.db"

    def run(
        self, *arguments: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line, on a database of its own unless it names one."""
        own = () if "--db" in arguments else ("--db", str(self.database))
        return subprocess.run(
            [sys.executable, "-B", "-m", self.name, *own, *arguments],
            cwd=self.app,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(env or {})},
        )

    def says(self, *arguments: str) -> str:
        """Run a command line that must succeed."""
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), (arguments, done.stderr)
        return done.stdout

    def refuses(self, *arguments: str) -> str:
        """Run a command line that must be refused in one line."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), (arguments, done)
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        return done.stderr


@pytest.fixture(scope="module")
def ledger_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(LEDGER, tmp_path_factory.mktemp("ledger"))


@pytest.fixture(scope="module")
def depot_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(DEPOT, tmp_path_factory.mktemp("depot"))


@pytest.fixture
def ledger(ledger_app: Path, tmp_path: Path) -> Program:
    return Program(ledger_app, "pocket_ledger", tmp_path)


@pytest.fixture
def depot(depot_app: Path, tmp_path: Path) -> Program:
    return Program(depot_app, "depot", tmp_path)


def test_tenths_add_up(ledger: Program) -> None:
    for amount in ("0.1", "0.2"):
        ledger.says("entry", "add", "--sum", amount)
    assert ledger.says("entry", "total", "sum") == "0.30\n"
    assert json.loads(ledger.says("entry", "average", "sum", "--json")) == {"average": "0.15"}


def test_averages_round_half_up(ledger: Program) -> None:
    for amount in ("0.01", "0.02"):
        ledger.says("entry", "add", "--sum", amount)
    assert ledger.says("entry", "average", "sum") == "0.02\n"


def test_database_option_stands_in_either_place(ledger: Program, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    assert ledger.says("entry", "add", "--sum", "1", "--db", other) == "Added entry 1.\n"
    assert not ledger.database.exists()
    assert ledger.says("entry", "--db", other, "count") == "1\n"
    assert ledger.says("entry", "count") == "0\n"
    twice = ("--db", other, "entry", "count", "--db", other)
    assert "--db is given twice" in ledger.refuses(*twice)


def test_default_database_is_in_the_current_folder(ledger_app: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pocket_ledger", "entry", "add", "--sum", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ledger_app)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Added entry 1.\n"
    assert (tmp_path / "pocket_ledger.db").is_file()


def test_ids_are_never_used_again(ledger: Program) -> None:
    for _ in range(3):
        ledger.says("entry", "add", "--sum", "1")
    ledger.says("entry", "delete", "3")
    assert ledger.says("entry", "add", "--sum", "1") == "Added entry 4.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("entry",),
        ("entry", "frobnicate"),
        ("entry", "add"),
        ("entry", "add", "--sum"),
        ("entry", "add", "--sum", "0"),
        ("entry", "add", "--sum", "5000.01"),
        ("entry", "add", "--sum", "1", "--su", "2"),
        ("entry", "add", "--sum", "1", "--remark", "thirteen char"),
        ("entry", "add", "--sum", "1", "--remark", "\x1b[31mred"),
        ("entry", "add", "--sum", "1", "--day", "2023-02-29"),
        ("entry", "list", "--sort", "heading"),
        ("entry", "list", "--sort=-nothing"),
        ("entry", "list", "--heading", "nothing"),
        ("entry", "total", "remark"),
        ("entry", "total", "sum", "--by", "remark"),
        ("entry", "count", "sum"),
        ("entry", "edit", "1"),
        ("entry", "edit", "1", "--sum", "1"),
        ("entry", "show", "99999999999999999999"),
        ("entry", "import", "no such file.csv"),
        ("entry", "import", "."),
        ("entry", "export", "/no/such/folder/x.csv"),
        ("entry", "list", "--db", ""),
        ("entry", "list", "--db", "/no/such/folder/x.db"),
        ("entry", "list", "--db", "."),
    ],
    ids=str,
)
def test_mistakes_are_one_line_and_write_nothing(
    ledger: Program, arguments: tuple[str, ...]
) -> None:
    message = ledger.refuses(*arguments)
    assert "\x1b" not in message
    assert "usage" not in message
    assert ledger.says("entry", "list") == "No entries.\n"


def test_negative_numbers_are_values(ledger: Program) -> None:
    assert "at least 0.01" in ledger.refuses("entry", "add", "--sum", "-5")


def test_other_files_are_left_alone(ledger: Program) -> None:
    ledger.database.write_bytes(b"precious text that is no database at all\n" * 99)
    ledger.refuses("entry", "add", "--sum", "1")
    assert ledger.database.read_bytes() == b"precious text that is no database at all\n" * 99


def test_databases_of_other_programs_are_left_alone(ledger: Program) -> None:
    with sqlite3.connect(ledger.database) as connection:
        connection.execute('CREATE TABLE "entry" (id)')
    connection.close()
    assert "another program" in ledger.refuses("entry", "list")


def test_damaged_values_are_an_error(ledger: Program) -> None:
    ledger.says("entry", "add", "--sum", "1")
    with sqlite3.connect(ledger.database) as connection:
        connection.execute("""UPDATE "entry" SET "sum" = 'a lot'""")
    connection.close()
    assert "did not write" in ledger.refuses("entry", "list")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_databases_can_be_read(ledger: Program) -> None:
    ledger.says("entry", "add", "--sum", "1")
    ledger.database.chmod(0o444)
    ledger.database.parent.chmod(0o555)
    try:
        assert ledger.says("entry", "count") == "1\n"
        ledger.refuses("entry", "add", "--sum", "1")
    finally:
        ledger.database.parent.chmod(0o755)


def test_imports_are_all_or_nothing(ledger: Program, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"\xef\xbb\xbfsum,remark\r\n1.5,a\r\n2.5,\r\n")
    assert ledger.says("entry", "import", str(path)) == "Imported 2 entries.\n"
    path.write_text("sum,remark\n1,b\n0,c\n", encoding="utf-8")
    assert f"{path}, line 3: sum must be at least 0.01" in ledger.refuses(
        "entry", "import", str(path)
    )
    assert ledger.says("entry", "count") == "2\n"


def test_one_is_singular(ledger: Program, tmp_path: Path) -> None:
    ledger.says("entry", "add", "--sum", "1")
    path = str(tmp_path / "out.csv")
    assert ledger.says("entry", "export", path) == f"Exported 1 entry to {path}.\n"
    assert ledger.says("entry", "import", path) == "Imported 1 entry.\n"


def test_exports_come_back(ledger: Program, tmp_path: Path) -> None:
    ledger.says("entry", "add", "--sum", "7.5", "--remark", 'a "b", c', "--heading", "RENT")
    path = str(tmp_path / "out.csv")
    ledger.says("entry", "export", path)
    before = json.loads(ledger.says("entry", "list", "--json"))
    other = str(tmp_path / "other.db")
    ledger.says("entry", "import", path, "--db", other)
    assert json.loads(ledger.says("entry", "list", "--json", "--db", other)) == before


def test_the_database_is_no_place_for_an_export(ledger: Program) -> None:
    ledger.says("entry", "add", "--sum", "1")
    ledger.refuses("entry", "export", str(ledger.database))
    assert ledger.says("entry", "count") == "1\n"


def test_output_survives_a_poor_terminal(ledger: Program) -> None:
    ledger.says("entry", "add", "--sum", "1", "--remark", "größer")
    done = ledger.run("entry", "list", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "gr\\xf6\\xdfer" in done.stdout


def test_a_closed_pipe_is_quiet(ledger: Program) -> None:
    for _ in range(3):
        ledger.says("entry", "add", "--sum", "1")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-B", "-m", ledger.name, "--db", ledger.database, "entry", "list"],
            cwd=ledger.app,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_is_an_error(ledger: Program) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-B", "-m", ledger.name, "--db", ledger.database, "entry", "list"],
            cwd=ledger.app,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write the output")
    assert done.stderr.count("\n") == 1


def test_writers_wait_for_each_other(depot: Program) -> None:
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: depot.says("vendor", "add", "--name", f"V{n}"), range(6)))
    assert sorted(done) == [f"Added vendor {n}.\n" for n in range(1, 7)]


def test_help_names_everything(depot: Program) -> None:
    text = depot.says("--help")
    for word in ("vendor", "part", "move", "booking", "--db", "scarce"):
        assert word in text
    assert "--came-in" not in depot.says("part", "add", "--help")
    assert "at least 0" in depot.says("part", "add", "--help")


def test_deletes_say_what_went_along(depot: Program) -> None:
    depot.says("part", "add", "--name", "bolt", "--price", "1")
    depot.says("move", "add", "--part", "1", "--way", "in", "--pieces", "3")
    depot.says("move", "add", "--part", "1", "--way", "OUT", "--pieces", "1")
    assert depot.says("part", "delete", "1") == "Deleted part 1 and 2 moves.\n"
    assert depot.says("move", "list") == "No moves.\n"


def test_bounds_hold_over_every_change(depot: Program) -> None:
    depot.says("part", "add", "--name", "bolt", "--price", "1")
    depot.says("part", "add", "--name", "nut", "--price", "1")
    depot.says("move", "add", "--part", "1", "--way", "in", "--pieces", "3")
    depot.says("move", "add", "--part", "1", "--way", "out", "--pieces", "3")
    for change in (
        ("move", "add", "--part", "1", "--way", "out", "--pieces", "1", "--moved-on", "2024-01-01"),
        ("move", "edit", "2", "--pieces", "4"),
        ("move", "edit", "1", "--part", "2"),
        ("move", "edit", "1", "--way", "out", "--moved-on", "2024-01-01"),
        ("move", "delete", "1"),
    ):
        message = depot.refuses(*change)
        assert "A move that would take the balance of a part below 0 is refused" in message
    shown = json.loads(depot.says("part", "show", "1", "--json"))
    assert (shown["balance"], shown["marks"]) == (0, [])


def test_references_are_shown_with_their_names(depot: Program) -> None:
    depot.says("vendor", "add", "--name", "Ann & Co")
    depot.says("part", "add", "--name", "bolt", "--price", "1", "--vendor", "1")
    assert "vendor: 1 Ann & Co\n" in depot.says("part", "show", "1")
    assert "vendor name: Ann & Co\n" in depot.says("part", "show", "1")
    assert json.loads(depot.says("part", "show", "1", "--json"))["vendor"] == 1
    grouped = json.loads(depot.says("part", "min", "price", "--by", "vendor", "--json"))
    assert grouped == [{"vendor": 1, "min": "1.00"}]
    assert "1 Ann & Co" in depot.says("part", "min", "price", "--by", "vendor")


def test_a_division_by_nothing_is_empty(depot: Program) -> None:
    depot.says("part", "add", "--name", "bolt", "--price", "0")
    depot.says("move", "add", "--part", "1", "--way", "in", "--pieces", "3")
    shown = json.loads(depot.says("move", "show", "1", "--json"))
    assert (shown["cost"], shown["share"]) == ("0.00", None)
