"""Hostile code: what it may try against limits, processes, the host, the network.

A case this host cannot hold is skipped with the provider's own words for it. The cases that would
hurt the host if the box did not hold are never run without the pieces they need.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from macrohard.sandbox import ExecResult, Limits, Sandbox, SandboxProvider

Need = Callable[..., None]
QUICK_S = 20.0
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


async def python(box: Sandbox, code: str, *arguments: str, **options: Any) -> ExecResult:
    options.setdefault("timeout_s", QUICK_S)
    return await box.exec(["python", "-c", code, *arguments], **options)


async def shell(box: Sandbox, script: str, **options: Any) -> ExecResult:
    options.setdefault("timeout_s", QUICK_S)
    return await box.exec(["bash", "-c", script], **options)


async def count_running(box: Sandbox, marker: str) -> int:
    script = f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^{marker}$'"
    return int((await shell(box, script)).stdout)


async def works(box: Sandbox) -> bool:
    return (await shell(box, "echo works")).stdout == "works\n"


# Limits ---------------------------------------------------------------------------------------


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


# Processes ------------------------------------------------------------------------------------


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


# The host -------------------------------------------------------------------------------------


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
    assert (name, groups, rest) == ("box", uid, [])
    assert int(uid) not in (0, os.getuid())


async def test_devices_and_mounts_cannot_be_made(box: Sandbox, need: Need) -> None:
    need("mount")
    attack = "mknod disk b 8 0 && echo made; mount -t tmpfs x . && echo mounted; cd /dev; ls"

    result = await shell(box, attack)

    devices = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert result.stdout.split() == devices.split()


CALLS = {
    "new user namespace": "libc.unshare(0x10000000)",
    "new mount namespace": "libc.unshare(0x20000)",
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "mount": "libc.mount(b'x', b'/work', b'tmpfs', 0, 0)",
    "io_uring": "libc.syscall(425, 8, ctypes.byref(ctypes.create_string_buffer(256)))",
    "fsopen": "libc.syscall(430, b'tmpfs', 0)",
    "clone into a namespace": "libc.clone(0, 0, 0x10000000, 0)",
    "setns": "libc.setns(0, 0)",
}


async def test_system_calls_around_the_walls_are_refused(box: Sandbox, need: Need) -> None:
    need("syscalls")
    tries = [f"print({name!r}, {call} < 0)" for name, call in CALLS.items()]

    code = "\n".join(["import ctypes; libc = ctypes.CDLL(None, use_errno=True)", *tries])
    result = await python(box, code)

    assert result.stdout.splitlines() == [f"{name} True" for name in CALLS]


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


# The network ----------------------------------------------------------------------------------


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


# Files on their way out -------------------------------------------------------------------------


async def swap(box: Sandbox, secret: Path) -> "asyncio.Task[ExecResult]":
    """Make ``d`` a directory and a link to the host in turn, as fast as it goes."""
    code = """
import os, pathlib, sys
os.mkdir('real'); pathlib.Path('real/secret').write_text('box')
os.symlink(sys.argv[1], 'link'); pathlib.Path('ready').touch()
while True:
    os.rename('real', 'd'); os.rename('d', 'real')
    os.rename('link', 'd'); os.rename('d', 'link')
"""
    task = asyncio.create_task(python(box, code, str(secret.parent)))
    async with asyncio.timeout(QUICK_S):
        while True:
            try:
                await box.read("ready")
            except FileNotFoundError:
                await asyncio.sleep(0.01)
            else:
                return task


async def test_a_link_swapped_in_leads_nowhere(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "host" / "secret"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    swapping = await swap(box, secret)
    seen: set[bytes] = set()
    for number in range(150):
        try:
            seen.add(await box.read("d/secret"))
        except (PermissionError, FileNotFoundError):
            seen.add(b"refused")
        if number % 15 == 0:
            await box.get_tree(tmp_path / str(number))
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)

    assert seen <= {b"box", b"refused"}
    taken = {path.read_text() for path in tmp_path.glob("[0-9]*/**/secret")}
    assert taken <= {"box", ""}


async def test_nothing_is_written_through_a_link_swapped_in(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "host" / "secret"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    swapping = await swap(box, secret)
    for _ in range(150):
        try:
            await box.write("d/secret", b"overwritten")
            await box.write("d/new", b"planted")
        except (PermissionError, FileNotFoundError, OSError):
            continue
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)

    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    assert secret.read_text() == "hunter2"


async def test_links_pipes_and_sockets_are_not_read(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    await shell(box, f"ln -s {tmp_path}/secret link; ln -s {tmp_path} folder; mkfifo pipe")
    await python(box, "import socket; socket.socket(socket.AF_UNIX).bind('sock')")

    for path in ("link", "folder/secret", "pipe", "sock"):
        with pytest.raises(PermissionError):
            await box.read(path)


async def test_a_file_replaces_a_link_and_is_not_written_through_it(
    box: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "host").write_text("untouched")
    await shell(box, f"ln -s {tmp_path}/host out")
    await box.write("out", b"data")

    assert await box.read("out") == b"data"
    assert (tmp_path / "host").read_text() == "untouched"


async def test_odd_names_come_out_or_are_named(box: Sandbox, tmp_path: Path) -> None:
    code = r"""
import os
for name in (b'n' * 255, b'-rf', b'a b', b'new\nline', b'esc\x1b[2J', b'\xff\xfe', b'..x', b'%s'):
    with open(name, 'w') as f: f.write('x')
"""
    await python(box, code)
    left_out = await box.get_tree(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "%s",
        "-rf",
        "..x",
        "a b",
        "n" * 255,
    ]
    assert len(left_out) == 3
    assert all("unprintable" in line for line in left_out)
    assert "\x1b" not in "".join(left_out)


async def test_a_bottomless_tree_comes_out_to_a_depth(box: Sandbox, tmp_path: Path) -> None:
    code = """
import os
for level in range(1200):
    with open('here', 'w') as f: f.write(str(level))
    os.mkdir('d'); os.chdir('d')
"""
    await python(box, code)
    left_out = await box.get_tree(tmp_path)

    assert len(left_out) == 1
    assert "deeper than" in left_out[0]
    assert (tmp_path / "d" / "d" / "here").read_text() == "2"


async def test_files_without_permissions_come_out_or_are_named(
    box: Sandbox, tmp_path: Path
) -> None:
    await shell(box, "echo x > f; mkdir d; touch d/g; chmod 000 f d")
    left_out = await box.get_tree(tmp_path)

    came = {path.name for path in tmp_path.iterdir()}
    assert came | {line.split(":")[0] for line in left_out} >= {"f", "d"}


async def test_set_id_bits_do_not_come_out(box: Sandbox, tmp_path: Path) -> None:
    await shell(box, "cp /bin/true t; chmod 6777 t")
    await box.get_tree(tmp_path)

    assert (tmp_path / "t").stat().st_mode & 0o7777 == 0o755
