"""Starts the program's server, talks to it as browsers and programs do, and says what it saw.

Uses the standard library and pytest alone. It never imports the program.
"""

import csv
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from macrohard.llm.offline.parts.suite.acceptance_harness import (
    _clip,
    _difference,
    _is_now,
    _without,
)

TIMEOUT_S = 30
STEPS_TOLD = 6


class Server:
    """The program's server with a data file of its own.

    Args:
        name: The package that is started with ``python -m``.
        folder: Where its data is.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.database, self.kept = folder / "data.db", folder / "examples.db"
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.made = False
        self.trouble = ""

    def start(self) -> None:
        """Start it and learn its port."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.name, "serve", "--port", "0", "--db", str(self.database)],
            cwd=os.environ.get("MACROHARD_APP", "."),
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "errors.txt").open("w"),
            text=True,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            self.stop()
            errors = (self.folder / "errors.txt").read_text("utf-8", "replace")
            told = f"expected: a line with http://127.0.0.1:PORT\nseen: {line or errors}"
            pytest.fail(f"$ python -m {self.name} serve --port 0\n{told}", pytrace=False)
        self.port = int(found[1])

    def stop(self) -> int:
        """End it as a system does; its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code


class Seen:
    """One answer."""

    def __init__(self, asked: str, status: int, headers: Mapping[str, str], text: str) -> None:
        self.asked, self.status, self.headers, self.text = asked, status, headers, text

    def __str__(self) -> str:
        return f"status {self.status}\n{_clip(self.text.strip()) or '(nothing)'}"


class Client:
    """What programs and browsers have in common.

    Args:
        server: It runs.
        makes: How the example records are made: path, and the values of one record or a CSV text.
        reads: Addresses that together show all data.
    """

    def __init__(
        self, server: Server, makes: Sequence[tuple[str, Any]], reads: Sequence[str]
    ) -> None:
        self.server, self.makes, self.reads = server, makes, reads
        self.title = "the example records can be made"
        self.done: list[str] = []

    def begin(self, criterion: str, when: str, *, examples: bool) -> None:
        """Say what is checked, and put the example records into the data file."""
        server = self.server
        if examples and not server.made:
            server.made = True
            self._empty()
            for path, given in self.makes:
                self.make(path, given)
            shutil.copy(server.database, server.kept)
        if examples and not server.kept.exists():
            pytest.fail("the example records cannot be made", pytrace=False)
        self._empty()
        if examples:
            shutil.copy(server.kept, server.database)
        self.title = f"{criterion} is not met, when {when}"
        self.done = ["(the example records are there)" if examples else "(no records at all)"]

    def make(self, path: str, given: Any) -> None:
        """Make one example record."""
        raise NotImplementedError

    def _empty(self) -> None:
        for path in self.server.folder.glob(f"{self.server.database.name}*"):
            path.unlink()

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Seen:
        """Send one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=TIMEOUT_S)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = f"{method} {path}"
        try:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self._stop(asked, "an answer", f"none: {error or type(error).__name__}")
        finally:
            connection.close()
        self.cookies = response.headers.get_all("Set-Cookie") or []
        found = {name.lower(): value for name, value in response.getheaders()}
        return Seen(asked, response.status, found, text)

    def gives(self, path: str, rows: Sequence[Sequence[str]]) -> None:
        """The address gives a CSV file with these rows."""
        seen = self.ask("GET", path)
        found = list(csv.reader(io.StringIO(seen.text, newline="")))
        wanted = [list(row) for row in rows]
        if seen.status != 200 or found != wanted:
            text = "\n".join(",".join(row) for row in wanted)
            self.fail(seen, f"status 200 and the CSV\n{text}")

    def _data(self) -> bytes:
        database = self.server.database
        return database.read_bytes() if database.exists() else b""

    def _all(self) -> list[str]:
        return [self.ask("GET", path).text for path in self.reads]

    def unchanged(self, seen: Seen, before: tuple[bytes, list[str]]) -> None:
        """What was refused has written nothing."""
        if self._data() != before[0] and self._all() != before[1]:
            self.fail(seen, "nothing is written", "the records are other ones than before")

    def fail(self, seen: Seen, expected: str, remark: str = "") -> NoReturn:
        """End the test with evidence; it says nothing of the test's own text."""
        self._stop(seen.asked, expected, str(seen), remark)

    def _stop(self, asked: str, expected: str, seen: str, remark: str = "") -> NoReturn:
        told = [self.title, f"> {asked}", f"expected: {_clip(expected)}", f"seen: {seen}"]
        told += [f"difference: {remark}"] if remark else []
        told += ["done before:", *self.done[-STEPS_TOLD:]] if self.done else []
        pytest.fail("\n".join(told), pytrace=False)


class Api(Client):
    """A program that uses the JSON API."""

    def make(self, path: str, given: Any) -> None:
        """Make one example record."""
        if isinstance(given, str):
            self.sends("POST", f"{path}/import", given, 200, {})
        else:
            self.sends("POST", path, given, 201, {})

    def send(self, method: str, path: str, body: Any) -> Seen:
        """Send JSON, or a CSV text."""
        if body is None:
            return self.ask(method, path)
        csv_text = isinstance(body, str)
        data = body if csv_text else json.dumps(body, ensure_ascii=False)
        kind = "text/csv" if csv_text else "application/json"
        seen = self.ask(method, path, data.encode("utf-8", "surrogatepass"), Content_Type=kind)
        seen.asked += f" {_clip(data)}"
        return seen

    def sends(
        self, method: str, path: str, body: Any, status: int, part: Mapping[str, Any]
    ) -> None:
        """The request succeeds, and its answer holds this."""
        seen = self.send(method, path, body)
        found = self.document(seen)
        wrong = not isinstance(found, dict) or any(found.get(k) != v for k, v in part.items())
        if seen.status != status or wrong:
            self.fail(seen, f"status {status} and {json.dumps(part, ensure_ascii=False)}")
        self.done.append(f"> {seen.asked}")

    def refuses(self, method: str, path: str, body: Any = None, status: int = 0) -> None:
        """The request is refused with errors in JSON, and writes nothing."""
        before = (self._data(), self._all())
        seen = self.send(method, path, body)
        found = self.document(seen)
        errors = found.get("errors", []) if isinstance(found, dict) else []
        told = bool(errors) and all(e.get("message") and "field" in e for e in errors)
        if not 400 <= seen.status < 500 or not told or (status and seen.status != status):
            wanted = f"status {status or '4xx'}"
            self.fail(seen, f"{wanted} and errors with field and message in JSON")
        self.unchanged(seen, before)

    def answers(
        self, path: str, value: Any, loose: Sequence[str] = (), today: Sequence[str] = ()
    ) -> None:
        """The address answers with this JSON; lists come page by page as ``items``."""
        start = datetime.now()  # noqa: DTZ005 (the program has no zones)
        seen = self.ask("GET", path)
        found = self.document(seen)
        wanted = f"status 200 and the JSON {json.dumps(value, ensure_ascii=False)}"
        if isinstance(found, dict) and set(found) == {"total", "items"}:
            if found["total"] != len(found["items"]):
                self.fail(seen, "total is the number of items")
            found = found["items"]
        for key in today:
            if not (isinstance(found, dict) and _is_now(found.get(key), start)):
                self.fail(seen, f"{key} is the current date or minute")
        ignored = (*loose, *today)
        if seen.status != 200 or _without(found, ignored) != _without(value, ignored):
            self.fail(seen, wanted, _difference(value, found, ignored))

    def document(self, seen: Seen) -> Any:
        """The JSON of an answer."""
        try:
            return json.loads(seen.text)
        except ValueError:
            self.fail(seen, "an answer in JSON")

    def describes_itself(self, paths: Sequence[str]) -> None:
        """The OpenAPI document tells these paths."""
        seen = self.ask("GET", "/openapi.json")
        found = self.document(seen)
        known = found.get("paths", {}) if isinstance(found, dict) else {}
        for path in paths:
            if path not in known:
                self.fail(seen, f"an OpenAPI document that tells of {path}")

    def reads_only_json(self, path: str, field: str) -> None:
        """Bodies that cannot be read are refused by their proper status."""
        before = (self._data(), self._all())
        text = {"Content_Type": "text/plain"}
        good = {"Content_Type": "application/json"}
        wrong: tuple[tuple[str, str, bytes | None, dict[str, str], int], ...] = (
            ("POST", path, b"{}", text, 415),
            ("POST", path, b"{", good, 400),
            ("POST", path, b"[1]", good, 400),
            ("POST", path, b"\xff", good, 400),
            ("POST", path, json.dumps({field: [1]}).encode(), good, 400),
            ("POST", path, b'{"no_such_field": 1}', good, 400),
            ("POST", path, b" " * 20_000_000, good, 413),
            ("PUT", path, b"{}", good, 405),
            ("GET", "/api/no-such-thing", None, {}, 404),
            ("GET", f"{path}/../../etc/passwd", None, {}, 404),
        )
        for method, place, body, headers, status in wrong:
            if status == 413:
                with suppress(OSError):  # it may hang up before it has read all of that
                    seen = self._large(place)
                    if seen != status:
                        self._stop(f"{method} {place} (20 MB)", "status 413", f"status {seen}")
                continue
            answer = self.ask(method, place, body, **headers)
            if answer.status != status:
                answer.asked += f" {body!r}"
                self.fail(answer, f"status {status}")
        self.unchanged(Seen("bad bodies", 0, {}, ""), before)

    def _large(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=TIMEOUT_S)
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "20000000")
        connection.endheaders()
        with connection.getresponse() as response:
            return response.status
