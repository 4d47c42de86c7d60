"""``macrohard sandbox``: the kinds of boxes there are, their images, and a look into one."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from macrohard.cli.consoles import print_json
from macrohard.cli.options import Debug, Json, Quiet, Run
from macrohard.errors import ConfigError, SandboxError, UsageError

if TYPE_CHECKING:
    from macrohard.sandbox import Sandbox, SandboxProvider
    from macrohard.sandbox.docker import Engine

app = typer.Typer(
    help="Look at the boxes that code runs in: kinds, images, leftovers.",
    no_args_is_help=True,
)

_COMMAND_S = 24 * 3600.0
"""A person's command may take its time; the box's own limits hold."""


@app.command("list")
def list_(
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """List the profiles of boxes, and which of them are built."""
    names = _names()
    engine, why = _engine()
    try:
        rows = asyncio.run(_profiles(names, engine, why))
    finally:
        if engine is not None:
            engine.close()
    if json_:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['profile']:8}  {row['kind']:8}  {row['state']:10}  {row['text']}")


@app.command()
def build(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="python, web or desktop.")],
    quiet: Quiet = False,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Build the image of a profile from Debian's packages.

    Broken off, it goes on where it was. Needs a container engine, and Debian's package mirror.
    Says what it does as it does it.
    """
    from macrohard.sandbox.docker import Engine  # noqa: PLC0415 - keeps help fast
    from macrohard.sandbox.docker.images import Images  # noqa: PLC0415

    name = _known(profile)
    engine = Engine.find()
    try:
        images = Images(engine, name)
        tag = asyncio.run(images.build(lambda text: None if quiet else typer.echo(text, err=True)))
    finally:
        engine.close()
    if json_:
        print_json({"profile": profile, "image": tag})
    else:
        typer.echo(tag)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def shell(
    run: Run,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND]", help="Run this instead of a shell."),
    ] = None,
    sandbox: Annotated[
        str,
        typer.Option("--sandbox", metavar="KIND", help="auto, docker or process."),
    ] = "auto",
    profile: Annotated[
        str, typer.Option("--profile", metavar="PROFILE", help="What the box is made from.")
    ] = "python",
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Open a shell in a fresh box with the app of a run.

    Its packages are there, too. What is changed there is gone when the shell ends. A command is run
    without a terminal, and its exit code is this one's.
    """
    from macrohard.cli.finding import find_run  # noqa: PLC0415 - keeps help fast
    from macrohard.sandbox import choose  # noqa: PLC0415

    folder = find_run(run)
    if not (folder / "app").is_dir():
        raise UsageError(f"{folder} has no app yet: nothing has been designed.")
    if not command and not sys.stdin.isatty():
        raise UsageError("a shell needs a terminal; without one, give a command after --.")
    if sandbox not in {"auto", "docker", "process"}:
        raise ConfigError(f"--sandbox {sandbox}: choose auto, docker or process")
    boxes = choose(
        "docker" if sandbox == "docker" else "process" if sandbox == "process" else "auto",
        # Whoever opens a shell decides for themselves, and starts what they want to see.
        model_is_offline=True,
        allow_process=True,
        profile=_known(profile),
        say=lambda text: typer.echo(text, err=True),
    )
    code = asyncio.run(_visit(boxes, folder, command or []))
    if code:
        raise typer.Exit(code)


@app.command()
def gc(
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Remove what dead factories left behind, and images of old profiles.

    Containers, volumes and folders of factories that live stay. An image is old when its profile,
    or macrohard, has changed since it was built; what macrohard did not make stays.
    """
    from macrohard.sandbox.process import remove_leftovers  # noqa: PLC0415 - keeps help fast

    removed: dict[str, Any] = {"folders": remove_leftovers()}
    engine, why = _engine()
    if engine is not None:
        try:
            removed |= asyncio.run(_clear(engine))
        finally:
            engine.close()
    if json_:
        print_json(removed)
        return
    typer.echo(f"{removed['folders']} folders of process sandboxes removed.")
    if engine is None:
        typer.echo(f"No containers were looked for: {why}.")
    else:
        typer.echo(f"{removed['containers_and_volumes']} containers and volumes removed.")
        images = removed["images"]
        typer.echo(f"{len(images)} old images removed{': ' if images else ''}{', '.join(images)}.")


def _engine() -> "tuple[Engine | None, str]":
    from macrohard.sandbox.docker import Engine  # noqa: PLC0415 - keeps help fast

    try:
        return Engine.find(), ""
    except SandboxError as error:
        return None, str(error)


def _known(profile: str) -> str:
    """The profile itself.

    Raises:
        ConfigError: There is none of that name; lists them.
    """
    names = _names()
    if profile not in names:
        raise ConfigError(f"there is no profile {profile!r}; choose from {', '.join(names)}.")
    return profile


def _names() -> list[str]:
    from macrohard.paths import sandboxes_dir  # noqa: PLC0415 - keeps help fast

    return sorted(path.parent.name for path in sandboxes_dir().glob("*/profile.toml"))


async def _clear(engine: "Engine") -> dict[str, Any]:
    from macrohard.sandbox.docker.images import remove_old  # noqa: PLC0415 - keeps help fast
    from macrohard.sandbox.docker.leftovers import remove_all  # noqa: PLC0415

    return {
        "containers_and_volumes": await remove_all(engine),
        "images": await remove_old(engine, _names()),
    }


async def _profiles(names: list[str], engine: "Engine | None", why: str) -> list[dict[str, str]]:
    from macrohard.sandbox.docker.images import Images  # noqa: PLC0415 - keeps help fast
    from macrohard.sandbox.profile import load_profile  # noqa: PLC0415

    rows = []
    for name in names:
        packages = ", ".join(load_profile(name).packages)
        text = f"Python with {packages}"
        rows.append({"profile": name, "kind": "process", "state": "ready", "text": text})
        if engine is None:
            rows.append({"profile": name, "kind": "docker", "state": "no engine", "text": why})
            continue
        images = Images(engine, name)
        todo = await images.missing()
        text = "; ".join(todo) if todo else images.tag
        state = "not built" if todo else "built"
        rows.append({"profile": name, "kind": "docker", "state": state, "text": text})
    return rows


async def _visit(boxes: "SandboxProvider", folder: Path, command: list[str]) -> int:
    """A command, or a shell on the person's terminal, in a box with the app; its exit status."""
    from macrohard.packages import Shelf  # noqa: PLC0415 - keeps help fast

    shelf = Shelf(folder / "packages")
    if shelf.ready():
        boxes.use_packages(shelf.site)
    try:
        async with await boxes.create(label="visit") as box:
            await box.put_tree(folder / "app", "app")
            return await (_run(box, command) if command else _sit_down(box))
    finally:
        await boxes.close()


async def _run(box: "Sandbox", command: list[str]) -> int:
    result = await box.exec(command, timeout_s=_COMMAND_S, cwd="app")
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.returncode


async def _sit_down(box: "Sandbox") -> int:
    from macrohard.cli.attached import attach  # noqa: PLC0415 - terminals of Unix only

    typer.echo("A fresh box, in the folder of the app; `exit` ends it, and all is gone.", err=True)
    return await attach(box, ["bash", "--norc"], "app")
