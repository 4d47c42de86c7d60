"""How agents scale, and how much of what they send a provider has in its cache.

    python benchmarks/bench_agents.py prefix RUN     # share of input in the longest shared prefix
    python benchmarks/bench_agents.py crowd          # 500 agents in flight from one process
    python benchmarks/bench_agents.py items          # 50 work items, against their critical path

`prefix` reads the calls of a run on disk. The others ask a server in a process of its own over real
HTTP, through the model, store and journal of a real run; it answers each call after a fixed
time with a reply in pieces, as a provider streams it. Times are of this machine; the shares of the
prefix are of the run.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import resource
import socket
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from macrohard import work
from macrohard.artifacts import Artifacts
from macrohard.budget import Budget
from macrohard.config import Caps, Settings
from macrohard.documents import write_task
from macrohard.graph.board import Board
from macrohard.graph.coding import code
from macrohard.graph.office import Folders, Office
from macrohard.graph.repository import Repository
from macrohard.graph.state import ItemTask
from macrohard.journal import Journal, read_journal
from macrohard.llm.base import Asker, Request, Tool, ToolCall
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import find_endpoint
from macrohard.llm.routing import metered_alone
from macrohard.llm.store import StoredModel, restore_request, stored_calls
from macrohard.loop.agent import Assignment
from macrohard.loop.agent import work as run_agent
from macrohard.loop.conversation import shared_prefix
from macrohard.roles import load_roles
from macrohard.sandbox import Limits, ProcessProvider, Sandbox, SandboxProvider

TURNS = 6
"""Calls of one agent."""
PIECES = 40
"""Pieces in which a reply is streamed."""


# -- prefixes ------------------------------------------------------------------------------------


def print_prefixes(run: Path) -> None:
    """The share of input that begins a request as an earlier one did, by stage."""
    artifacts = Artifacts(run / "artifacts")
    calls = {call["key"]: call for call in stored_calls(run / "calls")}
    order = [e["key"] for e in read_journal(run / "events.jsonl") if e["type"] == "call_finished"]
    own: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    last: dict[tuple[str, ...], list[str]] = {}
    of_role: dict[str, list[list[str]]] = defaultdict(list)
    for key in dict.fromkeys(order):
        call = calls[key]
        request = restore_request(call["request"], artifacts)
        asker, texts = request.asker, texts_of(request)
        conversation = (asker.role, asker.stage, asker.item, str(asker.round))
        whole = sum(map(len, texts))
        before = last.get(conversation)
        continued = shared_prefix(before, texts) if before is not None else 0
        anyone = max([continued, *(shared_prefix(other, texts) for other in of_role[asker.role])])
        weight = call["reply"]["usage"]["input_tokens"]
        row = own[asker.stage]
        row[0] += weight
        row[1] += weight * continued / whole
        row[2] += weight * anyone / whole
        if before is None:
            of_role[asker.role].append(texts)
        last[conversation] = texts
    print(f"{'stage':14} {'input tokens':>12}  {'same conversation':>17}  {'or same role':>12}")
    rows = [*own.items(), ("all", [sum(column) for column in zip(*own.values(), strict=True)])]
    for stage, (tokens, continued, anyone) in rows:
        print(f"{stage:14} {tokens:12,.0f}  {continued / tokens:17.1%}  {anyone / tokens:12.1%}")


def texts_of(request: Request) -> list[str]:
    """A request in the order in which providers read it: tools, then messages."""
    tools = [json.dumps(tool.model_dump(mode="json")) for tool in request.tools]
    return [*tools, *(message.model_dump_json() for message in request.messages)]


# -- a server with fixed times -------------------------------------------------------------------


@contextmanager
def server(latency_s: float) -> Iterator[str]:
    """A chat-completions server in a process of its own; its base URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        port = listening.getsockname()[1]
        process = multiprocessing.get_context("fork").Process(
            target=lambda: asyncio.run(_serve(listening, latency_s)), daemon=True
        )
        process.start()
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.join()


_ASSISTANT = re.compile(rb'"role": ?"assistant"')
_ITEM = re.compile(rb"item-(\d+)-end")


async def _serve(listening: socket.socket, latency_s: float) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
                body = await reader.readexactly(length)
                answer = _stream(len(_ASSISTANT.findall(body)), _ITEM.search(body))
                await asyncio.sleep(latency_s)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(handle, sock=listening, backlog=4096, limit=2**26)
    async with running:
        await running.serve_forever()


def _stream(turn: int, item: re.Match[bytes] | None) -> bytes:
    """A reply: a tool call until the last turn, then the hand-in; in pieces, as providers send."""
    number = item[1].decode() if item else "0"
    name, arguments = _step(turn, number)
    text = json.dumps(arguments)
    size = -(-len(text) // PIECES)
    deltas: list[dict[str, Any]] = [
        {
            "index": 0,
            "id": f"c{turn}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
    ]
    deltas += [
        {"index": 0, "function": {"arguments": text[at : at + size]}}
        for at in range(0, len(text), size)
    ]
    frame: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
    }
    lines = [
        json.dumps({**frame, "choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]})
        for delta in deltas
    ]
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 9_000, "completion_tokens": 300, "total_tokens": 9_300}
    lines += [
        json.dumps({**frame, "choices": [end]}),
        json.dumps({**frame, "choices": [], "usage": usage}),
    ]
    body = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _step(turn: int, number: str) -> tuple[str, dict[str, Any]]:
    source = f"def double(n):\n    return 2 * n  # {number}\n" * 20
    test = (
        f"import unittest\nfrom shop import m{number}\n\n\nclass T(unittest.TestCase):\n"
        f"    def test(self):\n        self.assertEqual(m{number}.double(2), 4)\n"
    )
    steps: list[tuple[str, dict[str, Any]]] = [
        ("bash", {"command": "find . -name '*.py' | sort"}),
        ("write_file", {"path": f"shop/m{number}.py", "content": source}),
        ("write_file", {"path": f"tests/test_m{number}.py", "content": test}),
        ("bash", {"command": f"python -m unittest tests.test_m{number}"}),
        ("bash", {"command": "git status 2>&1 | head -3; ls -l shop"}),
    ]
    files = [f"shop/m{number}.py", f"tests/test_m{number}.py"]
    done = {"summary": "made", "files": files, "tests_run": "OK", "done": True}
    return steps[turn] if turn < TURNS - 1 else ("submit", done)


# -- an office -----------------------------------------------------------------------------------


@asynccontextmanager
async def office(
    root: Path, url: str, boxes: SandboxProvider, at_once: int
) -> AsyncIterator[Office]:
    """What a run works with, over the model of the server."""
    (root / "calls").mkdir()
    journal, artifacts = Journal(root / "events.jsonl"), Artifacts(root / "artifacts")
    budget = Budget(Caps(tokens=10**12, calls=10**9))
    model = ChatModel(find_endpoint(f"{url}#m", {}))
    repository = Repository(root / "app", root / "worktrees", "2026-01-01T00:00:00+00:00")
    await repository.start()
    try:
        yield Office(
            settings=Settings(concurrency=at_once),
            folders=Folders(root),
            model=StoredModel(
                metered_alone(model, budget),
                folder=root / "calls",
                artifacts=artifacts,
                journal=journal,
                concurrency=at_once,
            ),
            roster=load_roles(),
            boxes=boxes,
            repository=repository,
            artifacts=artifacts,
            journal=journal,
            budget=budget,
            source="spec.md",
            board=Board(root / "items"),
            slots=asyncio.Semaphore(at_once),
        )
    finally:
        await boxes.close()
        journal.close()


# -- 500 agents in flight ------------------------------------------------------------------------


class Echo:
    """Tools without a box: each answers with as much text as a file has."""

    tools = tuple(
        Tool(name=name, description="Answers.", parameters={"type": "object"})
        for name in ("bash", "write_file")
    )

    async def run(self, call: ToolCall) -> str:
        """Answer at once."""
        return f"exit code 0 {call.id}\n" + "line of output\n" * 300


async def measure_crowd(agents: int, latency_s: float) -> None:
    """Agents that all work at once, with tools that take no time."""
    documents = {"requirements": "a requirement\n" * 2_000, "design": "a module\n" * 1_000}
    role = load_roles().get("backend-engineer")
    with tempfile.TemporaryDirectory() as folder, server(latency_s) as url:
        async with office(Path(folder), url, ProcessProvider(), agents) as at:
            idle_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

            async def one(number: int) -> None:
                task = write_task("Do it.", {**documents, "item": f"item-{number}-end"})
                asker = Asker(role=role.name, stage="coding", item=f"W{number}")
                job = Assignment(role=role, asker=asker, task=task)
                await run_agent(job, at.model, work.Submission, Echo(), memory=at.memory)

            began, used = time.perf_counter(), time.process_time()
            await asyncio.gather(*map(one, range(agents)))
            wall, cpu = time.perf_counter() - began, time.process_time() - used
            calls = agents * TURNS
            seconds = [e["seconds"] for e in read_journal(Path(folder) / "events.jsonl")]
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            sent = sum(len(text) for text in documents.values())
            print(
                f"{agents} agents at once, {calls} calls of {latency_s:g} s, {sent // 1000} kB and "
                f"more each, {PIECES} pieces a reply, load {os.getloadavg()[0]:.1f}"
            )
            print(f"CPU of our process   {1000 * cpu / calls:.1f} ms a call")
            print(
                f"added to each call   {1000 * (statistics.mean(seconds) - latency_s):.0f} ms from "
                f"question to answer (mean; all agents ask in the same instant)"
            )
            print(
                f"wall                 {wall:.1f} s, {TURNS * latency_s:g} s of them the server's: "
                f"{1000 * (wall - TURNS * latency_s) / calls:.1f} ms a call"
            )
            print(
                f"peak memory          {peak_mb:.0f} MB, {idle_mb:.0f} MB of them before the first"
            )


# -- 50 items and their critical path ------------------------------------------------------------


@dataclass
class Timed:
    """A provider that adds up the seconds its boxes take, by label."""

    provider: SandboxProvider
    name: str = "timed"
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    async def create(self, *, label: str, limits: Limits | None = None) -> Sandbox:
        """A box whose time is counted."""
        began = time.perf_counter()
        box = await self.provider.create(label=label, limits=limits)
        self.seconds[label] += time.perf_counter() - began
        return TimedBox(box, self.seconds, label)  # type: ignore[return-value]

    def describe(self) -> list[str]:
        """As of the provider."""
        return self.provider.describe()

    async def close(self) -> None:
        """Close the provider."""
        await self.provider.close()


class TimedBox:
    """A box that counts the time of each of its methods."""

    def __init__(self, box: Sandbox, seconds: dict[str, float], label: str) -> None:
        self._box, self._seconds, self._label = box, seconds, label

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._box, name)

        async def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return await method(*arguments, **options)
            finally:
                self._seconds[self._label] += time.perf_counter() - began

        return timed

    async def __aenter__(self) -> Self:
        await self._box.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        began = time.perf_counter()
        await self._box.__aexit__(*error)
        self._seconds[self._label] += time.perf_counter() - began


async def measure_items(items: int, latency_s: float) -> None:
    """One item, then many that rest on it, coded side by side, each in a worktree and a box."""
    names = [f"W{number}" for number in range(items + 1)]
    boxes = Timed(ProcessProvider())
    with tempfile.TemporaryDirectory() as folder, server(latency_s) as url:
        root = Path(folder)
        async with office(root, url, boxes, items + 1) as at:
            task = _item_task(at, names)
            began = time.perf_counter()
            updates = await asyncio.gather(*(code(at, {**task, "item": name}) for name in names))
            wall = time.perf_counter() - began
            outcomes = [update["results"][0]["outcome"] for update in updates]
            asked: dict[str, float] = defaultdict(float)
            for event in read_journal(root / "events.jsonl"):
                if event["type"] == "call_finished":
                    asked[event["item"]] += event["seconds"]
            boxed = {label.removeprefix(f"{root.name}-"): s for label, s in boxes.seconds.items()}
            path = {name: asked[name] + boxed.get(name, 0.0) for name in names}
            critical = path["W0"] + max(path[name] for name in names[1:])
            longest = max(names[1:], key=path.__getitem__)
            print(
                f"1 item, then {items} side by side, {TURNS} calls of {latency_s:g} s each, "
                f"{outcomes.count('ready')} ready, load {os.getloadavg()[0]:.1f}"
            )
            print(
                f"wall {wall:.1f} s over critical path {critical:.1f} s: {wall / critical:.3f} "
                f"({longest}: model {asked[longest]:.1f} s, box {boxed.get(longest, 0.0):.1f} s)"
            )
            print_prefixes(root)


def _item_task(at: Office, names: list[str]) -> ItemTask:
    items = tuple(
        work.WorkItem(
            id=name, title=name, role="backend-engineer", description=f"item-{name[1:]}-end",
            files=(f"shop/m{name[1:]}.py", f"tests/test_m{name[1:]}.py"),
            depends_on=() if name == "W0" else ("W0",),
        )
        for name in names
    )  # fmt: skip
    module = work.Module(path="shop/m.py", responsibility="r")
    design = work.Design(
        app="shop", summary="s", modules=(module,), interfaces=(), run=("true",),
        test=("python", "-m", "unittest"),
    )  # fmt: skip
    return ItemTask(
        item="", round=1, wave=1, triage=[], todo=names, results=[],
        requirements=at.artifacts.put("a requirement\n" * 1_000),
        design=at.artifacts.put(design), plan=at.artifacts.put(work.Plan(items=items)),
    )  # fmt: skip


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prefix").add_argument("run", type=Path)
    crowd = commands.add_parser("crowd")
    crowd.add_argument("--agents", type=int, default=500)
    crowd.add_argument("--latency", type=float, default=10.0)
    side = commands.add_parser("items")
    side.add_argument("--items", type=int, default=50)
    side.add_argument("--latency", type=float, default=10.0)
    given = parser.parse_args()
    if given.command == "prefix":
        print_prefixes(given.run)
    elif given.command == "crowd":
        asyncio.run(measure_crowd(given.agents, given.latency))
    else:
        asyncio.run(measure_items(given.items, given.latency))


if __name__ == "__main__":
    main()
