"""Packages of an app: from a folder of wheels, which stands for the index, into a box."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import PackageError
from macrohard.graph.equipment import equip, strangers
from macrohard.graph.repository import Repository
from macrohard.packages import LOCK, Shelf, Target, target_of, undeclared
from macrohard.packages.lock import Pin, read_lock, write_lock
from macrohard.sandbox import ProcessProvider
from macrohard.sandbox.docker import DockerProvider, Engine

OURS = Target.ours()
NO_ROOM_OF_ITS_OWN = frozenset({"user", "mount", "pid", "net", "ipc", "orphans", "syscalls"})


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA", head + "".join(f"Requires-Dist: {one}\n" for one in needs)
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def source(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for file, text in (
            ("setup.py", "raise SystemExit('this must never run')\n"),
            ("PKG-INFO", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
        ):
            entry = tarfile.TarInfo(f"{name}-{version}/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    wheel(folder, "mh_soup", "1.0")
    wheel(folder, "mh_soup", "1.5", "mh-salt>=2")
    wheel(folder, "mh_soup", "2.0")
    wheel(folder, "mh_salt", "2.1")
    source(folder, "mh_raw", "1.0")
    return folder


def shelf(tmp_path: Path, index: Path, name: str = "packages") -> Shelf:
    return Shelf(tmp_path / name, cache=index, offline=True)


async def test_a_lock_has_everything_with_its_hash_and_boxes_get_it(
    tmp_path: Path, index: Path
) -> None:
    lock = await shelf(tmp_path, index).resolve(["mh-soup>=1,<2"], OURS)
    assert [(pin.name, pin.version) for pin in read_lock(lock)] == [
        ("mh-salt", "2.1"),
        ("mh-soup", "1.5"),
    ]
    site = await shelf(tmp_path, index).install(lock, OURS)
    code = "import mh_soup, mh_salt, pytest; print(mh_soup.VERSION); open(mh_soup.__file__, 'a')"
    for without in (frozenset[str](), NO_ROOM_OF_ITS_OWN):
        boxes = ProcessProvider(without=without)
        boxes.use_packages(site)
        async with await boxes.create(label="packages") as box:
            # Neither -I nor an environment of its own may keep an app from its packages.
            result = await box.exec(["env", "-i", *(await _python(box)), "-c", code], timeout_s=60)
        assert result.stdout == "1.5\n", result.stderr
        if not without:
            assert "Permission denied" in result.stderr or "Read-only" in result.stderr
        await boxes.close()


async def _python(box: Any) -> list[str]:
    return [(await box.exec(["sh", "-c", "command -v python"], timeout_s=30)).stdout.strip(), "-I"]


async def test_what_is_installed_is_found_again_and_another_lock_is_not(
    tmp_path: Path, index: Path
) -> None:
    kept = shelf(tmp_path, index)
    assert not kept.ready()
    lock = await kept.resolve(["mh-salt"], OURS)
    await kept.install(lock, OURS)
    again = shelf(tmp_path, index)
    assert again.ready()
    assert again.ready(lock)
    assert not again.ready(lock.replace("2.1", "2.2"))


async def test_a_wheel_that_was_changed_is_refused(tmp_path: Path, index: Path) -> None:
    lock = await shelf(tmp_path, index).resolve(["mh-salt"], OURS)
    with zipfile.ZipFile(index / "mh_salt-2.1-py3-none-any.whl", "a") as archive:
        archive.writestr("mh_salt/more.py", "")
    with pytest.raises(PackageError, match="its hash differs"):
        await shelf(tmp_path, index, "another").install(lock, OURS)
    assert not shelf(tmp_path, index, "another").ready()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["mh-raw"], "mh-raw"),
        (["mh-soup==9"], "--offline-packages"),
        (["mh-nothing"], "--offline-packages asks no index"),
        (["mh-soup==2.0", "mh-soup==1.0"], "contradict each other"),
    ],
)
async def test_what_cannot_be_had_is_said(
    tmp_path: Path, index: Path, wanted: list[str], said: str
) -> None:
    with pytest.raises(PackageError, match=said):
        await shelf(tmp_path, index).resolve(wanted, OURS)


async def test_the_python_of_a_box_is_asked() -> None:
    boxes = ProcessProvider()
    assert await target_of(boxes) == OURS
    await boxes.close()
    assert OURS.flags() == []
    other = Target((3, 99), "linux-x86_64", "CPython").flags()
    assert "--python-version=3.99" in other
    assert "--abi=cp399" in other


@pytest.mark.parametrize(
    "line",
    ["--index-url https://a.example\n", "-e .\n", "rich==1\n", "rich @ https://a.example/r.whl\n"],
)
def test_a_lock_of_another_kind_is_refused(line: str) -> None:
    good = write_lock([Pin("a", "1", "0" * 64)], ["a"], OURS)
    with pytest.raises(PackageError, match="no pin with a hash"):
        read_lock(good + line)


_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_PINS = st.builds(
    Pin,
    _NAMES,
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@given(st.lists(_PINS, max_size=5))
def test_a_lock_reads_as_it_was_written(pins: list[Pin]) -> None:
    assert read_lock(write_lock(pins, ["anything"], OURS)) == tuple(pins)


def test_what_an_app_asks_for_beside_its_lock_is_found(tmp_path: Path) -> None:
    lock = write_lock([Pin("mh-soup", "1", "0" * 64)], ["mh-soup"], OURS)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["Mh_Soup>=1", "rich[all]>2"]\n'
    )
    (tmp_path / "requirements.txt").write_text("# none\n--index-url x\nmh.soup==1\nflask\n")
    assert undeclared(tmp_path, lock) == [("pyproject.toml", "rich"), ("requirements.txt", "flask")]
    told = strangers(tmp_path, lock, 2)
    assert [failure.files for failure in told] == [("pyproject.toml",), ("requirements.txt",)]
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = 3\n")
    (tmp_path / "requirements.txt").unlink()
    assert strangers(tmp_path, "", 2) == []


async def test_equipping_commits_the_lock_once_and_equips_boxes(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache" / "macrohard").mkdir(parents=True)
    index.rename(tmp_path / "cache" / "macrohard" / "wheels")
    repository = Repository(tmp_path / "app", tmp_path / "trees", "2026-01-01T00:00:00+00:00")
    await repository.start()
    boxes = ProcessProvider()
    events: list[str] = []
    office: Any = SimpleNamespace(
        folders=SimpleNamespace(packages=tmp_path / "packages"),
        settings=SimpleNamespace(offline_packages=True),
        boxes=boxes,
        repository=repository,
        journal=SimpleNamespace(write=lambda kind, **_: events.append(kind)),
    )
    assert await equip(office, ()) == ""
    before = await repository.head()
    lock = await equip(office, ("mh-salt",))
    after = await repository.head()
    assert after != before
    assert await equip(office, ("mh-salt",)) == lock
    assert await repository.head() == after
    assert (tmp_path / "app" / LOCK).read_text() == lock
    async with await boxes.create(label="equipped") as box:
        code = "import json, mh_salt; print(json.dumps(mh_salt.VERSION))"
        result = await box.exec(["python", "-c", code], timeout_s=60)
    assert json.loads(result.stdout) == "2.1"
    await boxes.close()
    assert events == ["packages_locked"] * 2


async def test_a_docker_box_has_them_too(tmp_path: Path, index: Path, engine_address: str) -> None:
    boxes = DockerProvider(Engine.find(engine_address))
    try:
        target = await target_of(boxes)
        lock = await shelf(tmp_path, index).resolve(["mh-soup==1.5"], target)
        boxes.use_packages(await shelf(tmp_path, index).install(lock, target))
        async with await boxes.create(label="packages") as box:
            code = "import mh_soup, mh_salt; print(mh_soup.VERSION); open(mh_soup.__file__, 'a')"
            result = await box.exec(["python", "-I", "-c", code], timeout_s=60)
            network = await box.exec(["ls", "/sys/class/net"], timeout_s=60)
        assert network.stdout == "lo\n"  # no index is reached from where they are used
        assert result.stdout == "1.5\n", result.stderr
        assert "Permission denied" in result.stderr or "Read-only" in result.stderr
    finally:
        await boxes.close()
