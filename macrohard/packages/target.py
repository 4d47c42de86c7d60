"""What packages have to fit: the Python of a box, which need not be ours."""

import json
import platform
import sys
import sysconfig
from dataclasses import dataclass

from macrohard.errors import SandboxError
from macrohard.sandbox.base import SandboxProvider

_ASK = (
    "import json, platform, sys, sysconfig; print(json.dumps([list(sys.version_info[:2]),"
    " sysconfig.get_platform(), platform.python_implementation()]))"
)


@dataclass(frozen=True)
class Target:
    """A Python.

    Attributes:
        version: Major and minor.
        platform: As ``sysconfig`` names it: ``linux-x86_64``.
        implementation: ``CPython``, …
    """

    version: tuple[int, int]
    platform: str
    implementation: str

    def __str__(self) -> str:
        return f"{self.implementation} {self.version[0]}.{self.version[1]} on {self.platform}"

    @classmethod
    def ours(cls) -> "Target":
        """The Python that runs us."""
        return cls(
            (sys.version_info.major, sys.version_info.minor),
            sysconfig.get_platform(),
            platform.python_implementation(),
        )

    def flags(self) -> list[str]:
        """Options of pip for a Python that is not ours; none for our own."""
        if self == Target.ours():
            return []
        major, minor = self.version
        machine = self.platform.rpartition("-")[2]
        names = [f"manylinux_2_{glibc}_{machine}" for glibc in (36, 34, 31, 28, 17)]
        names += [f"manylinux2014_{machine}", f"linux_{machine}"]
        return [
            f"--python-version={major}.{minor}", "--implementation=cp", f"--abi=cp{major}{minor}",
            "--abi=abi3", "--abi=none", *(f"--platform={name}" for name in names),
        ]  # fmt: skip


async def target_of(boxes: SandboxProvider) -> Target:
    """What the boxes of a provider run.

    Raises:
        SandboxError: No box can be made, or it has no Python.
    """
    async with await boxes.create(label="python") as box:
        result = await box.exec(["python", "-c", _ASK], timeout_s=60)
    try:
        version, where, implementation = json.loads(result.stdout)
        return Target((int(version[0]), int(version[1])), where, implementation)
    except (ValueError, TypeError) as error:
        raise SandboxError(f"Python does not run in a box: {result.stderr[-500:]}") from error
