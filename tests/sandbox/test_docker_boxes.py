"""What Docker boxes have beyond the contract: their walls, users, pool and forks."""

import asyncio
from pathlib import Path

import pytest
from support.boxes import QUICK_S, python, shell

from macrohard.errors import SandboxError
from macrohard.sandbox.docker import DockerProvider, DockerSandbox, Engine, debian
from macrohard.sandbox.docker.hardening import memory_mb
from macrohard.users.web.chromium import HasDriver
from macrohard.users.web.wire import fetch


def inspect(box: DockerSandbox) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = box.container.engine.client.inspect_container(
        box.container.id
    )
    return found


async def test_the_walls_of_a_container_are_up(docker_box: DockerSandbox) -> None:
    found = inspect(docker_box)
    host = found["HostConfig"]
    most = memory_mb(docker_box.limits) * 2**20

    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert (host["ReadonlyRootfs"], host["Privileged"]) == (True, False)
    assert (host["NetworkMode"], host["IpcMode"], host["PidMode"]) == ("none", "private", "")
    assert (host["Memory"], host["MemorySwap"]) == (most, most)
    assert host["PidsLimit"] == docker_box.limits.pids + 24
    assert host["NanoCpus"]
    assert not host["Binds"]
    assert not host["Devices"]
    options = host["SecurityOpt"]
    assert isinstance(options, list)
    assert "no-new-privileges" in options
    assert any(option.startswith("seccomp={") for option in options)
    assert found["Config"]["User"] == "65533:65533"


async def test_the_runtime_asked_for_is_the_one_an_engine_uses(engine_address: str) -> None:
    # Every Docker has runc under a second name; a stronger runtime is asked for in the same way.
    engine = Engine.find(engine_address)
    other = "io.containerd.runc.v2"
    provider = DockerProvider(engine, runtime=other)
    async with await provider.create(label="runtime") as box:
        host = inspect(box)["HostConfig"]
        works = await shell(box, "echo works")
    await provider.close()

    assert host["Runtime"] == other
    assert works.stdout == "works\n"


async def test_nothing_of_the_host_is_mounted(docker_box: DockerSandbox) -> None:
    (mount,) = inspect(docker_box)["Mounts"]

    assert mount["Type"] == "volume"  # type: ignore[index]
    assert mount["Destination"] == "/work"  # type: ignore[index]


async def test_the_app_cannot_end_or_see_into_its_driver(docker_box: DockerSandbox) -> None:
    beside = asyncio.create_task(
        docker_box.exec_beside(["sleep", "71"], timeout_s=QUICK_S, env={"TOKEN": "hunter2"})
    )
    found = ""
    async with asyncio.timeout(QUICK_S):
        while not found:
            found = (await shell(docker_box, "pgrep -u driver sleep")).stdout.strip()
    attack = f"kill -9 {found} -1; cat /proc/{found}/environ | tr '\\0' '\\n'"

    result = await shell(docker_box, attack)

    assert "hunter2" not in result.stdout
    assert (await shell(docker_box, "pgrep -u driver sleep")).stdout.strip() == found
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)


async def test_the_app_is_ended_without_ending_its_driver(docker_box: DockerSandbox) -> None:
    server = await docker_box.terminal(["sleep", "72"])
    beside = asyncio.create_task(docker_box.exec_beside(["sleep", "1"], timeout_s=QUICK_S))
    await docker_box.end_app()

    assert not server.alive
    assert (await shell(docker_box, "pgrep -u app sleep")).stdout == ""
    assert (await beside).returncode == 0


async def test_a_server_of_the_driver_is_reached_whatever_the_app_does_to_its_own(
    docker_box: DockerSandbox,
) -> None:
    terminal = await docker_box.terminal_beside(
        ["python3", "-m", "http.server", "8099", "--bind", "127.0.0.1"]
    )
    said = b""
    async with asyncio.timeout(QUICK_S):
        while b"Serving HTTP" not in said:
            said += await terminal.read(1.0)
    await shell(docker_box, "kill -9 -1")

    answer = await fetch(docker_box.endpoint_beside(8099), "GET", "/", headers={})

    assert answer.status == 200
    assert isinstance(docker_box, HasDriver)
    await terminal.close()
    assert (await shell(docker_box, "pgrep -u driver -f http.server")).stdout == ""


async def test_a_read_only_tree_goes_where_the_app_has_files(
    docker_box: DockerSandbox, tmp_path: Path
) -> None:
    (tmp_path / "test_x.py").write_text("given\n")
    await shell(docker_box, "mkdir -p tests/own && echo mine > tests/own/f && touch tests/g")
    await docker_box.put_tree(tmp_path, "tests/given", read_only=True)

    attack = "rm -rf tests/given; mv tests gone; echo x > tests/given/test_x.py; cat tests/*/*"
    assert (await shell(docker_box, attack)).stdout == "given\nmine\n"
    assert (await shell(docker_box, "rm tests/g && echo 2 > tests/own/f")).returncode == 0


async def test_a_box_is_ready_before_it_is_asked_for(docker_provider: DockerProvider) -> None:
    docker_provider._warm = 2
    await docker_provider.warm_up()
    ready = list(docker_provider._ready)
    box = await docker_provider.create(label="first")

    assert len(ready) == 2
    assert box is ready[0]
    assert (await shell(box, "ls -A; echo works")).stdout == "works\n"
    await box.close()
    with pytest.raises(SandboxError, match="first is closed"):
        await box.exec(["true"], timeout_s=1)


async def test_a_ready_box_that_died_meanwhile_is_not_handed_out(
    docker_provider: DockerProvider,
) -> None:
    docker_provider._warm = 1
    await docker_provider.warm_up()
    (ready,) = docker_provider._ready
    client = docker_provider.engine.client
    await asyncio.to_thread(client.remove_container, ready.container.id, force=True, v=True)
    async with asyncio.timeout(QUICK_S):
        while ready.alive:
            await asyncio.sleep(0.01)
    docker_provider._warm = 0

    box = await docker_provider.create(label="next")
    assert box is not ready
    assert (await shell(box, "echo works")).stdout == "works\n"


async def test_a_fork_has_the_same_files_and_its_own_future(
    docker_provider: DockerProvider, docker_box: DockerSandbox
) -> None:
    await docker_box.write("a/b", b"x" * 3_000_000)
    await shell(docker_box, "echo old > note; chmod +x note; mkdir empty")
    twin = await docker_provider.fork(docker_box, label="twin")
    await shell(twin, "echo new > note")

    assert (await shell(docker_box, "cat note")).stdout == "old\n"
    assert (await shell(twin, "cat note; ls; test -x note && wc -c < a/b")).stdout.split() == [
        "new", "a", "empty", "note", "3000000",
    ]  # fmt: skip


async def test_a_missing_image_is_an_error_that_says_what_to_run(
    docker_provider: DockerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "RECIPE", "of tomorrow")
    other = DockerProvider(docker_provider.engine, "desktop")

    with pytest.raises(SandboxError, match="macrohard sandbox build desktop"):
        await other.create(label="never")


async def test_memory_and_other_kills_are_told_apart(docker_box: DockerSandbox) -> None:
    hungry = "x = bytearray(2**20)\nwhile True: x += bytes(2**24)"
    bomb = await python(docker_box, hungry)
    suicide = await python(docker_box, "import os; os.kill(os.getpid(), 9)")
    again = await python(docker_box, hungry)

    assert [bomb.outcome, suicide.outcome, again.outcome] == ["oom", "killed", "oom"]


async def test_a_full_disk_of_memory_is_not_taken_for_hunger(docker_box: DockerSandbox) -> None:
    fill = "for n in 1 2 3 4; do head -c 6000000 /dev/zero > f$n; done"
    result = await shell(docker_box, fill)

    assert "No space left" in result.stderr
    assert result.outcome == "exited"
