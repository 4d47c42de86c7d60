"""``requirements.lock``: every package of an app, its version, and the hash of its wheel."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from macrohard.errors import PackageError
from macrohard.packages.target import Target

_LINE = re.compile(r"([A-Za-z0-9._-]+)==(\S+) \\\n    --hash=sha256:([0-9a-f]{64})\n")
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")


@dataclass(frozen=True)
class Pin:
    """One package, pinned.

    Attributes:
        name: As the index spells it in file names, lower case and with hyphens.
        version: Exactly this one.
        sha256: Of its wheel.
    """

    name: str
    version: str
    sha256: str


def plain_name(name: str) -> str:
    """A package's name in the one way that compares (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(wheels: Iterable[Path]) -> tuple[Pin, ...]:
    """Pins for files of wheels, by name.

    Raises:
        PackageError: A file is no wheel.
    """
    pins = []
    for wheel in wheels:
        match = _WHEEL.fullmatch(wheel.name)
        if match is None:
            raise PackageError(f"{wheel.name} is no wheel: packages are installed from wheels only")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        pins.append(Pin(plain_name(match["name"]), match["version"], digest))
    return tuple(sorted(pins, key=lambda pin: pin.name))


def write_lock(pins: Sequence[Pin], wanted: Sequence[str], target: Target) -> str:
    """The text of a lock file; pip reads it with ``--require-hashes``."""
    head = (
        f"# Made by macrohard for {target}, from: {', '.join(wanted)}\n"
        "# Install with: python -m pip install --require-hashes -r requirements.lock\n"
    )
    return head + "".join(
        f"{pin.name}=={pin.version} \\\n    --hash=sha256:{pin.sha256}\n" for pin in pins
    )


def read_lock(text: str) -> tuple[Pin, ...]:
    """The inverse of :func:`write_lock`.

    Raises:
        PackageError: It has lines of another kind: an option, an address, a pin without hash.
    """
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    pins = [Pin(*match.groups()) for match in _LINE.finditer(body)]
    if _LINE.sub("", body).strip():
        raise PackageError(
            "requirements.lock has lines that are no pin with a hash; it is made by macrohard"
            " and not to be edited"
        )
    return tuple(pins)
