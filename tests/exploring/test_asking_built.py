"""Random requests at apps that the offline model builds: they keep to their own document."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
from support.built_apps import build

from macrohard.exploring.asking import explore_requests
from macrohard.exploring.coverage import Coverage
from macrohard.exploring.findings import Explorer
from macrohard.users.web.requests import RequestDriver

SPEC = Path("examples/specs/tools.md").read_text(encoding="utf-8")


class Server:
    """The app, served from a folder of its own."""

    def __init__(self, base: str) -> None:
        self.base = base

    async def printed(self) -> str:
        return ""

    async def restart(self) -> None:
        raise NotImplementedError


@contextmanager
def served(app: Path, database: Path) -> Iterator[Server]:
    command = [sys.executable, "-B", "-m", "tool_shed", "--db", str(database), "serve", "--port=0"]
    with subprocess.Popen(command, cwd=app, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://[\w.:]+", (process.stdout or sys.stdin).readline())
            assert found
            yield Server(found[0])
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(SPEC, tmp_path_factory.mktemp("tools"))


async def asked(app: Path, database: Path, seed: int = 0) -> tuple[set[str], Coverage]:
    with served(app, database) as server:
        async with RequestDriver(server) as driver:  # type: ignore[arg-type]
            user = Explorer(driver, "api")
            coverage = await explore_requests(user, seed)
    return {f"{each.check}: {each.title}" for each in user.findings}, coverage


@pytest.mark.parametrize("seed", [0, 5])
async def test_nothing_is_found_and_everything_is_answered_with_success(
    built: Path, tmp_path: Path, seed: int
) -> None:
    found, coverage = await asked(built, tmp_path / "data.db", seed)
    assert found == set()
    assert (coverage.done, coverage.left) == (coverage.met, ())
    assert coverage.met == 21


@pytest.mark.parametrize(
    ("file", "change", "title"),
    [
        ("reports/loan.py", ('"id": loan.id', '"id": str(loan.id)'), "schema: "),
        ("reports/loan.py", ('        "due": loan.due,\n', ""), "schema: "),
        ("reports/tool.py", ('"value": tool.value', '"value": float(tool.value or 0)'), "schema: "),
        ("web/api.py", ("document(201, row", "document(202, row"), "undocumented: POST /api/"),
        ("web/api.py", ('"application/json", headers', '"text/plain", headers'), "content type: "),
        (
            "web/bodies.py",
            ("    return None\n\n\ndef json", "    return '1'\n\n\ndef json"),
            "accepts",
        ),
    ],
)
async def test_each_planted_defect_is_found(
    built: Path, tmp_path: Path, file: str, change: tuple[str, str], title: str
) -> None:
    app = tmp_path / "app"
    shutil.copytree(built / "tool_shed", app / "tool_shed")
    right, wrong = change
    place = app / "tool_shed" / file
    text = place.read_text()
    assert text.count(right) == 1
    place.write_text(text.replace(right, wrong))
    found, _ = await asked(app, tmp_path / "data.db")
    assert any(each.startswith(title) for each in found), found


def test_the_document_is_one_of_json_schema(built: Path) -> None:
    code = (
        "import json; from tool_shed.web import openapi, site; "
        "print(json.dumps(openapi.describe(site.SITE)))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=built, capture_output=True, text=True, check=True
    )
    document = json.loads(done.stdout)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    loans = document["paths"]["/api/loans"]
    assert set(loans["get"]["responses"]) == {"200", "400", "404", "413", "503"}
    assert {"201", "400", "409", "411", "413", "415", "503"} == set(loans["post"]["responses"])
    new = document["components"]["schemas"]["loans.new"]
    assert new["required"] == ["tool", "neighbour"]
    assert document["components"]["schemas"]["loans"]["required"][-1] == "marks"
