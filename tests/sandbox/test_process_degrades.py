"""Process sandboxes on hosts that give less, and what they say about it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from macrohard.errors import SandboxError
from macrohard.sandbox import ProcessProvider
from macrohard.sandbox.interpreter import Layout
from macrohard.sandbox.keeping import PIECES

QUICK_S = 20.0
REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
REPORT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from macrohard.sandbox import ProcessProvider
from macrohard.sandbox.inbox import kernel, syscalls
if "locked" in sys.argv:
    kernel.renounce_privileges()
    syscalls.install(syscalls.compile_filter())

async def main():
    provider = ProcessProvider()
    async with await provider.create(label="x") as box:
        result = await box.exec(
            ["python", "-c", "import os; print(os.getcwd(), os.getuid())"], timeout_s=20
        )
        print("ran", result.stdout, result.stderr)
        await box.write("f", b"x")
        sleeper = "import os; os.fork() or (os.setsid(), os.execvp('sleep', ['sleep', '77']))"
        await box.exec(["python", "-c", sleeper], timeout_s=20)
        left = await box.exec(["sh", "-c", "cat /proc/[0-9]*/cmdline"], timeout_s=20)
        print("left", "sleep\\0" + "77" in left.stdout)
    print(*provider.describe(), sep="\\n")

asyncio.run(main())
"""


def lines(provider: ProcessProvider) -> dict[str, str]:
    return {line.split(":")[0]: line for line in provider.describe()}


def reachable_python() -> str:
    """A Python that any user may run, or a reason to skip."""
    for program in (getattr(sys, "_base_executable", ""), "/usr/bin/python3"):
        check = "import sys; sys.exit(sys.version_info < (3, 11))"
        try:
            done = subprocess.run([program, "-c", check], user=NOBODY, cwd="/", check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return program
    pytest.skip("no Python of this machine can be run by another user")


def report(user: int, *words: str) -> dict[str, str]:
    """What a factory of another user says of its box."""
    done = subprocess.run(
        [reachable_python(), "-B", "-c", REPORT, str(REPOSITORY), *words],
        user=user, group=user, extra_groups=[], env={}, cwd="/", capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return {line.split()[0]: line for line in done.stdout.decode().splitlines() if line.strip()}


@pytest.mark.parametrize("piece", PIECES)
async def test_every_piece_can_be_missing_alone(piece: str, tmp_path: Path) -> None:
    without = {piece, "pid"} if piece == "mount" else {piece}
    if "mount" in without and os.geteuid() == 0:
        without.add("user")  # nobody but root may reach the interpreter of some root's home
    provider = ProcessProvider(tmp_path, without=frozenset(without))
    async with await provider.create(label="poorer") as box:
        result = await box.exec(["python", "-c", "print('hi')"], timeout_s=QUICK_S)
        await box.write("f", b"x")
        assert await box.read("f") == b"x"

    assert result.stdout == "hi\n"
    said = lines(provider)
    # Some pieces stand on others, which differs with who runs the tests; each has its reason.
    assert all("does not hold" in said[name] for name in without)
    assert without == {name for name in PIECES if "not asked for" in said[name]}
    assert len(without) < len([name for name in PIECES if ": holds: " in said[name]])


def test_it_describes_itself_before_any_box_was_made() -> None:
    provider = ProcessProvider()

    assert len(provider.describe()) == len(PIECES) + 2
    assert provider.describe() == provider.describe()


async def test_it_describes_itself_while_a_loop_runs() -> None:
    assert lines(ProcessProvider())["kernel"].startswith("kernel: does not hold")


async def test_boxes_are_never_made_for_root_silently(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root to be refused as root")
    tmp_path.chmod(0o700)
    provider = ProcessProvider(without=frozenset({"mount", "pid"}))
    out_of_reach = [("/opt/python/bin/python", str(tmp_path / "python"))]
    provider._layout = Layout(binds=[], links=out_of_reach, files=[])

    with pytest.raises(SandboxError, match="ordinary user"):
        await provider.create(label="root")
    assert provider.describe()[0].startswith("nothing holds: ")


async def test_a_keeper_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(SandboxError, match="broken cannot be made"):
        await ProcessProvider().create(label="broken")


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    without = frozenset(PIECES)

    with pytest.raises(SandboxError, match="file"):
        await ProcessProvider(tmp_path / "file" / "root", without=without).create(label="x")


def test_an_ordinary_user_gets_boxes() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests show it already")
    said = report(NOBODY)

    assert said["ran"].startswith("ran /")
    assert said["left"] == "left False"
    assert said["orphans:"].startswith("orphans: holds")
    if "holds:" in said["user:"].split():
        assert "user namespace" in said["user:"]
        assert said["ran"].split()[2] == "1000"


def test_a_host_that_refuses_namespaces_gives_plainer_boxes() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    said = report(NOBODY, "locked")

    assert said["ran"].split()[2] == str(NOBODY)
    assert said["left"] == "left False"
    for piece in ("user", "mount", "pid", "net", "ipc"):
        assert "does not hold" in said[f"{piece}:"]
        assert "not asked for" not in said[f"{piece}:"]
    assert said["syscalls:"].startswith("syscalls: holds")


async def test_many_boxes_do_not_hold_up_the_loop() -> None:
    provider = ProcessProvider()
    boxes = await asyncio.gather(*(provider.create(label=str(n)) for n in range(8)))
    results = await asyncio.gather(
        *(box.exec(["sh", "-c", "echo $$"], timeout_s=QUICK_S) for box in boxes for _ in range(3))
    )
    await provider.close()

    assert all(result.stdout.strip().isdigit() for result in results)
