"""Two items that change one file: the second becomes a conflict item, and no change is lost."""

import json
from pathlib import Path

from support.builds import TINY, git
from support.scripted import calls

from macrohard import build
from macrohard.llm.base import Reply, Request
from macrohard.llm.offline.model import OfflineModel
from macrohard.work import Plan, Submission, WorkItem

NOTES = "NOTES.md"


def item(name: str, *depends_on: str) -> WorkItem:
    return WorkItem(
        id=name, title=f"Note of {name}", role="technical-writer", description="Write a note.",
        stories=("S1",), files=(NOTES,), depends_on=depends_on,
    )  # fmt: skip


class TwoWriters:
    """The offline model, with items of its own that write one file each in their way."""

    name = "offline"

    def __init__(self) -> None:
        self._model = OfflineModel()
        self.conflict = ""

    async def complete(self, request: Request) -> Reply:
        asker = request.asker
        if asker.output == "Plan":
            reply = await self._model.complete(request)
            plan = Plan.model_validate_json(reply.content)
            more = (item("A"), item("B"), item("C", "B"))
            grown = plan.model_copy(update={"items": (*plan.items, *more)})
            return reply.model_copy(update={"content": grown.model_dump_json()})
        if asker.item[:1] not in {"A", "B", "C"} or asker.stage != "coding":
            return await self._model.complete(request)
        if len(request.messages) > 2:
            done = Submission(summary="written", files=(NOTES,), tests_run="none needed")
            return calls(("submit", done.model_dump_json()))
        if asker.item.startswith("C"):
            return calls(("bash", json.dumps({"command": f"echo C >> {NOTES}"})))
        if "conflict" in asker.item:
            self.conflict = request.messages[1].content
            both = json.dumps({"path": NOTES, "content": "A\nB\n"})
            return calls(("read_file", json.dumps({"path": NOTES})), ("write_file", both))
        own = json.dumps({"path": NOTES, "content": f"{asker.item}\n"})
        return calls(("write_file", own))


def test_a_conflict_becomes_an_item_and_what_rests_on_it_waits(tmp_path: Path) -> None:
    spec = tmp_path / "tea.md"
    spec.write_text(TINY)
    model = TwoWriters()
    result = build(spec, out=tmp_path / "run", model=model)
    assert result.status == "released"
    assert (result.app_dir / NOTES).read_text() == "A\nB\nC\n"
    assert "does not fit main" in model.conflict
    outcomes = {i["id"]: i["outcome"] for i in result.record["items"]}
    assert outcomes["B"] == "conflict"
    assert outcomes["B-conflict-1"] == outcomes["C"] == "merged"
    log = git(result.run_dir, "log", "--reverse", "--format=%(trailers:key=Work-Item,valueonly)")
    assert log.split()[-3:] == ["A", "B-conflict-1", "C"]
