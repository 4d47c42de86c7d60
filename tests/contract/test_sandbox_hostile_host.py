"""Hostile code that looks for the host, its network, and a way out.

Cases that would hurt the host if the box did not hold are never run without the pieces they need.
"""

import os
import socket
from pathlib import Path

import pytest
from support.boxes import Need, count_running, python, shell

from macrohard.sandbox import Sandbox, SandboxProvider


async def test_secrets_in_the_environment_of_others_cannot_be_read(
    box: Sandbox, need: Need
) -> None:
    need("pid")

    result = await shell(box, "cat /proc/[0-9]*/environ /proc/1/environ | tr '\\0' '\\n'")

    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in result.stdout


async def test_files_of_the_host_are_not_there(box: Sandbox, need: Need, tmp_path: Path) -> None:
    need("mount")
    (tmp_path / "secret").write_text("hunter2")

    result = await shell(
        box, f"cat {tmp_path}/secret; cat /proc/1/root{tmp_path}/secret; ls -A /home /etc/shadow"
    )

    assert "hunter2" not in result.stdout
    assert result.stdout.split() == ["/home:"]


async def test_the_socket_of_an_engine_is_not_there(box: Sandbox, need: Need) -> None:
    need("mount")

    result = await shell(box, "find / -xdev -name '*.sock' 2>/dev/null; ls /var/run/docker.sock")

    assert result.stdout == ""


async def test_processes_of_the_host_are_not_there(
    box: Sandbox, need: Need, request: pytest.FixtureRequest
) -> None:
    need("pid")

    result = await shell(box, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")

    assert "pytest" not in result.stdout
    if os.getuid() != 0 or "userns" not in request.node.name:  # root's own group sees everything
        assert "keeper" not in result.stdout


async def test_boxes_do_not_see_each_other(
    provider: SandboxProvider, box: Sandbox, need: Need
) -> None:
    need("pid", "mount")
    async with await provider.create(label="other") as other:
        terminal = await other.terminal(["sh", "-c", "touch ~/mine; sleep 86"])
        await terminal.read(0.2)

        assert await count_running(box, "86") == 0
        assert (await shell(box, "ls -A . ~ | wc -w")).stdout == "2\n"  # the two headings


async def test_nothing_outside_the_workspace_can_be_written(box: Sandbox, need: Need) -> None:
    need("mount", "user")

    result = await shell(
        box,
        "for p in / /usr /usr/bin /etc /opt/python /opt/python/bin /dev /proc/sys/kernel /run;"
        " do touch $p/x 2>/dev/null && echo wrote $p; done;"
        " for f in /etc/passwd /proc/sys/kernel/hostname /proc/sysrq-trigger /usr/bin/env;"
        " do echo h 2>/dev/null >> $f && echo wrote $f; done; true",
    )

    assert result.stdout == ""


async def test_there_are_no_privileges_and_no_way_to_them(box: Sandbox) -> None:
    result = await shell(box, "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; cp /bin/sh s;"
                              " chmod 4755 s; ./s -c 'grep ^CapEff /proc/self/status'")  # fmt: skip

    values = dict(line.split(":\t") for line in result.stdout.splitlines())
    assert values.pop("NoNewPrivs") == "1"
    values.pop("CapBnd")  # what nobody can have without a way to new privileges
    assert set(values.values()) == {"0000000000000000"}


async def test_commands_are_another_user(box: Sandbox, need: Need) -> None:
    need("user", "mount")

    result = await shell(box, "id -u; id -un; id -G; chown 0 . && echo owned")

    uid, name, groups, *rest = result.stdout.split()
    assert (groups, rest) == (uid, [])
    assert name in ("box", "app")
    assert int(uid) not in (0, os.getuid())


async def test_devices_and_mounts_cannot_be_made(box: Sandbox, need: Need) -> None:
    need("mount")
    attack = "mknod disk b 8 0 && echo made; mount -t tmpfs x . && echo mounted; cd /dev; ls"

    result = await shell(box, attack)

    devices = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    # An engine adds a dangling link and message queues of its own.
    assert [name for name in result.stdout.split() if name not in ("core", "mqueue")] == (
        devices.split()
    )


CALLS = {
    "new user namespace": "libc.unshare(0x10000000)",
    "new mount namespace": "libc.unshare(0x20000)",
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "mount": "libc.mount(b'x', b'/work', b'tmpfs', 0, 0)",
    "io_uring": "libc.syscall(425, 8, ctypes.byref(ctypes.create_string_buffer(256)))",
    "fsopen": "libc.syscall(430, b'tmpfs', 0)",
    "setns": "libc.setns(0, 0)",
}
if os.uname().machine == "x86_64":  # numbers of its own
    CALLS |= {
        "add_key": "libc.syscall(248, b'user', b'x', b'y', 1, -3)",
        "keyctl": "libc.syscall(250, 0, -3, 1)",
        "bpf": "libc.syscall(321, 0, 0, 0)",
        "userfaultfd": "libc.syscall(323, 1)",
        "perf_event_open": "libc.syscall(298, 0, 0, -1, -1, 0)",
        "open_by_handle_at": "libc.syscall(304, -100, 0, 0)",
        "kexec_load": "libc.syscall(246, 0, 0, 0, 0)",
    }


async def test_system_calls_around_the_walls_are_refused(box: Sandbox, need: Need) -> None:
    need("syscalls")
    tell = "errno.errorcode[ctypes.get_errno()]"
    tries = [f"print({name!r}, {call} < 0 and {tell})" for name, call in CALLS.items()]

    code = "\n".join(["import ctypes, errno; libc = ctypes.CDLL(None, use_errno=True)", *tries])
    result = await python(box, code)

    assert result.stdout.splitlines() == [f"{name} EPERM" for name in CALLS]


async def test_threads_and_processes_can_still_be_made(box: Sandbox) -> None:
    code = """
import concurrent.futures as f, multiprocessing as m, subprocess, threading
if __name__ == '__main__':
    with f.ThreadPoolExecutor(4) as pool: print(sum(pool.map(int, '1234')))
    print(subprocess.check_output(['echo', 'sub']).decode().strip())
    with m.get_context('fork').Pool(2) as pool: print(sum(pool.map(abs, [-1, -2])))
"""
    assert (await python(box, code)).stdout.split() == ["10", "sub", "3"]


async def test_names_and_shared_memory_are_its_own(box: Sandbox, need: Need) -> None:
    need("ipc")

    result = await shell(box, "hostname; readlink /proc/self/ns/ipc /proc/self/ns/uts")

    name, ipc, uts = result.stdout.split()
    assert name == "box"
    assert ipc != str(Path("/proc/self/ns/ipc").readlink())
    assert uts != str(Path("/proc/self/ns/uts").readlink())


async def test_the_network_cannot_be_reached(box: Sandbox, need: Need) -> None:
    need("net")
    listener = socket.create_server(("0.0.0.0", 0))  # noqa: S104 - so that any way in would do
    port = listener.getsockname()[1]
    code = f"""
import socket
for host in ('127.0.0.1', '10.0.0.1', '169.254.169.254', '8.8.8.8', '::1', '2001:4860:4860::8888'):
    try:
        socket.create_connection((host, {port}), timeout=2)
        print('reached', host)
    except OSError:
        pass
print([name for _, name in socket.if_nameindex() if name != 'lo'])
"""
    result = await python(box, code)
    listener.close()

    assert "reached" not in result.stdout
    assert not any(name in result.stdout for name in ("eth", "en", "wlan", "docker"))


async def test_sockets_of_the_host_without_a_file_are_not_there(box: Sandbox, need: Need) -> None:
    need("net")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0macrohard-hostile-test")
        listener.listen()
        result = await python(
            box, "import socket; socket.socket(socket.AF_UNIX).connect('\\0macrohard-hostile-test')"
        )

    assert "ConnectionRefusedError" in result.stderr


async def test_sockets_past_the_network_are_refused(box: Sandbox, need: Need) -> None:
    need("syscalls")
    code = """
import errno, socket
for family in (socket.AF_VSOCK, socket.AF_PACKET, socket.AF_ALG, 31, 44):
    try:
        socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
    assert (await python(box, code)).stdout.split() == ["EAFNOSUPPORT"] * 5


async def test_raw_packets_cannot_be_sent(box: Sandbox) -> None:
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"

    assert "PermissionError" in (await python(box, code)).stderr
