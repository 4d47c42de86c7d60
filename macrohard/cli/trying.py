"""``macrohard try``: simulated users on any application."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from macrohard.cli.consoles import err, print_json
from macrohard.cli.naming import model_flags
from macrohard.cli.options import (
    Agents,
    Debug,
    Json,
    MaxCalls,
    MaxMinutes,
    MaxTokens,
    MaxUsd,
    Models,
    Quiet,
    Roles,
    Tiers,
)

_NOTICE = """\
Users will try {url}, which was not started for them.
Only try a server that is yours, or that you may test. They enter, change and
delete data there, and leave some of it behind. No user finds it empty, nobody
can start it again, and one user follows the other."""

if TYPE_CHECKING:
    from macrohard.trying import TryResult


def try_(  # noqa: PLR0917 - typer makes an option of each
    app: Annotated[
        str | None,
        typer.Argument(
            metavar="APP",
            help="A run directory, or the folder of an application; none where --run or --serve "
            "start what --package brings.",
        ),
    ] = None,
    run: Annotated[
        str,
        typer.Option(
            "--run",
            metavar="LINE",
            help="The line that starts it at a terminal [default: of macrohard.json]",
        ),
    ] = "",
    serve: Annotated[
        str,
        typer.Option(
            "--serve",
            metavar="LINE",
            help="The line that starts its server; {port} stands for the port [default: likewise]",
        ),
    ] = "",
    package: Annotated[
        list[str] | None,
        typer.Option(
            "--package",
            metavar="NAME",
            help="A package of the index that it needs, as a wheel; may be given again.",
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            "--url",
            metavar="URL",
            help="Try an application that runs already, on a server of yours: http://host:port. "
            "Its data is changed.",
        ),
    ] = "",
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="With --url: do not ask whether its data may be changed."),
    ] = False,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="Scenarios in Markdown, YAML or JSON [default: those of its run]",
        ),
    ] = None,
    persona: Annotated[
        list[str] | None,
        typer.Option(
            "--persona",
            metavar="ROLE",
            help="Who tries, where a scenario does not name its own; may be given again "
            "[default: all roles that play users]",
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "--n",
            metavar="N",
            min=1,
            help="How many trials [default: so many that nothing and nobody is left out]",
        ),
    ] = None,
    explore: Annotated[
        bool,
        typer.Option(
            "--explore/--no-explore",
            help="Look round without a scenario, too [default: yes]",
            show_default=False,
        ),
    ] = True,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser",
            help="Users of pages sit at a real browser (extra browser, and a Chromium).",
        ),
    ] = None,
    desktop: Annotated[
        bool,
        typer.Option("--desktop", help="What --run starts opens a window: users sit at a screen."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the evidence [default: tries/NAME-TIME]"
        ),
    ] = None,
    model: Models = None,
    tier: Tiers = None,
    role: Roles = None,
    agents: Agents = None,
    sandbox: Annotated[
        str | None,
        typer.Option(
            "--sandbox",
            metavar="KIND",
            help="Where it runs: auto, docker, process [default: auto]",
        ),
    ] = None,
    allow_process_sandbox: Annotated[
        bool | None,
        typer.Option(
            "--allow-process-sandbox",
            help="Let an application that the offline model did not build run in the process "
            "sandbox.",
        ),
    ] = None,
    offline_packages: Annotated[
        bool | None,
        typer.Option(
            "--offline-packages",
            help="Ask no package index: what it needs must have been downloaded before.",
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", metavar="N", help="Users at it at once [default: 4]"),
    ] = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    json_: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Have simulated users try an application, ours or not.

    Users with a scenario are judged by what the application did; users without one look round.
    """
    from macrohard import api  # noqa: PLC0415 - keeps help fast
    from macrohard.configuration import resolve  # noqa: PLC0415

    flags = model_flags(model, tier, role) | {
        ("build", "sandbox"): sandbox,
        ("build", "allow_process_sandbox"): allow_process_sandbox or None,
        ("build", "browser"): browser or None,
        ("build", "desktop"): desktop or None,
        ("build", "offline_packages"): offline_packages or None,
        ("build", "agents"): str(agents.absolute()) if agents else None,
        ("build", "concurrency"): concurrency,
        ("caps", "usd"): max_usd,
        ("caps", "tokens"): max_tokens,
        ("caps", "calls"): max_calls,
        ("caps", "minutes"): max_minutes,
    }
    if url:
        _warn(url, yes=yes, quiet=quiet or json_)
    result = api.try_app(
        app,
        run=run,
        serve=serve,
        packages=tuple(package or ()),
        url=url,
        scenarios=scenario,
        personas=tuple(persona or ()),
        trials=n,
        explore=explore,
        out=out,
        settings=resolve(flags).settings,
        on_event=None if quiet or json_ else _tell,
    )
    if json_:
        told = {"accepted": result.accepted, "satisfied": result.satisfied}
        print_json(result.model_dump(mode="json") | told)
    elif not quiet:
        _show(result)
    raise typer.Exit(0 if result.accepted else 1)


def _warn(url: str, *, yes: bool, quiet: bool) -> None:
    """Tell what is done to a server that runs already, and have it allowed."""
    from macrohard.errors import UsageError  # noqa: PLC0415 - keeps help fast
    from macrohard.users.web.running import read_address  # noqa: PLC0415 - likewise

    told = _NOTICE.format(url=read_address(url))
    if quiet and yes:
        return
    err().print(told, markup=False, highlight=False, soft_wrap=True)
    if yes:
        return
    if not sys.stdin.isatty() or not err().is_terminal:
        raise UsageError("--url: nobody is here to be asked; say --yes if its data may be changed.")
    if not typer.confirm("Go on?", err=True):
        raise UsageError("--url: nothing was done.")


def _tell(event: dict[str, Any]) -> None:
    """An event worth a line, for the person who waits."""
    match event["type"]:
        case "notice":
            err().print(event["text"], markup=False)
        case "packages_locked":
            err().print(f"installed {event['locked']} packages", markup=False)
        case "trial_finished":
            said = "satisfied" if event["satisfied"] else "NOT satisfied"
            err().print(f"{event['trial']}: {said} ({event['seconds']:.1f} s)", markup=False)
        case "exploration_finished":
            said = f"{event['findings']} findings ({event['seconds']:.1f} s)"
            if event["skipped"]:
                said = f"{len(event['skipped'])} not tried, {said}"
            err().print(f"looked round, {event['surface']}: {said}", markup=False)


def _show(result: "TryResult") -> None:
    """The closing summary."""
    say = err()
    head = "Accepted" if result.accepted else "Not accepted"
    say.print(f"\n{head}: {result.app}", markup=False, style="bold")
    if result.trials:
        say.print(f"Users     {result.satisfied} of {len(result.trials)} satisfied", markup=False)
    for trial in result.trials:
        if not trial.satisfied:
            say.print(f"  {trial.trial} ({trial.scenario}):", markup=False)
            for reason in trial.reasons[:4]:
                say.print(f"    {reason}", markup=False)
    for trial in result.trials:
        for skipped in trial.skipped:
            say.print(f"  not tried: {trial.trial}: {skipped}", markup=False)
    for each in result.explorations:
        say.print(f"Looked    {each.surface}: {each.told}", markup=False)
        for skipped in each.skipped:
            say.print(f"  not tried: {skipped}", markup=False)
    for finding in result.findings:
        say.print(f"  {finding.severity}, {finding.check}: {finding.title}", markup=False)
    say.print(f"Evidence  {result.out}", markup=False)
