"""Apps with pages and a JSON API: their own tests, and the acceptance tests from requirements."""
# ruff: noqa: S310 - the address is our own

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.built_apps import DEPOT, build

from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.parts.acceptance import suite_of
from macrohard.llm.offline.parts.requirements import requirements_of

SERVED = DEPOT.partition("## Interface")[0] + "\n## Interface\n\n- Web pages, JSON API\n"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SERVED, tmp_path_factory.mktemp("served"))


def accept(app: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    for file in suite_of(parse_spec(SERVED), requirements_of(parse_spec(SERVED), SERVED)).files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)
    (folder / "pytest.ini").write_text("[pytest]\naddopts =\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pytest.ini"),
         "-p", "no:cacheprovider", str(folder)],
        cwd=app,
        env={**os.environ, "MACROHARD_APP": str(app), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def test_its_own_tests_pass(app: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "discover", "-s", "tests", "-t", "."],
        cwd=app,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_its_types_hold_strictly(app: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "depot"],
        cwd=app,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_there_is_no_command_line_but_the_one_that_serves(app: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "depot", "part", "list"],
        cwd=app,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "error: unknown command 'part': choose from serve\n",
    )


def test_a_right_app_passes_and_wrong_ones_fail(app: Path, tmp_path: Path) -> None:
    done = accept(app, tmp_path / "right")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "test_api_" not in done.stdout
    wrong = {
        "web/html.py": ("return escape(content)", "return content"),
        "web/guard.py": ("if once and before == content:", "if False:"),
        "web/api.py": ("return told(400, wrong)", "return told(500, wrong)"),
        "web/forms.py": ('"aria_describedby": " ".join(names) or None', '"aria_x": None'),
    }
    kept = {}
    for name, (right, bad) in wrong.items():
        path = app / "depot" / name
        kept[path] = path.read_text()
        assert right in kept[path]
        path.write_text(kept[path].replace(right, bad))
    try:
        said = accept(app, tmp_path / "wrong").stdout
    finally:
        for path, text in kept.items():
            path.write_text(text)
    for test in (
        "letter_by_letter",
        "test_web_pages_count_a_form_once",
        "test_web_pages_tie_errors_to_fields",
        "test_api_",
    ):
        assert any(test in line and "FAILED" in line for line in said.splitlines()), test


@contextmanager
def served(app: Path, database: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "depot", "--db", str(database), "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=app, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://[\w.:]+", (process.stdout or sys.stdin).readline())
            assert found
            yield found[0]
        finally:
            process.terminate()


def post(address: str, record: dict[str, object]) -> None:
    request = urllib.request.Request(
        address, json.dumps(record).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


def test_all_that_is_wrong_with_a_body_is_told_in_one_round(app: Path, tmp_path: Path) -> None:
    with served(app, tmp_path / "data.db") as base:
        for method, address in (("POST", "/api/parts"), ("PATCH", "/api/parts/1")):
            body = {
                "nonsense": 1,
                "price": "much",
                "least": True,
                "name": " " * (method == "PATCH"),
            }
            request = urllib.request.Request(
                base + address,
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
                method=method,
            )
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=10)
            assert caught.value.status == 400
            told = json.loads(caught.value.read())["errors"]
            assert {each["field"] for each in told} == {"nonsense", "price", "least", "name"}, told


def test_pages_lead_from_record_to_record_and_say_what_refers_to_one(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "data.db") as base:
        post(f"{base}/api/vendors", {"name": "Ann"})
        post(f"{base}/api/parts", {"name": "bolt", "vendor": 1, "price": "0.10"})
        for number in range(12):
            move = {"part": 1, "way": "in", "pieces": 1, "moved_on": f"2026-03-{number + 1:02}"}
            post(f"{base}/api/moves", move)
        vendor, part = source(f"{base}/vendors/1"), source(f"{base}/parts/1")
        assert "<h2>Parts with this vendor</h2>" in vendor
        assert '<a href="/vendors/1">1 Ann</a>' in part
        assert '<a href="/vendors/1">1 Ann</a>' in source(f"{base}/parts")
        assert "12 moves, the last 10 of them" in part
        assert '<a href="/moves?part=1">All 12 moves</a>' in part
        assert part.count('data-heading="pieces"') == 10
        assert "with this" not in source(f"{base}/moves/1")


def test_forms_have_fields_of_their_own_for_dates_and_numbers_and_keep_what_was_refused(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "data.db") as base:
        form = source(f"{base}/parts/add")
        assert re.search(
            r'<input type="number" value="" min="0[.0]*" step="0.01"[^>]* name="price"', form
        )
        assert re.search(r'<input type="number" value="0" min="0" step="1"[^>]* name="least"', form)
        assert re.search(
            r'<input type="email" value=""[^>]* name="contact"', source(f"{base}/vendors/add")
        )
        moves = source(f"{base}/moves/add")
        assert re.search(
            r'<input type="(date|datetime-local)" value="[^"]*"[^>]* name="moved_on"', moves
        )
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        again = opener.open(f"{base}/parts/add").read().decode()
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', again))
        body = urllib.parse.urlencode({**found, "name": "x", "price": "much", "least": "-1"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            opener.open(f"{base}/parts/add", body.encode(), timeout=10)
        told = caught.value.read().decode()
        assert '<input type="text" value="much"' in told
        assert '<input type="number" value="-1"' in told


def test_what_the_server_itself_refuses_is_told_as_everything_else(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "data.db") as base:
        for address, kind in (("/api/parts", "application/json"), ("/parts", "text/html")):
            request = urllib.request.Request(
                base + address, method="POST", headers={"Content-Length": str(10**9)}
            )
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=10)
            assert caught.value.status == 413
            assert caught.value.headers.get_content_type() == kind
            assert "larger than" in caught.value.read().decode()


def source(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def seen(address: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", source(address)).split())


def test_who_is_to_delete_is_told_first_what_goes_along_and_what_is_in_the_way(
    app: Path, tmp_path: Path
) -> None:
    with served(app, tmp_path / "data.db") as base:
        post(f"{base}/api/vendors", {"name": "Ann"})
        post(f"{base}/api/parts", {"name": "bolt", "vendor": 1, "price": "0.10"})
        post(f"{base}/api/moves", {"part": 1, "way": "in", "pieces": 3})
        assert "This deletes part 1 and 1 move, and cannot be undone." in seen(
            f"{base}/parts/1/delete"
        )
        assert "It cannot be done now: vendor 1 cannot be deleted: part 1 refers to it." in seen(
            f"{base}/vendors/1/delete"
        )
        assert "bolt" in seen(f"{base}/parts/1"), "looking deletes nothing"
        assert json.loads(urllib.request.urlopen(f"{base}/api/moves", timeout=10).read())
