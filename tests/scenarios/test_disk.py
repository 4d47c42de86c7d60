"""A disk that is full or read-only: one message, and nothing that was stored is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.builds import TINY, macrohard, record


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or not mount("-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)):
        pytest.skip("a small disk needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", "-l", disk], check=False)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tea.md"
    path.write_text(TINY)
    return path


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(small_disk: Path, tiny: Path) -> None:
    run = small_disk / "run"
    done = macrohard("build", tiny, "--out", run)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"macrohard resume {run}" in done.stderr
    assert mount("-o", "remount,size=200m", str(small_disk))
    again = macrohard("resume", run)
    assert again.returncode == 0, again.stderr
    assert record(run)["status"] == "released"


def test_a_read_only_disk_is_refused_at_once(small_disk: Path, tiny: Path) -> None:
    assert mount("-o", "remount,ro", str(small_disk))
    done = macrohard("build", tiny, "--out", small_disk / "run")
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert done.stderr.count("\n") <= 2
