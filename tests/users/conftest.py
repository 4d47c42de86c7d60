"""A box with a terminal in it, for tests that drive real programs."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from macrohard.sandbox import ProcessProvider, Sandbox
from macrohard.users import Desk, TerminalDriver

Script = Callable[[str], Awaitable[str]]
"""Puts a Python program into the box; the command line that runs it."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    provider = ProcessProvider()
    async with await provider.create(label="test") as made:
        yield made
    await provider.close()


@pytest.fixture
async def terminal(box: Sandbox) -> AsyncIterator[TerminalDriver]:
    async with TerminalDriver(box, desk=Desk(rows=20, columns=60)) as driver:
        yield driver


@pytest.fixture
def script(box: Sandbox) -> Script:
    async def write(code: str) -> str:
        await box.write("program.py", code.encode())
        return "python program.py"

    return write
