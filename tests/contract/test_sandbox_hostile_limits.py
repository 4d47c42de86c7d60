"""Hostile code against the limits of its box: forks, memory, disk, output, time."""

import pytest
from support.boxes import Need, python, shell, works

from macrohard.sandbox import Limits, Sandbox, SandboxProvider


async def test_a_fork_bomb_stays_in_its_box_and_ends(box: Sandbox, need: Need) -> None:
    need("orphans", "pid", "pids")

    result = await shell(box, "bomb() { bomb | bomb & }; bomb; sleep 30", timeout_s=1.0)

    assert result.outcome in ("timeout", "killed", "exited")
    assert await works(box)


async def test_processes_are_counted(box: Sandbox, need: Need) -> None:
    need("orphans")
    code = """
import os, time
born = 0
try:
    while born < 300:
        if os.fork() == 0:
            time.sleep(30)
        born += 1
except BlockingIOError:
    print('refused', flush=True)
time.sleep(30)
"""
    result = await python(box, code, timeout_s=1.5)

    assert "refused" in result.stdout or result.outcome == "killed"
    assert await works(box)


async def test_one_process_cannot_take_all_memory(box: Sandbox) -> None:
    result = await python(
        box, "x = b'x' * (600 * 2**20); import time; time.sleep(1); print('got it')"
    )

    assert "got it" not in result.stdout
    assert "MemoryError" in result.stderr or result.outcome == "oom"
    assert await works(box)


async def test_many_processes_cannot_take_all_memory(box: Sandbox, need: Need) -> None:
    need("orphans")
    code = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        block = bytearray(os.urandom(2**20) * 120)
        time.sleep(30)
time.sleep(30)
"""
    result = await python(box, code)

    assert (result.outcome, result.returncode) == ("oom", 137)
    assert await works(box)


async def test_memory_that_processes_share_counts_once(box: Sandbox, need: Need) -> None:
    need("orphans")
    code = """
import os, time
block = bytearray(os.urandom(2**20) * 100)
for _ in range(4):
    if os.fork() == 0:
        time.sleep(0.5)
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
print('done')
"""
    result = await python(box, code)

    assert (result.stdout, result.outcome) == ("done\n", "exited")


async def test_a_file_cannot_grow_past_its_limit(box: Sandbox) -> None:
    result = await shell(box, "head -c 9000000 /dev/zero > big; stat -c %s big")

    assert int(result.stdout) <= 8 * 2**20


async def test_a_huge_hole_is_refused(box: Sandbox) -> None:
    result = await shell(box, "truncate -s 1T hole")

    assert result.returncode != 0


async def test_the_workspace_has_a_bottom(box: Sandbox, need: Need) -> None:
    need("mount")

    result = await shell(
        box, "for n in 1 2 3 4; do head -c 6000000 /dev/zero > f$n; done; du -sm ."
    )

    assert "No space left" in result.stderr
    assert int(result.stdout.split()[0]) <= 16


async def test_files_in_the_workspace_are_counted(box: Sandbox, need: Need) -> None:
    need("mount")

    result = await shell(box, "seq 40000 | xargs touch")

    assert "No space left" in result.stderr
    assert await works(box)


async def test_places_for_temporary_files_have_a_bottom(box: Sandbox, need: Need) -> None:
    need("mount")
    fill = "for n in {1..20}; do head -c 8000000 /dev/zero > $n; done"

    for place in ("/tmp", "/dev/shm"):  # noqa: S108 - inside the box
        result = await shell(box, fill, cwd=place)
        assert "No space left" in result.stderr


async def test_endless_output_is_cut_and_ended(box: Sandbox) -> None:
    result = await shell(box, "yes & yes >&2", timeout_s=0.6)

    assert (result.outcome, result.truncated) == ("timeout", True)
    assert len(result.stdout) < 10_100
    assert len(result.stderr) < 10_100


async def test_open_files_are_counted(box: Sandbox) -> None:
    code = "f = [open('/dev/null') for _ in range(2000)]"

    result = await python(box, code)

    assert "Too many open files" in result.stderr


async def test_processor_time_is_counted(
    provider: SandboxProvider, request: pytest.FixtureRequest
) -> None:
    if "userns" in request.node.name:
        pytest.skip("the limit is the same one, and it takes a second of processor time")
    async with await provider.create(label="cpu", limits=Limits(cpu_s=1)) as box:
        result = await shell(box, "while :; do :; done", timeout_s=60)

    assert result.outcome == "killed"
