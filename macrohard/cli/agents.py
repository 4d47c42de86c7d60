"""``macrohard agents list``, ``show`` and ``check``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from macrohard.cli.consoles import out, print_json
from macrohard.cli.options import Agents, Debug, Json
from macrohard.errors import RoleError

if TYPE_CHECKING:
    from macrohard.roles import Role

app = typer.Typer(
    help="Look at the roles: who does the work, and by which instructions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_roles(
    agents: Agents = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="STAGE", help="Only roles of this stage.")
    ] = None,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """List the roles, in order of the stages."""
    from rich.table import Table  # noqa: PLC0415 - keeps help fast
    from rich.text import Text  # noqa: PLC0415

    from macrohard.config import check_stage  # noqa: PLC0415
    from macrohard.report.words import clean  # noqa: PLC0415
    from macrohard.roles import load_roles  # noqa: PLC0415

    if stage is not None:
        check_stage(stage)
    roles = load_roles(agents).of(stage)
    if json_:
        print_json([_as_json(role) for role in roles])
        return
    table = Table(box=None)
    for head in ("Stage", "Role", "Duty", "Hands in"):
        table.add_column(head, no_wrap=True)
    table.add_column("Description", overflow="fold")
    for role in roles:
        cells = (role.stage, role.name, role.duty, role.output, role.description)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    out().print(table)


@app.command("show")
def show_role(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Name of a role.")],
    agents: Agents = None,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Show one role with its prompt."""
    from macrohard.report.words import clean_lines  # noqa: PLC0415 - keeps help fast
    from macrohard.roles import load_roles  # noqa: PLC0415

    found = load_roles(agents).get(role)
    if json_:
        print_json(_as_json(found))
        return
    facts = {
        "name": found.name,
        "stage": found.stage,
        "duty": found.duty,
        "hands in": found.output,
        "tools": ", ".join(found.tools) or "none",
        "tier": found.tier,
        **({"habits": found.habits.told()} if found.duty == "user" else {}),
        "file": str(found.source),
        "": "",
    }
    lines = [f"{key}: {value}" if key else "" for key, value in facts.items()]
    typer.echo(clean_lines("\n".join([*lines, found.prompt])))


@app.command("check")
def check(
    agents: Agents = None,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Check all role files and say file and line of whatever is wrong."""
    from macrohard.roles import check_roles, load_roles  # noqa: PLC0415 - keeps help fast

    problems = check_roles(agents)
    for problem in problems:
        typer.echo(problem)
    if problems:
        number = len(problems)
        raise RoleError(f"{number} problem{'s' if number > 1 else ''} in role files.")
    typer.echo(f"{len(load_roles(agents))} roles, no problems.")


def _as_json(role: "Role") -> dict[str, Any]:
    return role.model_dump(mode="json")
