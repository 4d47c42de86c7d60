"""A person's own terminal, laid through to a program in a box."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator

from macrohard.sandbox import Sandbox, Terminal

_TURN_S = 0.2  # how often it is looked whether the program has ended


async def attach(box: Sandbox, argv: list[str], cwd: str) -> int:
    """Run a program in a box on the terminal this command was started from.

    Returns:
        Its exit status.
    """
    columns, rows = os.get_terminal_size(sys.stdin.fileno())
    terminal = await box.terminal(
        argv, rows=rows, columns=columns, cwd=cwd, env={"TERM": os.environ.get("TERM", "linux")}
    )
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    with _raw(stdin):
        loop.add_reader(stdin, lambda: typed.put_nowait(os.read(stdin, 4096)))
        loop.add_signal_handler(signal.SIGWINCH, _resize, terminal)
        typing = asyncio.create_task(_type(terminal, typed))
        try:
            while data := await terminal.read(_TURN_S) or terminal.alive:
                if isinstance(data, bytes):
                    os.write(stdout, data)
        finally:
            typing.cancel()
            loop.remove_reader(stdin)
            loop.remove_signal_handler(signal.SIGWINCH)
    return await terminal.close() or 0


async def _type(terminal: Terminal, typed: "asyncio.Queue[bytes]") -> None:
    while True:
        await terminal.send(await typed.get() or b"\x04")  # the end of input is a key there


def _resize(terminal: Terminal) -> None:
    columns, rows = os.get_terminal_size(sys.stdin.fileno())
    terminal.resize(rows, columns)


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Every key goes to the program, Ctrl-C too."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
