"""Where a run keeps the packages of its app: wheels, and the folder that boxes see."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from macrohard.errors import PackageError
from macrohard.files import write_atomic
from macrohard.packages.lock import Pin, pins_of, read_lock, write_lock
from macrohard.packages.target import Target

LOCK = "requirements.lock"
_PIP_S = 900.0
_QUIET = ("--no-input", "--disable-pip-version-check", "--no-color", "-q")
_WHEELS_ONLY = ("--only-binary=:all:",)
_NOT_FOUND = re.compile(r"No matching distribution found for (\S.*)")
_UNREACHED = ("NewConnectionError", "Max retries", "ConnectTimeout", "Name or service", "timed out")


def wheel_cache() -> Path:
    """Where wheels are kept between runs, for this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "macrohard" / "wheels"


class Shelf:
    """The packages of one run.

    Args:
        folder: Where they go; made when needed.
        cache: Wheels that were downloaded before, and where new ones are kept.
        offline: Whether no index may be asked.
    """

    def __init__(self, folder: Path, *, cache: Path | None = None, offline: bool = False) -> None:
        self._folder = folder
        self._cache = cache or wheel_cache()
        self._offline = offline

    @property
    def site(self) -> Path:
        """The folder with the installed packages."""
        return self._folder / "site"

    def ready(self, lock: str | None = None) -> bool:
        """Whether the packages are installed; of this lock, when one is given."""
        try:
            done = (self._folder / "installed").read_text()
        except OSError:
            return False
        return self.site.is_dir() and (lock is None or done == _digest(lock))

    async def resolve(self, wanted: Sequence[str], target: Target) -> str:
        """Choose versions and download wheels; the text of the lock.

        Raises:
            PackageError: Something is not to be had as a wheel, versions contradict each other,
                or the index cannot be reached; says what.
        """
        wheels = self._folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        wheels.mkdir(parents=True)
        listed = self._folder / "wanted.txt"
        write_atomic(listed, "".join(f"{one}\n" for one in wanted))
        await self._pip("download", "-d", str(wheels), *target.flags(), "-r", str(listed),
                        wanted=wanted, target=target)  # fmt: skip
        found = await asyncio.to_thread(self._keep, wheels)
        return write_lock(found, wanted, target)

    async def install(self, lock: str, target: Target) -> Path:
        """Have the packages of a lock in :attr:`site`, each checked against its hash.

        Raises:
            PackageError: A hash differs, or a wheel cannot be had any more.
        """
        if self.ready(lock):
            return self.site
        pins = read_lock(lock)
        names = [f"{pin.name}=={pin.version}" for pin in pins]
        wheels = self._folder / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        path = self._folder / LOCK
        write_atomic(path, lock)
        hashed = ("--require-hashes", "--no-deps", "-r", str(path))
        if set(pins_of(wheels.glob("*.whl"))) != set(pins):
            await self._pip("download", "-d", str(wheels), *target.flags(), *hashed,
                            wanted=names, target=target)  # fmt: skip
        draft = self._folder / "site.new"
        shutil.rmtree(draft, ignore_errors=True)
        # Wheels are unpacked, which runs nothing of theirs.
        await self._pip("install", "--no-index", f"--find-links={wheels}", "--no-compile",
                        f"--target={draft}", *target.flags(), *hashed,
                        wanted=names, target=target, asks_index=False)  # fmt: skip
        draft.mkdir(exist_ok=True)
        await asyncio.to_thread(_show_all, draft)
        shutil.rmtree(self.site, ignore_errors=True)
        draft.rename(self.site)
        write_atomic(self._folder / "installed", _digest(lock))
        return self.site

    def _keep(self, wheels: Path) -> tuple[Pin, ...]:
        found = pins_of(sorted(wheels.iterdir()))
        self._cache.mkdir(parents=True, exist_ok=True)
        for wheel in wheels.iterdir():
            kept = self._cache / wheel.name
            if not kept.exists():
                draft = kept.with_suffix(f".{os.getpid()}")
                shutil.copyfile(wheel, draft)
                draft.replace(kept)
        return found

    async def _pip(
        self,
        command: str,
        *arguments: str,
        wanted: Sequence[str],
        target: Target,
        asks_index: bool = True,
    ) -> None:
        # The same place for both: what was downloaded once need not come again.
        source: list[str] = []
        if asks_index:
            self._cache.mkdir(parents=True, exist_ok=True)
            source = [f"--find-links={self._cache}", *(["--no-index"] if self._offline else [])]
        argv = [sys.executable, "-m", "pip", command, *_QUIET, *_WHEELS_ONLY, *source, *arguments]
        done = await asyncio.to_thread(_run, argv)
        if done.returncode:
            raise PackageError(self._why(done.stderr or done.stdout, wanted, target))

    def _why(self, said: str, wanted: Sequence[str], target: Target) -> str:
        names = ", ".join(wanted)
        lines = [line for line in said.splitlines() if line and not line.startswith("WARNING")]
        tail = "\n".join(lines[-6:])
        missing = _NOT_FOUND.search(said)
        reasons = (
            (
                "No module named pip" in said,
                (
                    f"packages are needed ({names}), and this Python has no pip:"
                    f" `{sys.executable} -m ensurepip` installs it"
                ),
            ),
            (
                "DO NOT MATCH THE HASHES" in said,
                f"a package is not the one that was locked (its hash differs):\n{tail}",
            ),
            (
                self._offline and missing is not None,
                (
                    f"packages are needed ({names}), and --offline-packages asks no index; what was"
                    f" downloaded before is in {self._cache}:\n{tail}"
                ),
            ),
            (
                any(word in said for word in _UNREACHED),
                f"packages are needed ({names}), and the package index does not answer:\n{tail}",
            ),
            (
                "ResolutionImpossible" in said or "conflicting dependencies" in said,
                f"these packages contradict each other: {names}\n{tail}",
            ),
            (
                missing is not None,
                (
                    f"{missing[1] if missing else ''}: there is no such version as a wheel for"
                    f" {target}; a package that would have to be built from its source is refused,"
                    " since that runs its code here"
                ),
            ),
        )
        fitting = (text for fits, text in reasons if fits)
        return next(fitting, f"pip could not get {names}:\n{tail}")


def _run(argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=_PIP_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PackageError(
            f"pip did not end within {_PIP_S:.0f} s; `macrohard resume` tries again"
        ) from None


def _show_all(folder: Path) -> None:
    """Have everybody read what is in a folder: commands in a box are another user."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _digest(lock: str) -> str:
    return hashlib.sha256(lock.encode()).hexdigest()
