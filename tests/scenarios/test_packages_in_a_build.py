"""A whole build of an app whose design names a package, with a folder of wheels for an index.

Slower than most tests, since nothing less shows that coders, tests and users get the same boxes.
"""

import json
import zipfile
from pathlib import Path

import pytest
from support.builds import TINY, git, record

from macrohard import build
from macrohard.llm import open_model
from macrohard.llm.base import Reply, Request


class Packer:
    """The offline model, whose architect wants a package and whose coders use it."""

    name = "offline"

    def __init__(self) -> None:
        self._inner = open_model("offline")
        self.tasks: list[str] = []

    async def complete(self, request: Request) -> Reply:
        reply = await self._inner.complete(request)
        if request.asker.output == "Design":
            design = json.loads(reply.content)
            design["packages"] = ["mh-salt>=2"]
            return reply.model_copy(update={"content": json.dumps(design)})
        if request.asker.stage == "coding":
            self.tasks.append(str(request.messages))
        return reply


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "macrohard" / "wheels"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "mh_salt-2.1-py3-none-any.whl", "w") as archive:
        archive.writestr("mh_salt/__init__.py", "GRAINS = 3\n")
        info = "mh_salt-2.1.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: mh_salt\nVersion: 2.1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.usefixtures("wheels")
def test_a_package_of_the_design_is_locked_committed_and_everywhere(tmp_path: Path) -> None:
    (tmp_path / "tea.md").write_text(TINY)
    model = Packer()
    run = tmp_path / "run"
    result = build(
        tmp_path / "tea.md", out=run, model=model, sandbox="process", offline_packages=True,
        mutants=2,
    )  # fmt: skip
    assert result.status == "released"
    assert "mh-salt==2.1 \\\n    --hash=sha256:" in git(run, "show", "main:requirements.lock")
    assert git(run, "log", "--format=%s", "--", "requirements.lock") == (
        "Lock the packages of the design"
    )
    assert record(run)["app"]["packages"] == ["mh-salt>=2"]
    assert record(run)["mutation"]["tried"] + record(run)["mutation"]["undecided"] == 2
    assert all("packages are installed" in task for task in model.tasks)
