"""What is left of process sandboxes when they, their keeper or the factory end: nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from macrohard.errors import SandboxError
from macrohard.sandbox import ProcessProvider

NOTHING = frozenset({"user", "mount", "pid", "net", "ipc", "syscalls"})
QUICK_S = 20.0
FACTORY = """
import asyncio, sys
from pathlib import Path
from macrohard.sandbox import ProcessProvider

async def main(root, without, marker):
    provider = ProcessProvider(Path(root), without=frozenset(without.split(",")) - {""})
    for number in range(2):
        box = await provider.create(label=str(number))
        await box.write("file", b"x")
        terminal = await box.terminal(["sleep", marker])
        command = f"(setsid sleep {marker} &); touch begun; sleep {marker}"
        task = asyncio.create_task(box.exec(["sh", "-c", command], timeout_s=600))
        while True:
            try:
                await box.read("begun")
                break
            except FileNotFoundError:
                await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


def running(marker: str) -> list[str]:
    """Processes of this machine with ``marker`` on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if marker.encode() in words:
            found.append(entry.name)
    return found


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + QUICK_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.parametrize("without", ["", ",".join(sorted(NOTHING))], ids=["full", "poor"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_factory_that_is_killed(
    tmp_path: Path, without: str, how: signal.Signals
) -> None:
    marker = f"9{os.getpid()}{how.value}{len(without)}"
    factory = subprocess.Popen(
        [sys.executable, "-c", FACTORY, str(tmp_path), without, marker], stdout=subprocess.PIPE
    )
    with factory:
        assert factory.stdout is not None
        said = factory.stdout.readline()
        # Three sleepers in each of two boxes, and the factory itself.
        wait_until(lambda: len(running(marker)) >= 7)
        factory.send_signal(how)
    assert said == b"ready\n"
    wait_until(lambda: not running(marker))
    wait_until(lambda: not list(tmp_path.iterdir()))

    assert running(marker) == []

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("without", [frozenset[str](), NOTHING], ids=["full", "poor"])
async def test_a_killed_keeper_is_an_error_and_leaves_nothing(
    tmp_path: Path, without: frozenset[str]
) -> None:
    marker = f"8{os.getpid()}{len(without)}"
    provider = ProcessProvider(tmp_path, without=without)
    box = await provider.create(label="doomed")
    await box.write("begun", b"")
    waiting = asyncio.create_task(box.exec(["sleep", marker], timeout_s=60))
    async with asyncio.timeout(QUICK_S):
        while not running(marker):
            await asyncio.sleep(0.01)
    box._premises.keeper.kill()

    with pytest.raises(SandboxError, match="doomed is gone"):
        await waiting
    with pytest.raises(SandboxError, match="doomed"):
        await box.read("begun")
    await box.close()
    await asyncio.to_thread(wait_until, lambda: not running(marker))
    assert running(marker) == []
    assert list(tmp_path.iterdir()) == []


async def test_folders_of_dead_factories_are_swept(tmp_path: Path) -> None:
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    dead = tmp_path / f"macrohard-box-{ended.pid}-00ff"
    alive = tmp_path / f"macrohard-box-{os.getpid()}-00ff"
    other = tmp_path / "notes"
    for folder in (dead, alive, other):
        (folder / "work").mkdir(parents=True)
    provider = ProcessProvider(tmp_path, without=NOTHING)
    async with await provider.create(label="next"):
        assert not dead.exists()

    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "notes"]


async def test_a_keeper_gets_nothing_of_our_environment() -> None:
    async with await ProcessProvider().create(label="bare") as box:
        keeper = box._premises.keeper
        given = Path(f"/proc/{keeper.pid}/environ").read_bytes()

    assert b"PYTEST_CURRENT_TEST" not in given
    assert len(given.split(b"\0")) <= 2  # Python itself may note its locale


async def test_boxes_leak_no_descriptors() -> None:
    provider = ProcessProvider()
    async with await provider.create(label="first") as box:
        await box.exec(["true"], timeout_s=QUICK_S)
    before = open_descriptors()
    for _ in range(3):
        async with await provider.create(label="more") as box:
            await box.exec(["cat"], timeout_s=QUICK_S, stdin=b"x")
            await box.exec(["sleep", "60"], timeout_s=0.05)
            await box.terminal(["cat"])
            box.endpoint(8000)
            await box.write("a/b", b"")

    assert open_descriptors() == before


async def test_a_box_whose_making_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    provider = ProcessProvider(tmp_path, without=NOTHING)
    before = open_descriptors()
    for pause_s in (0.0, 0.005, 0.02, 0.04):
        task = asyncio.create_task(provider.create(label="never"))
        await asyncio.sleep(pause_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await provider.close()

    assert list(tmp_path.iterdir()) == []
    assert open_descriptors() == before
