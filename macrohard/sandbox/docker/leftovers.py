"""Containers and volumes whose factory is gone: found by their labels, and removed.

A container ends with the factory's connection, and its volume with it. What is left, because the
engine itself was ended in between, is removed at the next start of the same run or by
``macrohard sandbox gc``; nothing of a factory that lives is ever touched.
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox.docker.engine import Engine

RUN = "macrohard.run"
FACTORY = "macrohard.factory"


def labels(run: str) -> dict[str, str]:
    """Labels for what a factory makes.

    Args:
        run: The run it works on, or anything that is its own.
    """
    return {RUN: run, FACTORY: _identity(os.getpid())}


def _identity(pid: int) -> str:
    """A process, told apart from another that gets its number later or on another machine."""
    boot = _text("/proc/sys/kernel/random/boot_id").strip()
    started = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()[19:20]
    return ":".join((boot, str(pid), *started))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _alive(factory: str, *, own: bool) -> bool:
    """Whether a factory lives, as far as can be known from here; in doubt it does.

    Args:
        factory: What it was labelled with.
        own: Whether it worked on our own run, which nobody else may do while we live.
    """
    boot = _text("/proc/sys/kernel/random/boot_id").strip()
    match = re.fullmatch(r"([^:]*):(\d+)(:\d+)?", factory)
    if match is None or not boot or match[1] != boot:
        return not own  # another machine, or this one before it was started anew
    return _identity(int(match[2])) == factory


async def remove_own(engine: Engine, own: dict[str, str]) -> int:
    """Remove what an earlier life of the same run left; how many containers and volumes."""
    return await _remove(engine, f"{RUN}={own[RUN]}", own[FACTORY])


async def remove_all(engine: Engine) -> int:
    """Remove what every dead factory of this machine left; how many containers and volumes."""
    return await _remove(engine, RUN, "")


async def _remove(engine: Engine, label: str, keep: str) -> int:
    client, count = engine.client, 0
    filters = {"label": label}
    listed = await engine.call("list containers", client.containers, all=True, filters=filters)
    for found in listed:
        if _left(found, keep):
            with contextlib.suppress(SandboxError):
                remove = client.remove_container
                await engine.call("remove a container", remove, found["Id"], v=True, force=True)
                count += 1
    answer = await engine.call("list volumes", client.volumes, filters=filters)
    for found in answer.get("Volumes") or []:
        if _left(found, keep):
            with contextlib.suppress(SandboxError):
                await engine.call("remove a volume", client.remove_volume, found["Name"])
                count += 1
    return count


def _left(found: dict[str, Any], keep: str) -> bool:
    factory = (found.get("Labels") or {}).get(FACTORY, "")
    return factory != keep and not _alive(factory, own=bool(keep))
