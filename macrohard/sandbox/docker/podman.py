"""What Podman takes in another form than Docker, so that its boxes have the same walls.

Podman speaks Docker's API, but leaves out, without a word, what it does not know there. Each of
these was seen with Podman 4.3: a runtime named in a request is ignored, and so are the options of
a volume that is made along with its container; a system call filter is the path of a file; caps
on a volume's bytes need a file system with quotas; ``/var/tmp`` is a disk of its own.
"""

import contextlib
import hashlib
import os
import resource
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docker.types import Mount, Ulimit

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Limits
from macrohard.sandbox.docker.engine import Engine, EngineError
from macrohard.sandbox.docker.hardening import disks

_MOST_PROCESSES = (
    16384  # of a user, in all boxes together; Podman's default is more than a host may
)
_MEGABYTE = 2**20


def is_podman(about: dict[str, Any]) -> bool:
    """Whether an engine is Podman, from what it says of itself."""
    return "BuildahVersion" in about


def check_runtime(about: dict[str, Any], runtime: str) -> None:
    """Podman runs boxes with the runtime of its own configuration, whatever it is asked for.

    Raises:
        SandboxError: That is another one; says where to name it.
    """
    own = about.get("DefaultRuntime") or "unknown"
    if runtime and own != runtime:
        raise SandboxError(
            f"--sandbox-runtime {runtime}: Podman runs every container that comes by its Docker API"
            f' with its own runtime, which is {own}; write `runtime = "{runtime}"` under [engine]'
            " in containers.conf and start its service again"
        )


def filter_file(profile: str) -> str:
    """Where a list of refused system calls lies for Podman, which reads it from a file.

    Args:
        profile: The list.
    """
    digest = hashlib.sha256(profile.encode()).hexdigest()[:12]
    path = Path.home() / ".cache" / "macrohard" / f"seccomp-{digest}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.part")
        draft.write_text(profile, encoding="utf-8")
        draft.replace(path)
    return str(path)


async def make_disks(engine: Engine, limits: Limits, labels: dict[str, str]) -> dict[str, str]:
    """Make the volumes of a box, which Podman does not make along with it; names by path.

    Args:
        engine: Podman.
        limits: Their sizes.
        labels: For the volumes.

    Raises:
        EngineError: It refused, hung or is gone.
    """
    made: dict[str, str] = {}
    try:
        for path, disk in disks(limits).items():
            blocks = disk.megabytes * _MEGABYTE // os.sysconf("SC_PAGE_SIZE")
            # Podman takes ``size`` for a quota of the file system below; this says the same.
            options = {"type": "tmpfs", "device": "tmpfs", "o": disk.options(f"nr_blocks={blocks}")}
            found = await engine.call(
                "make a volume", engine.client.create_volume, "", "local", options, labels
            )
            made[path] = found["Name"]
    except BaseException:
        await remove_disks(engine, made.values())
        raise
    return made


async def remove_disks(engine: Engine, names: Iterable[str]) -> None:
    """Remove volumes whose container is gone."""
    for name in names:
        with contextlib.suppress(EngineError):
            await engine.call("remove a volume", engine.client.remove_volume, name)


def adapted(settings: dict[str, Any], made: dict[str, str]) -> dict[str, Any]:
    """Settings of a container as Podman takes them.

    Args:
        settings: From :func:`~macrohard.sandbox.docker.hardening.host_settings`.
        made: From :func:`make_disks`.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = _MOST_PROCESSES if hard == resource.RLIM_INFINITY else min(hard, _MOST_PROCESSES)
    return {
        **settings,
        "mounts": [Mount(path, name, type="volume") for path, name in made.items()],
        # Empty, and root's: nothing caps the one Podman would put there.
        "tmpfs": {"/var/tmp": "size=4k,mode=755,nosuid,nodev"},  # noqa: S108 - the box's own
        "ulimits": [*settings["ulimits"], Ulimit(name="nproc", soft=most, hard=most)],
    }
