"""A container engine for tests: a private one, shared by every test process of this user."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

NEEDED = "TESTS_NEED_DOCKER"
"""Set where tests that need an engine must fail instead of being skipped."""

_HOME = Path.home() / ".cache" / "macrohard" / "test-engine"
_PATIENCE_S = 90.0


def unavailable(reason: str) -> None:
    """Skip, or fail where an engine has to be there."""
    if os.environ.get(NEEDED):
        pytest.fail(f"{NEEDED} is set, and {reason}")
    pytest.skip(f"no Docker here: {reason}")


class Daemon:
    """One private dockerd: no bridge, no rules in the firewall, nothing outside its folder.

    Args:
        folder: Where everything of it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid_file = folder / "dockerd.pid"
        self.address = f"unix://{folder}/docker.sock"

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self.pid() is None:
            self._launch()
        deadline = time.monotonic() + _PATIENCE_S
        while not self.answers():
            if time.monotonic() > deadline:
                log_text = (self._folder / "log").read_text(errors="replace")
                unavailable("dockerd does not start: " + log_text.strip()[-300:])
            time.sleep(0.1)

    def _launch(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # The second is of the containerd that died with a killed dockerd; where nobody collects
        # that process, the next dockerd would take it for alive.
        containerd = self._folder / "exec" / "containerd" / "containerd.pid"
        for stale in (self._pid_file, containerd, self._folder / "docker.sock"):
            stale.unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            command = [
                "setsid", "--fork", "nice", "-n", "5", "dockerd",
                "--data-root", str(self._folder / "data"),
                "--exec-root", str(self._folder / "exec"),
                "--host", self.address, "--pidfile", str(self._pid_file),
                "--iptables=false", "--bridge=none",
            ]  # fmt: skip
            path = {"PATH": os.environ.get("PATH", "")}
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, env=path
            )

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.address.removeprefix("unix://"))
            client = docker.APIClient(base_url=self.address, version="1.41", timeout=20)
            try:
                return bool(client.ping())
            finally:
                client.close()
        except Exception:  # noqa: BLE001 - in every way in which it can be absent
            return False

    def pid(self) -> int | None:
        """Its process, if it runs."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if b"dockerd" in command and _runs(pid) else None

    def stop(self, how: int) -> None:
        """End it with a signal and wait for that."""
        pid = self.pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + _PATIENCE_S
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.05)

    def remove(self) -> None:
        """Remove everything of it; it must not run any more."""
        containerd = self._folder / "exec" / "containerd" / "containerd.pid"
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(containerd.read_text()), 15)
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        below = [line.split()[1] for line in mounts if f" {self._folder}/" in line]
        for mount in reversed(below):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def check_possible() -> None:
    """Skip or fail where no private engine can be started."""
    if shutil.which("dockerd") is None:
        unavailable("dockerd is not installed (apt-get install docker.io)")
    if os.geteuid() != 0:
        unavailable("starting a private dockerd needs root")


@contextlib.contextmanager
def shared_daemon() -> Iterator[Daemon]:
    """The engine all test processes of this user share; the last of them stops it."""
    check_possible()
    daemon = Daemon(_HOME)
    _HOME.mkdir(parents=True, exist_ok=True)
    starting_lock, using_lock = _HOME / "starting.lock", _HOME / "using.lock"
    with starting_lock.open("w") as starting, using_lock.open("w") as using:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(using, fcntl.LOCK_SH)
        if not daemon.answers():
            daemon.start()
        fcntl.flock(starting, fcntl.LOCK_UN)
        try:
            yield daemon
        finally:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(using, fcntl.LOCK_UN)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                daemon.stop(15)


@contextlib.contextmanager
def building(profile: str) -> Iterator[None]:
    """Held while an image is built, so that test processes do not build it twice."""
    with (_HOME / f"building-{profile}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
