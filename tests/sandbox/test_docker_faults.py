"""What happens to Docker boxes when something beside the code in them fails."""

import asyncio
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from support import engines
from support.boxes import QUICK_S, shell

from macrohard.errors import SandboxError
from macrohard.sandbox.docker import DockerProvider, DockerSandbox, Engine, debian, leftovers
from macrohard.sandbox.docker.engine import EngineError
from macrohard.sandbox.docker.hardening import APP
from macrohard.sandbox.docker.images import Images

STOP_AGENT = "kill -STOP $(pgrep -u app -o python3); sleep 60"
"""The oldest Python of the app's user is the agent."""


async def remove(box: DockerSandbox) -> None:
    client = box.container.engine.client
    await asyncio.to_thread(client.remove_container, box.container.id, force=True, v=True)


def test_an_absent_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no container engine answers.*absent\.sock") as caught:
        Engine.find(f"unix://{tmp_path}/absent.sock")
    assert caught.value.absent
    assert caught.value.exit_code == 4


async def test_an_engine_that_hangs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engines.check_possible()
    daemon = engines.Daemon(Path(tempfile.mkdtemp(prefix="engine-")))
    daemon.start()
    try:
        engine = Engine.find(daemon.address)
        pid = daemon.pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr("macrohard.sandbox.docker.engine.DEADLINE_S", 0.2)
        with pytest.raises(EngineError, match=r"took more than .* to list containers") as caught:
            await engine.call("list containers", engine.client.containers)
        assert caught.value.absent
        os.kill(pid, signal.SIGCONT)
        monkeypatch.undo()
        assert await engine.call("list containers", engine.client.containers) == []
        engine.close()
    finally:
        daemon.stop(signal.SIGKILL)
        daemon.remove()


def sleeper() -> bytes:
    """An image's content that can do nothing but sleep."""
    program = shutil.which("sleep") or ""
    libraries = re.findall(r"/\S+", subprocess.run(["ldd", program], capture_output=True, text=True,
                                                   check=True).stdout)  # fmt: skip
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path in (program, *libraries):
            archive.add(os.path.realpath(path), arcname=path)
    return data.getvalue()


async def test_an_engine_that_dies_while_it_builds_an_image_is_an_error(tmp_path: Path) -> None:
    engines.check_possible()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profile.toml").write_text("")
    daemon = engines.Daemon(Path(tempfile.mkdtemp(prefix="engine-")))
    daemon.start()
    try:
        engine = Engine.find(daemon.address)
        engine.client.import_image_from_data(sleeper(), "base:1")
        step = f'FROM base:1\nRUN ["{shutil.which("sleep")}", "75"]\n'
        context = debian.tarred({"Dockerfile": step.encode()})
        images, said = Images(engine, "mine", tmp_path), list[str]()
        building = asyncio.create_task(
            images._run_build("x:1", context, said.append, network="none")
        )
        async with asyncio.timeout(QUICK_S):
            while not (building.done() or engine.client.containers()):
                await asyncio.sleep(0.02)
        daemon.stop(signal.SIGKILL)
        with pytest.raises(EngineError, match=r"stopped building.*run the command again") as caught:
            await building
        assert caught.value.exit_code == 4
        engine.close()
    finally:
        daemon.stop(signal.SIGKILL)
        daemon.remove()


async def test_a_container_removed_by_somebody_else_is_an_error(docker_box: DockerSandbox) -> None:
    await remove(docker_box)

    for _ in range(2):
        with pytest.raises(SandboxError, match="removed by somebody else"):
            await docker_box.exec(["true"], timeout_s=QUICK_S)
    with pytest.raises(SandboxError, match="removed by somebody else"):
        await docker_box.read("x")


async def test_a_container_removed_under_a_command_is_an_error(docker_box: DockerSandbox) -> None:
    waiting = asyncio.create_task(shell(docker_box, "touch begun; sleep 73"))
    await shell(docker_box, "while [ ! -e begun ]; do sleep 0.01; done")
    await remove(docker_box)

    with pytest.raises(SandboxError, match="removed by somebody else"):
        await waiting


async def test_a_stopped_agent_holds_nothing_up(docker_box: DockerSandbox) -> None:
    result = await shell(docker_box, STOP_AGENT, timeout_s=0.5)

    assert result.outcome == "timeout"
    assert result.duration_s < 20
    assert (await shell(docker_box, "echo works; pgrep -u app sleep")).stdout == "works\n"


async def test_a_killed_agent_ends_its_commands_and_is_replaced(docker_box: DockerSandbox) -> None:
    await docker_box.write("kept", b"x")
    result = await shell(docker_box, "kill -9 -1; sleep 60")

    assert (result.outcome, result.returncode) == ("killed", 137)
    assert await docker_box.read("kept") == b"x"
    assert (await shell(docker_box, "echo works")).stdout == "works\n"


async def test_a_tree_torn_off_is_an_error(docker_box: DockerSandbox, tmp_path: Path) -> None:
    for number in range(4):
        await docker_box.write(f"f{number}", bytes(1_100_000))
    pieces = docker_box._trees._entries("", [])
    first = await anext(pieces)
    await docker_box.container.end_all_of(APP)
    with pytest.raises(SandboxError, match="torn off"):
        async for _ in pieces:
            pass

    assert len(first) == 1
    assert await docker_box.get_tree(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 4


FACTORY = """
import asyncio, sys
from macrohard.sandbox.docker import DockerProvider, Engine
async def main():
    provider = DockerProvider(Engine.find(sys.argv[1]), run=sys.argv[2])
    for name in "ab":
        box = await provider.create(label=name)
        await box.terminal(["sleep", "7777"])
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def of_run(engine: Engine, run: str) -> list[object]:
    filters = {"label": f"{leftovers.RUN}={run}"}
    volumes = engine.client.volumes(filters=filters).get("Volumes") or []
    return [*engine.client.containers(all=True, filters=filters), *volumes]


async def test_a_killed_factory_leaves_nothing(engine_address: str) -> None:
    run = f"killed-{os.getpid()}"
    engine = Engine.find(engine_address)
    command = [sys.executable, "-c", FACTORY, engine_address, run]
    factory = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert factory.stdout is not None
    said = await factory.stdout.readline()
    before = of_run(engine, run)
    factory.send_signal(signal.SIGKILL)
    await factory.communicate()
    async with asyncio.timeout(60):
        while of_run(engine, run):
            await asyncio.sleep(0.05)
    engine.close()

    assert said == b"ready\n"
    assert len(before) == 4  # two containers, two volumes
    # Nothing had to be started anew for this: the containers end with the connection.


def stray(engine: Engine, image: str, run: str, factory: str) -> str:
    """A container whose factory died without its engine noticing."""
    labels = {leftovers.RUN: run, leftovers.FACTORY: factory}
    found = engine.client.create_container(image, ["sleep", "7778"], labels=labels)
    engine.client.start(found["Id"])
    return str(found["Id"])


async def test_leftovers_of_the_same_run_go_at_its_next_start(engine_address: str) -> None:
    engine = Engine.find(engine_address)
    run, other = f"again-{os.getpid()}", f"other-{os.getpid()}"
    provider = DockerProvider(engine, run=run)
    boot, pid, started = provider._labels[leftovers.FACTORY].split(":")
    dead = f"{boot}:{pid}:{int(started) + 1}"
    image = provider.images.tag
    mine = stray(engine, image, run, dead)
    strangers = stray(engine, image, other, dead)
    await provider.create(label="next")
    left = {found["Id"] for found in engine.client.containers(all=True)}

    assert mine not in left
    assert strangers in left
    assert await leftovers.remove_all(engine) >= 1
    assert strangers not in {found["Id"] for found in engine.client.containers(all=True)}
    assert len(of_run(engine, run)) == 2  # the box that lives, and its volume
    await provider.close()


async def test_an_engine_that_dies_is_an_error_and_its_return_is_enough(
    engine_address: str,
) -> None:
    # A second engine, with the image of the first: this one is killed.
    first = Engine.find(engine_address)
    image = DockerProvider(first).images.tag
    # Its sockets have names of 108 bytes at most, too short for a test's own folder.
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    daemon = engines.Daemon(folder)
    daemon.start()
    try:
        engine = Engine.find(daemon.address)
        await asyncio.to_thread(engine.client.load_image, first.client.get_image(image))
        provider = DockerProvider(engine, run="mid-build")
        boot, pid, started = provider._labels[leftovers.FACTORY].split(":")
        # So that the resumed run takes it for an earlier life of itself.
        provider._labels[leftovers.FACTORY] = f"{boot}:{pid}:{int(started) + 1}"
        box = await provider.create(label="doomed")
        waiting = asyncio.create_task(shell(box, "touch begun; sleep 74"))
        await shell(box, "while [ ! -e begun ]; do sleep 0.01; done")
        daemon.stop(signal.SIGKILL)
        with pytest.raises(SandboxError, match=r"doomed|went away"):
            await waiting
        with pytest.raises(SandboxError, match="went away"):
            await provider.create(label="next")
        await provider.close()

        daemon.start()
        engine = Engine.find(daemon.address)
        provider = DockerProvider(engine, run="mid-build")
        box = await provider.create(label="resumed")
        assert (await shell(box, "echo works")).stdout == "works\n"
        await provider.close()
        assert of_run(engine, "mid-build") == []
        engine.close()
    finally:
        first.close()
        daemon.stop(signal.SIGTERM)
        daemon.remove()
