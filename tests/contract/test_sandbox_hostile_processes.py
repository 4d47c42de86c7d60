"""Hostile code that tries to stay, or to end what is not its own."""

import asyncio

from support.boxes import QUICK_S, Need, count_running, python, shell, works

from macrohard.sandbox import Sandbox

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        os.execvp('sleep', ['sleep', sys.argv[1]])
    os._exit(0)
os.wait()
time.sleep(float(sys.argv[2]))
"""


async def test_a_daemon_ends_with_its_command(box: Sandbox, need: Need) -> None:
    need("orphans")

    result = await python(box, DAEMON, "81", "0")

    assert result.outcome == "exited"
    assert await count_running(box, "81") == 0


async def test_a_daemon_ends_at_the_deadline(box: Sandbox, need: Need) -> None:
    need("orphans")

    result = await python(box, DAEMON, "82", "30", timeout_s=0.5)

    assert result.outcome == "timeout"
    assert await count_running(box, "82") == 0


async def test_running_from_process_to_process_saves_nobody(box: Sandbox, need: Need) -> None:
    need("pid", "orphans")
    code = """
import os, sys, time
for _ in range(8):  # each of them is somebody else every moment
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork():
                os._exit(0)
time.sleep(30)
"""
    result = await python(box, code, timeout_s=0.5)

    assert result.outcome == "timeout"
    seen = await shell(
        box, "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '[f]or _ in range'"
    )
    assert seen.stdout == "0\n"
    assert await works(box)


async def test_ignored_signals_save_nobody(box: Sandbox) -> None:
    result = await shell(box, "trap '' TERM INT HUP QUIT; sleep 83 & while :; do sleep 1; done",
                         timeout_s=0.5)  # fmt: skip

    assert result.outcome == "timeout"
    assert await count_running(box, "83") == 0


async def test_a_stopped_process_ends_too(box: Sandbox) -> None:
    result = await shell(box, "kill -STOP $$; sleep 84", timeout_s=0.5)

    assert result.outcome == "timeout"
    assert await works(box)


async def test_killing_everything_ends_nothing_of_ours(box: Sandbox, need: Need) -> None:
    need("pid")  # never without: it would end the host's processes

    result = await python(box, "import os; os.kill(-1, 9); os.kill(os.getpid(), 9)")

    assert result.outcome == "killed"
    assert await works(box)


async def test_the_keeper_cannot_be_killed_or_stopped(box: Sandbox, need: Need) -> None:
    need("pid")

    for signal in ("KILL", "STOP", "TERM", "INT", "HUP", "QUIT", "SEGV", "USR1", "CHLD", "ALRM"):
        await shell(box, f"kill -{signal} 1")

    assert await works(box)


async def test_killing_the_runner_frees_nobody(box: Sandbox, need: Need) -> None:
    need("pid", "orphans")

    result = await python(
        box, "import os, time\nos.fork() or os.setsid() or os.execvp('sleep', ['sleep', '85'])\n"
        "time.sleep(.1); os.kill(os.getppid(), 9); time.sleep(30)", timeout_s=5,
    )  # fmt: skip

    assert result.outcome in ("killed", "exited")  # exited where it may not do that
    assert await count_running(box, "85") == 0
    assert await works(box)


async def test_a_command_gets_no_descriptors_of_ours(box: Sandbox) -> None:
    result = await python(box, "import os; print(*sorted(map(int, os.listdir('/proc/self/fd'))))")

    assert result.stdout == "0 1 2 3\n"  # 3 is the listing itself


async def test_a_fork_bomb_does_not_keep_others_from_starting(box: Sandbox, need: Need) -> None:
    need("orphans", "pid", "pids")
    bomb = asyncio.create_task(
        python(
            box,
            "import os, pathlib, time\nwhile True:\n  try:\n    if not os.fork(): time.sleep(60)\n"
            "  except BlockingIOError: pathlib.Path('full').touch()",
        )
    )
    async with asyncio.timeout(QUICK_S):
        while not bomb.done():
            try:
                await box.read("full")
            except FileNotFoundError:
                await asyncio.sleep(0.01)
            else:
                break

    assert await works(box)
    bomb.cancel()
    await asyncio.gather(bomb, return_exceptions=True)
