"""The Python a box gets: the interpreter that runs us, with the packages tests need and no more.

The box sees a virtual environment of its own at ``/opt/python``. Our own environment stays
outside, so that an app that imports what only the factory has fails here as it would elsewhere.
"""

import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HOME = "/opt/python"
SITE = "/opt/packages"
"""Where the packages of the app are."""
_MOVED_BASE = "/opt/base-python"
_HIDDEN_IN_BOX = ("/work", "/proc", "/dev", "/etc")
"""Where the box has something of its own, so that the host's directory cannot be shown there."""

PYTEST_STUB = f"""#!{HOME}/bin/python
import sys

import pytest

sys.exit(pytest.main())
"""


@dataclass(frozen=True)
class Layout:
    """What to put into a box, in the words of its plan.

    Attributes:
        binds: Host path and path in the box, shown read-only.
        links: Path in the box and what it points at.
        files: Path in the box and text.
    """

    binds: list[tuple[str, str]]
    links: list[tuple[str, str]]
    files: list[tuple[str, str]]


def layout(packages: tuple[str, ...] = ("pytest",), site: Path | None = None) -> Layout:
    """The interpreter of this process and the named packages with all they require.

    Packages that are not installed are left out.

    Args:
        packages: Of our own environment.
        site: Folder with the packages of the app, if it has any.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = str(Path(sys.base_prefix).resolve())
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    binds: list[tuple[str, str]] = []
    if prefix != "/usr" and not prefix.startswith("/usr/"):
        shown = _MOVED_BASE if prefix.startswith(_HIDDEN_IN_BOX) else prefix
        binds.append((prefix, shown))
        if program.is_relative_to(prefix):
            program = Path(shown) / program.relative_to(prefix)
    ours = f"{HOME}/lib/{version}/site-packages"
    binds += [(str(source), f"{ours}/{source.name}") for source in files_of(packages)]
    names = ("python", "python3", version)
    config = f"home = {program.parent}\ninclude-system-site-packages = false\n"
    files = [(f"{HOME}/pyvenv.cfg", config), (f"{HOME}/bin/pytest", PYTEST_STUB)]
    if site is not None:
        binds.append((str(site), SITE))
        # Seen from where it lies, so that it is right in a box without a root of its own as well.
        files.append((f"{ours}/app.pth", "../../../../packages\n"))
    return Layout(
        binds=binds,
        links=[(f"{HOME}/bin/{name}", str(program)) for name in names],
        files=files,
    )


def files_of(packages: tuple[str, ...]) -> list[Path]:
    """Top-level files and directories of the distributions, those they require included."""
    waiting, seen, found = list(packages), set[str](), set[Path]()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__"):
                found.add(Path(str(distribution.locate_file(top))))
        waiting += [
            match.group()
            for requirement in distribution.requires or ()
            if "extra ==" not in requirement and (match := re.match(r"[\w.-]+", requirement))
        ]
    return sorted(path for path in found if path.exists())
