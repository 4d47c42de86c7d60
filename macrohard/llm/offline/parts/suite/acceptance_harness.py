"""Starts the program as a person would, and says what was typed, expected and seen.

Uses the standard library and pytest alone. It never imports the program, and looks at its data
file only from outside.
"""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

TIMEOUT_S = 30
DATABASE = "data.db"
SEEN_CHARS = 1200
STEPS_TOLD = 6


class Ran:
    """One start of the program."""

    def __init__(self, typed: str, code: int, out: str, err: str) -> None:
        self.typed, self.code, self.out, self.err = typed, code, out, err

    def __str__(self) -> str:
        told = [f"exit code {self.code}"]
        for name, text in (("standard output", self.out), ("standard error", self.err)):
            told.append(f"{name}: {_clip(text.rstrip()) or '(nothing)'}")
        return "\n".join(told)


class Examples:
    """The example records: made once by the program, then copied for each test.

    Args:
        folder: Where they are kept.
        commands: Command, answer, and content of the file ``@made.csv`` where one is imported.
        reads: Commands that together show all data.
    """

    def __init__(
        self, folder: Path, commands: Sequence[tuple[str, str, str]], reads: Sequence[str]
    ) -> None:
        self.folder, self.commands, self.reads = folder, commands, reads
        self.made = False
        self.trouble = ""

    def make(self, maker: "App") -> None:
        """Make them, or remember what went wrong."""
        self.made = True
        for command, line, text in self.commands:
            if text:
                maker.put("made.csv", text)
            ran = maker.run(command)
            if ran.code != 0 or ran.out != f"{line}\n":
                self.trouble = maker.evidence(ran, f"exit code 0 and exactly: {line}")
                return


class App:
    """The program with a data file and a folder of its own.

    Args:
        name: The package that is started with ``python -m``.
        folder: Where the data file and the files of one test are.
        examples: The example records.
    """

    def __init__(self, name: str, folder: Path, examples: Examples) -> None:
        self.name, self.folder, self.examples = name, folder, examples
        self.title = "the example records can be made"
        self.done: list[str] = []

    def begin(self, criterion: str, when: str, *, examples: bool) -> None:
        """Say what is checked, and put the example records into the data file."""
        self.title = f"{criterion} is not met, when {when}"
        if not examples:
            self.done.append("(no records at all)")
            return
        if not self.examples.made:
            self.examples.make(App(self.name, self.examples.folder, self.examples))
        if self.examples.trouble:
            pytest.fail(self.examples.trouble, pytrace=False)
        for path in self.examples.folder.glob(f"{DATABASE}*"):
            shutil.copy(path, self.folder / path.name)
        self.done.append("(the example records are there)")

    def says(self, command: str, line: str) -> None:
        """The command succeeds and prints exactly this line."""
        ran = self.run(command)
        if ran.code != 0 or ran.out != f"{self._placed(line)}\n" or ran.err:
            self.fail(ran, f"exit code 0 and exactly: {line}")

    def refuses(self, command: str, naming: str = "") -> None:
        """The command ends with one error line and exit code 2, and writes nothing.

        ``naming``: a record that the line must name.
        """
        before = self._data()
        ran = self.run(command)
        lines = ran.err.splitlines()
        if ran.code != 2 or ran.out or len(lines) != 1 or not re.match(r"error: \S", lines[0]):
            self.fail(ran, "it is refused: one line `error: …` on standard error, exit code 2")
        if naming and not re.search(rf"(?i)\b{re.escape(naming)}\b", lines[0]):
            self.fail(ran, f"the error line names {naming}")
        if before != self._data() and self._read_all(before) != self._read_all(self._data()):
            self.fail(ran, "nothing is written", "the records are other ones than before")

    def answers(
        self, command: str, value: Any, loose: Sequence[str] = (), today: Sequence[str] = ()
    ) -> None:
        """The command prints this JSON; ``loose`` keys may hold anything, ``today`` ones now."""
        start = datetime.now()  # noqa: DTZ005 (the program has no zones)
        ran = self.run(command)
        wanted = f"exit code 0 and the JSON {json.dumps(value, ensure_ascii=False)}"
        if ran.code != 0 or ran.err:
            self.fail(ran, wanted)
        try:
            seen = json.loads(ran.out)
        except ValueError:
            self.fail(ran, wanted)
        for key in today:
            if not (isinstance(seen, dict) and _is_now(seen.get(key), start)):
                self.fail(ran, f"{key} is the current date or minute")
        ignored = (*loose, *today)
        if _without(seen, ignored) != _without(value, ignored):
            self.fail(ran, wanted, _difference(value, seen, ignored))

    def tells(
        self, command: str, rows: Sequence[Sequence[str]], absent: Sequence[str] = ()
    ) -> None:
        """The command prints, for each row, one line with its cells in this order."""
        ran = self.run(command)
        if ran.code != 0 or ran.err:
            self.fail(ran, "exit code 0 and a text for people")
        lines = [" ".join(line.split()) for line in ran.out.splitlines()]
        for row in rows:
            if not any(_in_order(line, row) for line in lines):
                self.fail(ran, f"one line with, in this order: {' | '.join(row)}")
        for text in absent:
            if text in ran.out:
                self.fail(ran, f"{text} is not there")

    def writes(self, command: str, line: str, name: str, rows: Sequence[Sequence[str]]) -> None:
        """The command succeeds, prints this line, and leaves a CSV file with these rows."""
        self.says(command, line)
        path = self.folder / name
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        seen = list(csv.reader(io.StringIO(text, newline="")))
        for place in range(max(len(rows), len(seen))):
            want = ",".join(rows[place]) if place < len(rows) else "the end of the file"
            got = ",".join(seen[place]) if place < len(seen) else "the end of the file"
            if want != got:
                self._stop(command, f"row {place + 1} of {name} is: {want}", got)

    def put(self, name: str, text: str) -> None:
        """Write a file into the test's folder; commands name it as ``@name``."""
        (self.folder / name).write_text(text, "utf-8", newline="")
        self.done.append(f"(the file {name} holds {text!r})")

    def run(self, command: str) -> Ran:
        """Start the program with a command, as typed into a shell."""
        return self._run_on(self.folder / DATABASE, command)

    def fail(self, ran: Ran, expected: str, remark: str = "") -> NoReturn:
        """End the test with evidence; it says nothing of the test's own text."""
        pytest.fail(self.evidence(ran, expected, remark), pytrace=False)

    def evidence(self, ran: Ran, expected: str, remark: str = "") -> str:
        """What was typed, expected and seen."""
        self.done = [step for step in self.done if step != f"$ {ran.typed}"]
        told = [self.title, f"$ {ran.typed}", f"expected: {_clip(expected)}", f"seen: {ran}"]
        if remark:
            told.append(f"difference: {remark}")
        if self.done:
            told += ["done before:", *self.done[-STEPS_TOLD:]]
        return "\n".join(told)

    def _stop(self, command: str, expected: str, seen: str) -> NoReturn:
        told = [self.title, f"$ {self._shown(command)}", f"expected: {expected}", f"seen: {seen}"]
        pytest.fail("\n".join([*told, "done before:", *self.done[-STEPS_TOLD:]]), pytrace=False)

    def _run_on(self, database: Path, command: str) -> Ran:
        words = [self._placed(word) for word in shlex.split(command)]
        root = os.environ.get("MACROHARD_APP", ".")
        try:
            done = subprocess.run(
                [sys.executable, "-m", self.name, "--db", str(database), *words],
                cwd=root,
                env={**os.environ, "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._stop(command, "an answer", f"none within {TIMEOUT_S} seconds")
        out, err = (part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
        if done.returncode == 0 and database.parent == self.folder:
            self.done.append(f"$ {self._shown(command)}")
        return Ran(self._shown(command), done.returncode, out, err)

    def _environment(self) -> dict[str, str]:
        """Compiled modules are kept beside the examples, out of the program's own folder."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        cache = str(self.examples.folder / "bytecode")
        return {**kept, "PYTHONPYCACHEPREFIX": cache, "PYTHONUTF8": "1"}

    def _placed(self, text: str) -> str:
        """A text with ``@file.csv`` as the path of that file."""
        return re.sub(r"(?<!\S)@(?=\w+\.csv\b)", lambda _: f"{self.folder}{os.sep}", text)

    def _shown(self, command: str) -> str:
        return f"python -m {self.name} --db {DATABASE} {command}"

    def _data(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob(f"{DATABASE}*")}

    def _read_all(self, data: dict[str, bytes]) -> list[str]:
        """All records as the program shows them, read from a copy of its data."""
        twin = self.folder / "twin"
        shutil.rmtree(twin, ignore_errors=True)
        twin.mkdir()
        for name, content in data.items():
            (twin / name).write_bytes(content)
        return [self._run_on(twin / DATABASE, command).out for command in self.examples.reads]


def _clip(text: str) -> str:
    if len(text) <= SEEN_CHARS:
        return text
    half = SEEN_CHARS // 2
    return f"{text[:half]} … {text[-half:]}"


def _in_order(line: str, cells: Sequence[str]) -> bool:
    """Whether the cells stand in a line in this order, each by itself."""
    parts = (rf"(?<![\w.:-]){re.escape(' '.join(cell.split()))}(?![\w:-])" for cell in cells)
    return re.search(".*?".join(parts), line) is not None


def _without(value: Any, keys: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if key not in keys}
    if isinstance(value, list):
        return [_without(part, keys) for part in value]
    return value


def _difference(wanted: Any, seen: Any, ignored: Sequence[str], where: str = "") -> str:
    """The first place where two documents differ."""
    if isinstance(wanted, list) and isinstance(seen, list):
        if len(wanted) != len(seen):
            return f"{where or 'the list'} has {len(seen)} entries, not {len(wanted)}"
        for place, (one, other) in enumerate(zip(wanted, seen, strict=True)):
            if _without(one, ignored) != _without(other, ignored):
                return _difference(one, other, ignored, f"{where}[{place}]")
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key in dict.fromkeys([*wanted, *seen]):
            if key in ignored or (key in wanted and key in seen and wanted[key] == seen[key]):
                continue
            if key not in seen or key not in wanted:
                return f"{where} {'has no' if key in wanted else 'should not have'} {key}".strip()
            return _difference(wanted[key], seen[key], ignored, f"{where} {key}".strip())
    return f"{where} is {json.dumps(seen)}, not {json.dumps(wanted)}".strip()


def _is_now(value: Any, start: datetime) -> bool:
    """Whether a value is the date or minute in which the command ran."""
    moments = (start, datetime.now())  # noqa: DTZ005 (the program has no zones)
    minute = timedelta(minutes=1)
    forms = [f"{moment:%Y-%m-%d}" for moment in moments]
    forms += [f"{moment + way * minute:%Y-%m-%d %H:%M}" for moment in moments for way in (-1, 0, 1)]
    return value in forms
