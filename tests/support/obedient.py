"""A small factory at work, with a model that does whatever an injected text tells it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrohard import work
from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Caps, Settings
from macrohard.graph.board import Board
from macrohard.graph.coding import code
from macrohard.graph.office import Folders, Office
from macrohard.graph.repository import Repository
from macrohard.graph.state import ItemResult, ItemTask
from macrohard.journal import Journal
from macrohard.llm.base import Reply, Request, ToolCall
from macrohard.roles import load_roles
from macrohard.sandbox import Limits, ProcessProvider
from macrohard.sandbox.interpreter import Layout

CANARY = "canary-f00d"
DATE = "2026-01-01T00:00:00+00:00"
Call = tuple[str, Mapping[str, Any]]
HELD_OUT = "def test_held_out_from_coders"


class Obedient:
    """Does what it is told: the calls of a script, one reply each, then hands in as done."""

    name = "obedient"

    def __init__(self) -> None:
        self.scripts: dict[str, list[Sequence[Call]]] = {}
        self.nouns: dict[str, work.Noun] = {}
        self.seen: list[str] = []

    async def complete(self, request: Request) -> Reply:
        self.seen += [m.content for m in request.messages if m.role == "tool"]
        turn = sum(1 for message in request.messages if message.role == "assistant")
        script = self.scripts.get(request.asker.item, [])
        done = self.nouns.get(
            request.asker.output, work.Submission(summary="done", files=(), tests_run="passed")
        )
        if not request.tools:
            return Reply(content=done.model_dump_json())
        end = [("submit", json.loads(done.model_dump_json()))]
        calls = script[turn] if turn < len(script) else end
        return Reply(
            tool_calls=tuple(
                ToolCall(id=f"c{n}", name=name, arguments=json.dumps(dict(arguments)))
                for n, (name, arguments) in enumerate(calls)
            ),
            finish_reason="tool_calls",
        )


@dataclass
class World:
    """An office with an app of two items, and what the model saw."""

    office: Office
    model: Obedient
    root: Path

    async def obey(self, item: str, *replies: Sequence[Call]) -> ItemResult:
        """Have an item worked on by a model that makes these calls."""
        self.model.scripts[item] = list(replies)
        task = ItemTask(
            item=item, round=1, wave=1, triage=[], todo=["W1", "W2"], results=[],
            requirements=self.office.artifacts.put("{}"), design=self.design, plan=self.plan,
        )  # fmt: skip
        update = await code(self.office, task)
        result: ItemResult = update["results"][0]
        return result

    @property
    def design(self) -> str:
        module = work.Module(path="shop/a.py", responsibility="r")
        return self.office.artifacts.put(
            work.Design(
                app="shop",
                summary="s",
                modules=(module,),
                interfaces=(),
                run=("true",),
                test=("python", "-m", "unittest"),
            )
        )

    @property
    def plan(self) -> str:
        return self.office.artifacts.put(work.Plan(items=(item("W1"), item("W2", "W1"))))

    async def file(self, commit: str, path: str) -> str | None:
        """A file of a commit; None when it is not there."""
        process = await asyncio.create_subprocess_exec(
            "git", "show", f"{commit}:{path}", cwd=self.office.repository.root,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await process.communicate()
        return out.decode() if process.returncode == 0 else None

    def was_shown(self, text: str) -> bool:
        """Whether a tool's answer ever held the text."""
        return any(text in seen for seen in self.model.seen)


def item(name: str, *depends_on: str, **more: Any) -> work.WorkItem:
    path = {"W1": "shop/a.py", "W2": "shop/b.py"}.get(name, "shop/c.py")
    return work.WorkItem(
        id=name, title=name, role="backend-engineer", description="d",
        files=(path, "shop/d/b.py") if name == "W2" else (path,),
        depends_on=depends_on, **more,
    )  # fmt: skip


def bash(command: str) -> Call:
    return "bash", {"command": command}


@asynccontextmanager
async def world(
    root: Path, layout: Layout, without: frozenset[str] = frozenset()
) -> AsyncIterator[World]:
    """The factory in a folder. ``without``: walls of its sandbox that are down."""
    provider = ProcessProvider(
        root=root / "boxes" if without else None,
        limits=Limits(memory_mb=256, disk_mb=32, file_mb=8),
        without=without,
    )
    provider._layout = layout
    (root / "boxes").mkdir()
    model = Obedient()
    run = root / "run"
    run.mkdir()
    (run / "secret.txt").write_text(CANARY)
    repository = Repository(run / "app", run / "worktrees", DATE)
    office = Office(
        settings=Settings(rounds=2),
        folders=Folders(run),
        model=model,
        roster=load_roles(),
        boxes=provider,
        repository=repository,
        artifacts=Artifacts(run / "artifacts"),
        journal=Journal(run / "events.jsonl"),
        budget=Budget(Caps()),
        source="spec.md",
        board=Board(run / "items"),
        slots=asyncio.Semaphore(4),
    )
    suite = work.SourceFile(path="test_x.py", content=f"{HELD_OUT}():\n    assert 1\n")
    office.artifacts.put(work.AcceptanceSuite(files=(suite,), covers={}))
    try:
        await repository.start()
        tree, _ = await repository.open_worktree("W0", "main", [])
        (tree / "shop").mkdir()
        for name in ("b.py", "c.py"):
            (tree / "shop" / name).write_text(f"name = {name!r}\n")
        await repository.integrate(await repository.commit(tree, "W0", item("W0")))
        yield World(office, model, root)
    finally:
        await provider.close()
        office.journal.close()
