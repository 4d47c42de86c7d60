"""The parts a sandbox is built from, each on its own."""

import asyncio
import errno
import os
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import SandboxError
from macrohard.sandbox import export, files
from macrohard.sandbox.inbox import syscalls, tree, wire
from macrohard.sandbox.interpreter import layout
from macrohard.sandbox.output import Capture, End, drain, pour

# Output ----------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=60), max_size=40), st.integers(2, 300))
def test_what_is_kept_is_the_head_and_the_tail(chunks: list[bytes], cap: int) -> None:
    capture = Capture(cap)
    for chunk in chunks:
        capture.feed(chunk)
    whole = b"".join(chunks)
    text = capture.text()

    assert capture.truncated == (len(whole) > cap)
    if not capture.truncated:
        assert text == whole.decode("utf-8", errors="replace")
    else:
        head, _, tail = text.partition(f"\n[... {len(whole) - cap} bytes left out ...]\n")
        assert head == whole[: cap // 2].decode("utf-8", errors="replace")
        assert tail == whole[-(cap - cap // 2) :].decode("utf-8", errors="replace")


async def test_a_pipe_is_drained_while_it_is_filled() -> None:
    read_end, write_end = os.pipe()
    for end in (read_end, write_end):
        os.set_blocking(end, False)
    capture = Capture(2_000_000)
    await asyncio.gather(drain(read_end, capture), pour(End(write_end), b"ab" * 500_000))
    os.close(read_end)

    assert capture.text() == "ab" * 500_000


async def test_pouring_into_a_pipe_nobody_reads_any_more_ends() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    os.close(read_end)
    await pour(End(write_end), b"x" * 100_000)

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(write_end)


# Framing ---------------------------------------------------------------------------------------

MESSAGES = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=4)


@given(st.lists(MESSAGES, max_size=6), st.integers(1, 50))
def test_messages_survive_any_cutting(messages: list[wire.Message], step: int) -> None:
    data = b"".join(wire.pack(message) for message in messages)
    inbox = wire.Inbox()
    seen = []
    for start in range(0, len(data), step):
        seen += [message for message, _ in inbox.feed(data[start : start + step], [])]

    assert seen == messages


def test_descriptors_reach_the_message_they_came_with() -> None:
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    with ours, theirs:
        wire.send(ours, {"n": 1})
        wire.send(ours, {"n": 2}, (read_end, write_end))
        wire.send(ours, {"n": 3})
        inbox = wire.Inbox()
        seen: list[tuple[wire.Message, list[int]]] = []
        while len(seen) < 3:
            seen += inbox.feed(*wire.receive_some(theirs))

    assert [(message["n"], len(descriptors)) for message, descriptors in seen] == [
        (1, 0), (2, 2), (3, 0),
    ]  # fmt: skip
    assert not any(os.get_inheritable(descriptor) for descriptor in seen[1][1])
    for descriptor in (read_end, write_end, *seen[1][1]):
        os.close(descriptor)


def test_a_message_that_arrived_is_not_told_as_lost() -> None:
    """Who is told so sends it again, and a command runs twice."""
    near, far = socket.socketpair()

    class Quick:
        """A line whose other end is done, and gone, as soon as it has its message."""

        def sendmsg(self, *arguments: Any) -> int:
            sent = near.sendmsg(*arguments)
            far.close()
            return sent

        def sendall(self, data: bytes) -> None:
            near.sendall(data)

    with near, Path(os.devnull).open("rb") as file:
        wire.send(Quick(), {"op": "exec"}, (file.fileno(),))
        with pytest.raises(BrokenPipeError):
            near.sendall(b"")  # what it must not do


def test_a_message_of_impossible_length_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        wire.Inbox().feed(struct.pack("!IB", 2**31, 0), [])


# Paths -----------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b c", "/", "x"]), max_size=6))
def test_no_path_climbs_out(pieces: list[str]) -> None:
    path = "/".join(pieces)
    try:
        parts = files.split(path)
    except PermissionError:
        assert path.startswith("/") or ".." in path.split("/")
    else:
        assert ".." not in parts
        assert not any("/" in part for part in parts)


def test_a_tree_the_host_lost_meanwhile_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "in" / "locked").mkdir(parents=True)
    (tmp_path / "in" / "kept").write_text("x")
    source = os.open(tmp_path / "in", os.O_RDONLY)
    left_out = export.write_out(tmp_path / "out", source, 10)
    os.close(source)

    assert left_out == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["kept", "locked"]


def test_nothing_is_copied_of_a_tree_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"x" * 6)
    (tmp_path / "in" / "b").write_bytes(b"x" * 6)
    source = os.open(tmp_path / "in", os.O_RDONLY)
    with pytest.raises(SandboxError, match="more than 10 bytes"):
        export.write_out(tmp_path / "out", source, 10)
    os.close(source)

    assert not (tmp_path / "out").exists()


# The Python of a box ---------------------------------------------------------------------------


def test_pytest_comes_with_what_it_needs_and_nothing_else() -> None:
    names = {Path(dest).name for _, dest in layout().binds if "site-packages" in dest}

    assert {"pytest", "_pytest", "pluggy", "iniconfig", "packaging"} <= names
    assert not names & {"macrohard", "pydantic", "openai", "langgraph"}


def test_packages_that_are_not_installed_are_left_out() -> None:
    assert not [dest for _, dest in layout(("no-such-package",)).binds if "site-packages" in dest]


# System calls ----------------------------------------------------------------------------------

MACHINES = {
    "x86_64": {"audit": 0xC000003E, "read": 0, "clone": 56, "socket": 41, "unshare": 272},
    "aarch64": {"audit": 0xC00000B7, "read": 63, "clone": 220, "socket": 198, "unshare": 97},
}
ALLOW = 0x7FFF0000


def decide(program: bytes, audit: int, number: int, first: int = 0) -> int:
    """What the kernel would answer: an interpreter of the instructions the filter uses."""
    steps = list(struct.iter_unpack("=HBBI", program))
    words = {0: number, 4: audit, 16: first}
    at = value = 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == 0x20:
            value = words[operand]
        elif code == 0x06:
            return int(operand)
        else:
            holds = {0x15: value == operand, 0x45: bool(value & operand), 0x35: value >= operand}
            at += if_true if holds[code] else if_false


@pytest.mark.parametrize("machine", list(MACHINES))
def test_the_filter_decides_as_it_should(machine: str) -> None:
    numbers = MACHINES[machine]
    program = syscalls.compile_filter(machine)
    audit = numbers["audit"]
    refused = 0x00050000 | errno.EPERM

    assert decide(program, audit, numbers["read"]) == ALLOW
    assert decide(program, audit, numbers["clone"], 0x01200011) == ALLOW  # fork
    assert decide(program, audit, numbers["clone"], 0x003D0F00) == ALLOW  # a thread
    assert decide(program, audit, numbers["clone"], 0x10000011) == refused
    assert decide(program, audit, numbers["unshare"]) == refused
    assert decide(program, audit, 425) == refused
    assert decide(program, audit, 435) == 0x00050000 | errno.ENOSYS
    assert decide(program, audit, numbers["socket"], socket.AF_INET) == ALLOW
    assert decide(program, audit, numbers["socket"], socket.AF_UNIX) == ALLOW
    assert decide(program, audit, numbers["socket"], 40) == 0x00050000 | errno.EAFNOSUPPORT
    assert decide(program, 0x40000003, numbers["read"]) == refused  # 32-bit calls
    assert decide(program, audit, 0x40000000 | numbers["read"]) == refused  # x32 calls


def test_a_machine_without_a_table_has_no_filter() -> None:
    with pytest.raises(OSError, match="riscv"):
        syscalls.compile_filter("riscv64")


# Trees of processes ----------------------------------------------------------------------------


def test_children_are_found_with_and_without_the_kernels_list() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        found = list(tree.descendants(os.getpid()))
        scanned = tree._scan()(os.getpid())
        spared = list(tree.descendants(os.getpid(), spare={child.pid}))
        child.kill()

    assert child.pid in found
    assert child.pid in scanned
    assert child.pid not in spared
