"""What a container may do: nothing that code nobody has read has no business doing."""

import json
from importlib import resources
from typing import Any, NamedTuple

from docker.types import DriverConfig, LogConfig, Mount, Ulimit

from macrohard.sandbox.base import WORKSPACE, Limits

KEEPER = 65533
"""The first process, and the owner of what is read-only. Holds nothing else."""

APP = 1000
"""Generated code. Everything it started can be ended by ending all of this user's processes."""

DRIVER = 1001
"""What uses the app from beside it (a browser), out of its reach."""

TEMPORARY = "/tmp"  # noqa: S108 - the box's own
SHM_MB = 16
_OVERHEAD_MB = 48  # the agents; what the kernel keeps for the container
_HELPERS = 24  # processes of ours: the first one, agents, a runner for each command under way
_KERNEL_THREADS = (
    1024  # of a runtime that brings a kernel of its own, made of threads of the host's
)
_MOST_DESCRIPTORS = 1024  # what Linux gives a login by default
_FILES_PER_MB = 128  # inodes: enough for files of 8 KB on average
_LEAST_FILES = 32768
_MEGABYTE = 2**20


def seccomp_profile() -> str:
    """Our list of refused system calls, as the engine takes it (without its comments)."""
    text = resources.files(__package__).joinpath("seccomp.json").read_text(encoding="utf-8")
    profile = json.loads(text)
    for rule in profile["syscalls"]:
        del rule["comment"]
    return json.dumps(profile)


class Disk(NamedTuple):
    """A disk in memory, with a cap on bytes and files.

    Attributes:
        megabytes: All files together.
        files: How many there may be.
        more: Further options of the mount.
    """

    megabytes: int
    files: int
    more: str

    def options(self, size: str = "") -> str:
        """Options of the mount.

        Args:
            size: The cap on bytes, where it has to be told in other words.
        """
        bytes_ = size or f"size={self.megabytes}m"
        return f"{bytes_},nr_inodes={self.files},{self.more}"


def disks(limits: Limits) -> dict[str, Disk]:
    """All that can be written to in a box, by path."""
    files = max(_LEAST_FILES, limits.disk_mb * _FILES_PER_MB)
    return {
        # The keeper owns the top, so that nobody else moves away what it put there.
        WORKSPACE: Disk(limits.disk_mb, files, f"mode=1777,uid={KEEPER},nosuid,nodev"),
        TEMPORARY: Disk(limits.tmp_mb, _LEAST_FILES, "nosuid,nodev,mode=1777"),
    }


def memory_mb(limits: Limits) -> int:
    """Where the kernel ends processes: what they may use, and full disks in memory beside it."""
    return limits.memory_mb + limits.disk_mb + limits.tmp_mb + SHM_MB + _OVERHEAD_MB


def own_kernel(runtime: str) -> bool:
    """Whether a runtime puts a kernel of its own between a box and the host's."""
    return runtime.startswith(("runsc", "kata"))


def host_settings(
    limits: Limits, *, profile: str, processors: int, runtime: str, labels: dict[str, str]
) -> dict[str, Any]:
    """Arguments of the SDK's ``create_host_config``.

    Args:
        limits: What the box may use.
        profile: From :func:`seccomp_profile`.
        processors: How many the engine has.
        runtime: ``runsc``, ``kata``, …; the engine's own when empty.
        labels: On the volume, so that it can be found again.
    """
    memory = memory_mb(limits) * _MEGABYTE
    whole_disk = (limits.disk_mb + 1) * _MEGABYTE  # of commands less; and full says so itself
    wanted = disks(limits)
    options = {"type": "tmpfs", "device": "tmpfs", "o": wanted[WORKSPACE].options()}
    volume = Mount(
        WORKSPACE,
        None,  # unnamed: the engine removes it with its container
        type="volume",
        driver_config=DriverConfig("local", options),
        labels=labels,
    )
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={profile}"],
        "pids_limit": limits.pids + _HELPERS + (_KERNEL_THREADS if own_kernel(runtime) else 0),
        "mem_limit": memory,
        "memswap_limit": memory,  # no swap beside it
        "nano_cpus": min(limits.cpus, processors) * 10**9,
        "shm_size": SHM_MB * _MEGABYTE,
        "ipc_mode": "private",
        "ulimits": [
            Ulimit(name="nofile", soft=_MOST_DESCRIPTORS, hard=_MOST_DESCRIPTORS),
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=whole_disk, hard=whole_disk),
        ],
        "tmpfs": {TEMPORARY: wanted[TEMPORARY].options()},
        "mounts": [volume],
        "log_config": LogConfig(type="none"),
        "init": True,  # collects orphans
        "auto_remove": True,  # it goes when its first process does
        **({"runtime": runtime} if runtime else {}),
    }


def command_limits(limits: Limits) -> dict[str, int]:
    """Resource limits of one process, by the name of their constant."""
    return {
        "RLIMIT_FSIZE": limits.file_mb * _MEGABYTE,
        "RLIMIT_NOFILE": _MOST_DESCRIPTORS,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": limits.cpu_s,
    }
