"""What the kernel says of a program in the foreground."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.users.terminals.foreground import read_processes


def process(
    state: str, wchan: str, *, pid: int = 9, session: int = 5, group: int = 9, front: int = 9
) -> str:
    return f"{pid} (a) b (c) {state} 5 {group} {session} 34816 {front} 4194304 100 @{wchan}"


SHELL = process("S", "do_wait", pid=5, group=5)


@pytest.mark.parametrize(
    ("lines", "doing"),
    [
        ([SHELL, process("S", "wait_woken")], "reads"),
        ([SHELL, process("S", "n_tty_read")], "reads"),
        ([SHELL, process("R", "0")], "computes"),
        ([SHELL, process("S", "hrtimer_nanosleep")], "sleeps"),
        ([SHELL, process("S", "do_select")], "unknown"),
        ([SHELL, process("R", "0", group=8)], "unknown"),  # in the background
        ([SHELL, process("S", "wait_woken", session=6, group=6, front=6)], "unknown"),  # another's
        ([SHELL, process("S", "pipe_read"), process("S", "wait_woken")], "reads"),  # a pipeline
        ([process("S", "wait_woken", pid=5, group=5, front=5)], "reads"),  # the shell's own read
        ([], "unknown"),
    ],
)
def test_what_a_program_is_doing(lines: list[str], doing: str) -> None:
    assert read_processes("\n".join(lines), 5) == doing


@given(st.text(max_size=200))
def test_nonsense_is_unknown(listing: str) -> None:
    assert read_processes(listing, 5) == "unknown"
