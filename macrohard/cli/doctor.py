"""``macrohard doctor``: can this machine build?"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from macrohard.cli.consoles import err, out, print_json
from macrohard.cli.options import Agents, Debug, Json
from macrohard.errors import MacrohardError

if TYPE_CHECKING:
    from macrohard.config import Settings
    from macrohard.sandbox import SandboxProvider

NEEDED_DISK_MB = 500
"""Room for a few run directories with their sandboxes; a small build takes some tens of MB."""
_OLDEST = (3, 11)

State = Literal["ok", "note", "problem"]
_MARKS: dict[State, str] = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
_STYLES: dict[State, str] = {"ok": "green", "note": "yellow", "problem": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A ``note`` works with restrictions, a ``problem`` does not."""

    subject: str
    state: State
    text: str


def doctor(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Try this model out with a few small calls [default: those that are configured]",
        ),
    ] = None,
    agents: Agents = None,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Check whether this machine can build.

    Says what to do where it cannot.
    """
    from rich.text import Text  # noqa: PLC0415 - keeps help fast

    findings = []
    console = out()
    for finding in examine(agents, model):
        findings.append(finding)
        if not json_:
            line = Text.assemble(
                (_MARKS[finding.state], _STYLES[finding.state]),
                f"  {finding.subject}: {finding.text}",
            )
            console.print(line, soft_wrap=True)
    if json_:
        print_json([asdict(finding) for finding in findings])
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


def examine(agents: Path | None = None, model: str | None = None) -> Iterator[Finding]:
    """Look at everything a build needs; of models, those that are named are tried out."""
    yield _python()
    yield _git()
    yield from _guarded("sandbox", _sandbox)
    yield from _guarded("engine", _engine)
    yield from _roles(agents)
    yield _disk(Path.cwd())
    yield _terminal()
    yield _browser()
    yield _demo()
    yield _windows()
    yield from _guarded("model", _model)
    yield from _guarded("model", lambda: _named_models(model))


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _OLDEST:
        return Finding("python", "problem", f"{version}; 3.11 or newer is needed.")
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _git() -> Finding:
    program = shutil.which("git")
    if program is None:
        return Finding("git", "problem", "not found; install git, the app is kept in a repository.")
    try:
        asked = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("git", "problem", f"{program} does not work: {error}")
    return Finding("git", "ok", asked.stdout.strip())


def _sandbox() -> Iterator[Finding]:
    import asyncio  # noqa: PLC0415 - keeps help fast

    from macrohard.sandbox import choose  # noqa: PLC0415

    provider = choose("auto", model_is_offline=True, allow_process=False)
    yield asyncio.run(_try_box(provider))
    for sentence in provider.describe():
        lacking = sentence.endswith("shared") or " not " in sentence
        yield Finding("sandbox", "note" if lacking else "ok", sentence)


def _engine() -> Iterator[Finding]:
    """A container engine is no must: its absence is said, and what is used instead."""
    from macrohard.paths import sandboxes_dir  # noqa: PLC0415 - keeps help fast
    from macrohard.sandbox.docker import Engine  # noqa: PLC0415
    from macrohard.sandbox.docker.images import Images  # noqa: PLC0415

    try:
        engine = Engine.find()
    except MacrohardError as error:
        yield Finding("engine", "note", str(error))
        return
    try:
        about = engine.about
        runtimes = ", ".join(sorted(about.get("Runtimes") or {})) or "its own"
        version = about.get("ServerVersion", "of unknown version")
        text = f"{version} at {engine.address}; runtimes: {runtimes}"
        yield Finding("engine", "ok", text)
        for path in sorted(sandboxes_dir().glob("*/profile.toml")):
            images = Images(engine, path.parent.name)
            if images.built():
                yield Finding("image", "ok", f"{images.tag} is built")
            else:
                text = f"{path.parent.name} is not built; `macrohard sandbox build"
                yield Finding("image", "ok", f"{text} {path.parent.name}` does it: {images.hint}")
    finally:
        engine.close()


async def _try_box(provider: "SandboxProvider") -> Finding:
    """Run Python in a real box: what a host promises and what it does are two things."""
    try:
        async with await provider.create(label="doctor") as box:
            result = await box.exec(["python", "-c", "print(6 * 7)"], timeout_s=60)
    finally:
        await provider.close()
    if result.stdout.strip() == "42":
        return Finding("sandbox", "ok", f"{provider.name}: a box was made and ran Python")
    said = (result.stderr or result.stdout).strip().splitlines()
    why = said[-1] if said else f"exit status {result.returncode}"
    return Finding("sandbox", "problem", f"{provider.name}: Python does not run in a box: {why}")


def _roles(agents: Path | None) -> Iterator[Finding]:
    from macrohard.roles import check_roles, load_roles  # noqa: PLC0415 - keeps help fast

    problems = check_roles(agents)
    for problem in problems:
        yield Finding("agents", "problem", problem)
    if not problems:
        yield Finding("agents", "ok", f"{len(load_roles(agents))} roles, no problems")


def _disk(folder: Path) -> Finding:
    try:
        free_mb = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        return Finding("disk", "problem", f"{folder} cannot be looked at: {error.strerror}.")
    if free_mb < NEEDED_DISK_MB:
        text = f"{free_mb} MB free in {folder}; a build should have {NEEDED_DISK_MB} MB."
        return Finding("disk", "problem", text)
    return Finding("disk", "ok", f"{free_mb:,} MB free in {folder}")


def _terminal() -> Finding:
    console = err()
    if not console.is_terminal:
        return Finding("terminal", "ok", "none on standard error; a build prints plain lines")
    if console.is_dumb_terminal:
        return Finding("terminal", "note", "it cannot move the cursor; a build prints plain lines")
    size = f"{console.width} columns, {console.height} rows"
    return Finding("terminal", "ok", f"{size}, encoding {console.encoding}")


def _demo() -> Finding:
    """Demos, and with them whether bitmaps can be drawn at all."""
    from macrohard.film.cut import missing_for_film  # noqa: PLC0415 - keeps help fast

    missing = missing_for_film()
    if not missing:
        return Finding("demo", "ok", "macrohard demo can film, and web apps get a card")
    without = "; web apps get no card for shared links" if "Pillow" in " ".join(missing) else ""
    return Finding("demo", "note", f"macrohard demo lacks {'; '.join(missing)}{without}.")


def _windows() -> Finding:
    """Screens for programs with windows; Docker boxes have their own."""
    from macrohard.users.desk.windows import NEEDED, missing_for_desktop  # noqa: PLC0415

    found = [path for name in NEEDED if (path := shutil.which(name))]
    missing = missing_for_desktop("\n".join(found))
    if missing:
        return Finding("windows", "note", f"users of windows, in process boxes: {missing}")
    return Finding("windows", "ok", f"{found[0]}, for users of programs with windows")


def _browser() -> Finding:
    from macrohard.users.web.chromium import (  # noqa: PLC0415 - keeps help fast
        find_browser,
        missing_for_browser,
    )

    found = find_browser()
    if found is None:
        text = (
            "none that can be driven; users of pages follow links and send forms without one. For "
            f"--browser: {'; '.join(missing_for_browser())}."
        )
        return Finding("browser", "ok", text)
    return Finding("browser", "ok", f"{found}, used with --browser")


def _model() -> Iterator[Finding]:
    from macrohard.config import key_names  # noqa: PLC0415 - keeps help fast
    from macrohard.llm import open_model  # noqa: PLC0415
    from macrohard.llm.endpoint import shipped_presets  # noqa: PLC0415

    open_model("offline")
    yield Finding("model", "ok", "offline is embedded and needs no key")
    names = key_names()
    said = ", ".join(names) if names else "none"
    yield Finding("model", "ok", f"settings seen in the environment (names only): {said}")
    wanted = {name: preset.key for name, preset in shipped_presets().items() if preset.key_needed}
    ready = [f"{name}:NAME" for name, key in wanted.items() if key and key in names]
    lacking = [f"{name} ({key})" for name, key in wanted.items() if key and key not in names]
    yield Finding("model", "ok", f"providers whose key is set: {', '.join(ready) or 'none'}")
    if lacking:
        yield Finding("model", "ok", f"providers that would need a key: {', '.join(lacking)}")


def _named_models(model: str | None) -> Iterator[Finding]:
    """Try out the models that a build from here would use; without one that is named, none."""
    from macrohard.cli.naming import model_flags  # noqa: PLC0415 - keeps help fast
    from macrohard.configuration import resolve  # noqa: PLC0415

    flags = model_flags([model], None, None) if model else {}
    settings = resolve(flags).settings
    for name in settings.models:
        if model or (name and name != "offline"):
            yield from _guarded(f"model {name}", partial(_tried, name, settings))


def _tried(name: str, settings: "Settings") -> Iterator[Finding]:
    import asyncio  # noqa: PLC0415 - keeps help fast
    from datetime import UTC, datetime  # noqa: PLC0415

    from macrohard.llm.probe import Probe, probe  # noqa: PLC0415
    from macrohard.llm.routing import price_of, sees_of  # noqa: PLC0415

    async def all_probes() -> list[Probe]:
        seen = sees_of(name, settings)
        return [one async for one in probe(name, settings.routing.endpoints, sees=seen)]

    probes = asyncio.run(all_probes())
    for one in probes:
        yield Finding(f"model {name}", one.state, one.text)
    used = [one.usage for one in probes if one.usage is not None]
    if not used:
        return
    price = price_of(name, settings)
    tokens = sum(usage.input_tokens + usage.output_tokens for usage in used)
    text = f"this look took {len(used)} calls, {tokens:,} tokens"
    if price is None:
        yield Finding(f"model {name}", "note", f"{text}; its price is not known")
    else:
        usd = sum(price.usd(usage, datetime.now(UTC)) for usage in used)
        yield Finding(f"model {name}", "ok", f"{text}, ${usd:.4f}")


def _guarded(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A broken part is a finding, not the end of the examination."""
    try:
        yield from look()
    except MacrohardError as error:
        yield Finding(subject, "problem", str(error))
    except (ImportError, OSError) as error:
        yield Finding(subject, "problem", f"{type(error).__name__}: {error}")
