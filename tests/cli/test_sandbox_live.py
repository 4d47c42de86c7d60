"""`macrohard sandbox` with a container engine that answers."""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import engines
from support.commands import Command
from support.records import write_run

from macrohard.sandbox.docker import Engine, leftovers
from macrohard.sandbox.docker.images import LABEL, Images


@pytest.fixture
def engine(engine_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine of the tests, where the command looks for one."""
    monkeypatch.setenv("DOCKER_HOST", engine_address)
    found = Engine.find(engine_address)
    yield found
    found.close()


@pytest.fixture
def empty_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine of this test's own, so that nobody else's images are at stake."""
    engines.check_possible()
    # Its sockets have names of 108 bytes at most, too short for a test's own folder.
    daemon = engines.Daemon(Path(tempfile.mkdtemp(prefix="engine-")))
    daemon.start()
    monkeypatch.setenv("DOCKER_HOST", daemon.address)
    found = Engine.find(daemon.address)
    yield found
    found.close()
    daemon.stop(15)
    daemon.remove()


def test_what_is_built_is_listed_and_not_built_again(engine: Engine, macrohard: Command) -> None:
    tag = Images(engine, "python").tag
    rows = json.loads(macrohard("sandbox", "list", "--json").out)
    states = {(row["profile"], row["kind"]): (row["state"], row["text"]) for row in rows}
    again = macrohard("sandbox", "build", "python")

    assert states["python", "docker"] == ("built", tag)
    assert states["python", "process"][0] == "ready"
    assert (again.code, again.out, again.err) == (0, f"{tag}\n", "")


def test_a_command_runs_in_a_container_beside_the_app(
    engine: Engine, macrohard: Command, tmp_path: Path
) -> None:
    run = write_run(tmp_path)
    (run / "app").mkdir(exist_ok=True)
    (run / "app" / "hello.py").write_text("import os; print('uid', os.getuid(), os.getcwd())\n")
    visit = ("sandbox", "shell", str(run), "--sandbox", "docker", "--")
    said = macrohard(*visit, "python", "hello.py")
    ended = macrohard(*visit, "sh", "-c", "rm hello.py; exit 7")
    labels = {"label": f"{leftovers.FACTORY}={leftovers.labels('')[leftovers.FACTORY]}"}

    assert (said.code, said.out) == (0, "uid 1000 /work/app\n")
    assert ended.code == 7
    assert (run / "app" / "hello.py").exists()
    assert engine.client.containers(all=True, filters=labels) == []


def test_containers_of_dead_factories_go_and_those_of_living_ones_stay(
    engine: Engine, macrohard: Command
) -> None:
    living = leftovers.labels(f"gc-{os.getpid()}")
    boot, pid, started = living[leftovers.FACTORY].split(":")
    dead = {**living, leftovers.FACTORY: f"{boot}:{pid}:{int(started) + 1}"}
    image, client = Images(engine, "python").tag, engine.client
    made = {
        name: client.create_container(image, ["sleep", "7776"], labels=labels)["Id"]
        for name, labels in (("living", living), ("dead", dead), ("strangers", {"mine": "yes"}))
    }
    removed = json.loads(macrohard("sandbox", "gc", "--json").out)
    left = {found["Id"] for found in client.containers(all=True)}
    for container in left & set(made.values()):
        client.remove_container(container, force=True)

    assert removed["containers_and_volumes"] >= 1
    assert left & set(made.values()) == {made["living"], made["strangers"]}


def put_image(engine: Engine, tag: str, label: str = "") -> None:
    """An image that holds next to nothing."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    changes = [f"LABEL {LABEL}={label}"] if label else []
    engine.client.import_image_from_data(empty.getvalue(), tag, changes=changes)


def test_images_of_old_profiles_go_and_all_others_stay(
    empty_engine: Engine, macrohard: Command
) -> None:
    now = Images(empty_engine, "python").tag
    old, base = "macrohard/python:0123456789ab", "macrohard/web-base:0123456789ab"
    used = "macrohard/desktop:0123456789ab"
    own_profile, strangers = "macrohard/attic:0123456789ab", "somebody/python:0123456789ab"
    for tag in (now, old, base, used, own_profile, strangers):
        put_image(empty_engine, tag, label=tag)
    put_image(empty_engine, "macrohard/python:mine")  # by name only
    put_image(
        empty_engine, "macrohard/python:kept", label=old
    )  # a name that a person gave one of ours
    empty_engine.client.create_container(used, ["x"])
    said = macrohard("sandbox", "gc")
    left = {tag for image in empty_engine.client.images() for tag in image["RepoTags"]}

    assert left == {
        now,
        used,
        own_profile,
        strangers,
        "macrohard/python:mine",
        "macrohard/python:kept",
    }
    assert "2 old images removed" in said.out
    assert old in said.out
    assert macrohard("sandbox", "gc", "--json").out.count("0123456789ab") == 0
