"""What is tried: a run, an application's folder, or command lines; how it is started."""

import configparser
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from macrohard.config import Settings
from macrohard.errors import UsageError
from macrohard.llm import is_offline
from macrohard.record import FILE, read_record
from macrohard.sandbox.base import Sandbox
from macrohard.users import furnish
from macrohard.users.base import APP_FOLDER
from macrohard.users.web.running import read_address
from macrohard.work import Design, Module, Scenario, Scenarios

MANIFEST = "macrohard.json"
"""Says of an application how it is run; those that macrohard builds have one."""
BIN = "bin"
"""Folder of the workspace with the commands of installed packages."""
_LAUNCHER = """\
#!/usr/bin/env python
import sys
from {module} import {first}
sys.argv[0] = {name!r}
sys.exit({call}())
"""


@dataclass(frozen=True)
class Target:
    """An application to be tried.

    Attributes:
        name: What it is called.
        folder: Its files, copied into every box; None where packages are all there is.
        run: How a user starts it at a terminal; empty where nobody does.
        serve: Argument list that starts its server, ``{port}`` standing for the port; empty
            where it has none.
        window: Argument list that opens its window, where ``run`` does not; empty for none.
        packages: Packages of the index that it needs.
        ours: Whether the offline model built it, so that its code is from our own templates.
        scenarios: Those of the run that built it.
        url: Where it runs already, on a server that is not ours; empty where we start it.
    """

    name: str
    folder: Path | None = None
    run: tuple[str, ...] = ()
    serve: tuple[str, ...] = ()
    window: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    ours: bool = False
    scenarios: tuple[Scenario, ...] = ()
    url: str = ""

    @property
    def design(self) -> Design:
        """What a seat has to know of it."""
        slug = re.sub(r"\W+", "_", self.name.lower()).strip("_")[:50] or "app"
        return Design(
            app=slug if not slug[0].isdigit() else f"app_{slug}",
            summary=self.name,
            modules=(Module(path="app", responsibility=self.name),),
            interfaces=(),
            run=self.run or self.serve,
            serve=self.serve,
            window=self.window,
            test=("true",),
        )


def find_target(
    app: str | None,
    *,
    run: str = "",
    serve: str = "",
    packages: Sequence[str] = (),
    url: str = "",
) -> Target:
    """What somebody wants to have tried.

    Args:
        app: A run directory, or an application's folder.
        run: The line that starts it at a terminal.
        serve: The line that starts its server, with ``{port}``.
        packages: Packages of the index that it needs.
        url: Where it runs already; nothing else is then given.

    Raises:
        UsageError: There is nothing there, or it is not known how it is started.
    """
    if url:
        if app is not None or run or serve or packages:
            raise UsageError(
                "--url names an application that runs already: leave out APP, --run, --serve and "
                "--package."
            )
        address = read_address(url)
        return Target(urlsplit(address).netloc.replace(":", "-"), url=address)
    given = (_words("--run", run), _words("--serve", serve))
    if given[1] and not any("{port}" in word for word in given[1]):
        raise UsageError(f"--serve {serve!r} must say where the port goes: write {{port}} there.")
    if app is None:
        name = (packages or [*given[0], *given[1]] or [""])[0]
        if not any(given):
            raise UsageError(
                "say what to try: a folder, --run or --serve with a command line, or --url."
            )
        return Target(_plain(name), run=given[0], serve=given[1], packages=tuple(packages))
    folder = Path(app)
    if not folder.is_dir():
        raise UsageError(f"{app}: no such folder. A command line goes with --run or --serve.")
    found = _of_run(folder) if (folder / FILE).is_file() else _of_folder(folder)
    found = replace(found, packages=(*found.packages, *packages))
    if any(given):
        found = replace(found, run=given[0], serve=given[1], ours=found.ours)
    if not found.run and not found.serve:
        raise UsageError(
            f"{app}: it is not known how it is started; add --run 'python -m NAME' for a terminal "
            "program, --serve 'python -m NAME --port {port}' for a server, or both."
        )
    return found


def _words(option: str, line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"{option} {line!r} is no command line: {error}.") from None


def _of_run(folder: Path) -> Target:
    record = read_record(folder)
    app = folder / "app"
    found = _of_folder(app) if app.is_dir() else Target(folder.name)
    if not found.run and not found.serve:
        raise UsageError(f"{folder} holds no application that can be started yet.")
    return replace(
        found,
        ours=is_offline(Settings.from_json(record["options"])),
        scenarios=_scenarios(folder / "documents" / "scenarios.json"),
    )


def _scenarios(path: Path) -> tuple[Scenario, ...]:
    try:
        return Scenarios.model_validate_json(path.read_bytes()).scenarios
    except FileNotFoundError:
        return ()
    except ValidationError:
        raise UsageError(f"{path} is damaged; give scenarios with --scenario.") from None


def _of_folder(folder: Path) -> Target:
    """An application by its manifest, or else by what can be run in it."""
    home = folder.parent
    if folder.name == "app" and (home / FILE).is_file() and (folder / MANIFEST).is_file():
        record = read_record(home)
        ours = is_offline(Settings.from_json(record["options"]))
        scenarios = _scenarios(home / "documents" / "scenarios.json")
    else:
        ours, scenarios = False, ()
    manifest = _manifest(folder / MANIFEST)
    name = str(manifest.get("name") or folder.resolve().name)
    run, serve, window = (
        tuple(map(str, manifest.get(key, ()))) for key in ("run", "serve", "window")
    )
    if not run and not serve:
        packages = [path.parent.name for path in sorted(folder.glob("*/__main__.py"))]
        run = ("python", "-m", packages[0]) if len(packages) == 1 else ()
    return Target(name, folder, run, serve, window, ours=ours, scenarios=scenarios)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    return found if isinstance(found, dict) else {}


def _plain(name: str) -> str:
    return re.split(r"[<>=!~\[ ]", name)[0] or "app"


async def lay_out(box: Sandbox, target: Target, site: Path | None) -> dict[str, str]:
    """Put an application into a fresh box.

    Args:
        box: The box.
        target: The application.
        site: Folder with its packages, where it has some.

    Returns:
        Variables that its users' programs need.

    Raises:
        SandboxError: The box failed, or it does not fit in.
    """
    if target.folder is not None:
        await furnish(box, target.folder)
    else:
        await box.exec(["mkdir", "-p", APP_FOLDER], timeout_s=30)
    launchers = _launchers(site) if site is not None else {}
    for name, text in launchers.items():
        await box.write(f"{BIN}/{name}", text.encode())
    if not launchers:
        return {}
    await box.exec(["chmod", "-R", "a+rx", BIN], timeout_s=30)
    found = await box.exec(["sh", "-c", f'printf %s "$PWD/{BIN}:$PATH"'], timeout_s=30)
    return {"PATH": found.stdout}


def _launchers(site: Path) -> dict[str, str]:
    """The commands of installed packages, for the Python of a box."""
    found = {}
    for path in sorted(site.glob("*.dist-info/entry_points.txt")):
        reader = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        reader.optionxform = str  # type: ignore[assignment,method-assign]
        reader.read_string(path.read_text())
        scripts = reader["console_scripts"] if reader.has_section("console_scripts") else {}
        for name, value in scripts.items():
            module, _, call = value.partition("[")[0].strip().partition(":")
            if re.fullmatch(r"[\w.-]+", name) and re.fullmatch(r"[\w.]+", call):
                found[name] = _LAUNCHER.format(
                    module=module, first=call.partition(".")[0], call=call, name=name
                )
    return found
