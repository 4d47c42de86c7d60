"""Boxes to grade in, and a stand-in for the office: grading uses no more of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace

import pytest

from macrohard.sandbox import ProcessProvider, SandboxProvider
from macrohard.sandbox.docker import DockerProvider, Engine

PLAIN = frozenset({"user", "mount", "pid", "net", "ipc", "orphans", "syscalls"})
KINDS: dict[str, Callable[[], SandboxProvider]] = {
    "process": ProcessProvider,
    "process-plain": lambda: ProcessProvider(without=PLAIN),
}


@pytest.fixture
async def office(request: pytest.FixtureRequest) -> AsyncIterator[SimpleNamespace]:
    """What grading needs of an office."""
    kind = getattr(request, "param", "process")
    boxes: SandboxProvider
    if kind == "docker":
        boxes = DockerProvider(Engine.find(request.getfixturevalue("engine_address")))
    else:
        boxes = KINDS[kind]()
    yield SimpleNamespace(boxes=boxes, slots=asyncio.Semaphore(2))
    await boxes.close()
