"""Contract: programs on a pseudo-terminal."""

import asyncio

import pytest
from support.boxes import QUICK_S, count_running

from macrohard.errors import SandboxError
from macrohard.sandbox import Sandbox, Terminal


async def until(terminal: Terminal, text: str) -> str:
    """What the terminal shows until ``text`` is among it."""
    seen = b""
    async with asyncio.timeout(QUICK_S):
        while text.encode() not in seen:
            seen += await terminal.read(0.2)
    return seen.decode(errors="replace")


async def until_end(terminal: Terminal) -> str:
    """What the terminal shows until its program ends."""
    seen = b""
    async with asyncio.timeout(QUICK_S):
        while terminal.alive:
            seen += await terminal.read(0.05)
        while more := await terminal.read(0.05):
            seen += more
    return seen.decode(errors="replace")


async def test_what_is_typed_is_echoed_and_answered(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "printf 'name? '; read name; echo hello $name"])
    await until(terminal, "name? ")
    await terminal.send(b"Ada\r")

    assert await until_end(terminal) == "Ada\r\nhello Ada\r\n"
    assert await terminal.close() == 0


async def test_it_is_a_terminal_and_the_controlling_one(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "test -t 0 && test -t 1 && echo yes > /dev/tty"])

    assert await until_end(terminal) == "yes\r\n"
    await terminal.close()


async def test_its_size_is_the_one_given(box: Sandbox) -> None:
    terminal = await box.terminal(["stty", "size"], rows=11, columns=47)

    assert await until_end(terminal) == "11 47\r\n"
    await terminal.close()


async def test_a_new_size_is_announced(box: Sandbox) -> None:
    script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done"
    terminal = await box.terminal(["bash", "-c", script])
    await until(terminal, "ready")
    terminal.resize(20, 60)

    assert "20 60" in await until_end(terminal)
    await terminal.close()


async def test_control_c_interrupts(box: Sandbox) -> None:
    code = "import time; print('ready', flush=True); time.sleep(71); print('after')"
    terminal = await box.terminal(["python", "-c", code])
    await until(terminal, "ready")
    await terminal.send(b"\x03")
    seen = await until_end(terminal)

    assert "KeyboardInterrupt" in seen
    assert "after" not in seen
    assert await terminal.close() == 130


async def test_control_d_ends_the_input(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "cat; echo over"])
    await terminal.send(b"line\r")
    await until(terminal, "line\r\nline")
    await terminal.send(b"\x04")

    assert "over" in await until_end(terminal)
    await terminal.close()


async def test_its_environment_is_clean_and_extendable(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACROHARD_TEST_SECRET", "hunter2")
    terminal = await box.terminal(["env"], env={"PS1": "> "})
    seen = await until_end(terminal)
    await terminal.close()

    assert "hunter2" not in seen
    assert "PS1=> \r\n" in seen
    assert "TERM=" in seen


async def test_it_runs_where_it_is_told(box: Sandbox) -> None:
    await box.write("sub/file", b"")
    terminal = await box.terminal(["ls"], cwd="sub")

    assert await until_end(terminal) == "file\r\n"
    await terminal.close()


async def test_bytes_pass_as_they_are(box: Sandbox) -> None:
    script = "stty raw -echo; printf 'r'; head -c 4 | od -An -tx1"
    terminal = await box.terminal(["sh", "-c", script])
    await until(terminal, "r")
    await terminal.send(bytes([0, 27, 255, 13]))

    assert (await until_end(terminal)).split() == ["00", "1b", "ff", "0d"]
    await terminal.close()


async def test_reading_nothing_ends_in_time(box: Sandbox) -> None:
    terminal = await box.terminal(["sleep", "72"])

    assert await terminal.read(0.05) == b""
    assert terminal.alive
    await terminal.close()


async def test_the_status_of_a_program_that_ended_is_kept(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "exit 7"])
    await until_end(terminal)

    assert not terminal.alive
    assert [await terminal.close(), await terminal.close()] == [7, 7]


async def test_closing_ends_the_program_and_what_it_started(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "trap '' HUP TERM; sleep 73 & echo up; sleep 73"])
    await until(terminal, "up")

    assert await terminal.close() is None
    assert not terminal.alive
    assert await terminal.read(0.05) == b""
    assert await count_running(box, "73") == 0


async def test_using_a_closed_terminal_does_nothing(box: Sandbox) -> None:
    terminal = await box.terminal(["cat"])
    await terminal.close()
    await terminal.send(b"x")
    terminal.resize(10, 10)

    assert await terminal.read(0.05) == b""


async def test_a_program_that_does_not_exist_ends_at_once(box: Sandbox) -> None:
    terminal = await box.terminal(["no-such-program"])

    assert "no-such-program" in await until_end(terminal)
    assert await terminal.close() == 127


async def test_terminals_and_commands_work_side_by_side(box: Sandbox) -> None:
    one = await box.terminal(["cat"])
    two = await box.terminal(["cat"])
    await one.send(b"first\r")
    await two.send(b"second\r")
    result = await box.exec(["echo", "third"], timeout_s=QUICK_S)

    assert await until(one, "first\r\nfirst") == "first\r\nfirst\r\n"
    assert await until(two, "second\r\nsecond") == "second\r\nsecond\r\n"
    assert result.stdout == "third\n"
    assert (one.alive, two.alive) == (True, True)
    await one.close()
    await two.close()


async def test_much_output_arrives_whole(box: Sandbox) -> None:
    terminal = await box.terminal(["seq", "20000"])
    seen = await until_end(terminal)
    await terminal.close()

    assert seen.split() == [str(number) for number in range(1, 20001)]


async def test_typing_into_a_program_that_reads_nothing_ends(box: Sandbox) -> None:
    terminal = await box.terminal(["sh", "-c", "stty raw; sleep 74"])
    await asyncio.wait_for(terminal.send(b"x" * 200_000), QUICK_S)

    assert terminal.alive
    await terminal.close()


async def test_a_terminal_ends_with_its_box(box: Sandbox) -> None:
    terminal = await box.terminal(["cat"])
    await box.close()

    assert not terminal.alive
    assert await terminal.read(0.05) == b""
    assert await terminal.close() is None
    with pytest.raises(SandboxError):
        await box.terminal(["cat"])
