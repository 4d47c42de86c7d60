"""``macrohard mailbox``: the requests of a mailbox, and answering them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from macrohard.cli.consoles import print_json
from macrohard.cli.options import Debug, Json
from macrohard.errors import UsageError

app = typer.Typer(help="See and answer the requests of a mailbox.", no_args_is_help=True)

Box = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of --model mailbox:DIR.")]
Which = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="A request, or the beginning of its name."),
]


@app.command("list")
def list_(
    folder: Box,
    all_: Annotated[bool, typer.Option("--all", help="Those that are answered, too.")] = False,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """List the requests that wait, oldest first."""
    from macrohard.llm.mailbox import letters  # noqa: PLC0415 - keeps help fast

    rows: list[dict[str, Any]] = [
        {
            "id": letter.name,
            "state": "answered"
            if letter.answered
            else "refused"
            if letter.problem_path.exists()
            else "waiting",
            "page": str(letter.page_path),
        }
        for letter in letters(folder)
        if all_ or not letter.answered
    ]
    if json_:
        print_json(rows)
    for row in [] if json_ else rows:
        typer.echo(f"{row['state']:8}  {row['id']}")
    if not rows and not json_:
        typer.echo(f"No request waits in {folder}.")


@app.command()
def show(
    folder: Box,
    request: Which = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="The whole conversation, not only what is new.")
    ] = False,
    json_: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Show a request, and how to answer it.

    It shows what is new since the last answer.
    """
    from macrohard.llm.mailbox import (  # noqa: PLC0415 - keeps help fast
        conversation_page,
        find_letter,
        request_page,
    )

    letter = find_letter(folder, request)
    asked = letter.request()
    if json_:
        print_json(asked.model_dump(mode="json"))
        return
    if letter.problem_path.exists():
        reason = letter.problem_path.read_text(encoding="utf-8").rstrip()
        typer.echo(f"The last answer was set aside. {reason}\n")
    page = conversation_page(asked, folder) if whole else request_page(asked, letter.name, folder)
    typer.echo(page, nl=False)


@app.command()
def answer(
    folder: Box,
    request: Which = None,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The answer; - or none for standard input."),
    ] = None,
    unchecked: Annotated[
        bool,
        typer.Option(
            "--unchecked", help="Hand in an answer that does not fit; the role gets the error."
        ),
    ] = False,
    debug: Debug = False,  # noqa: ARG001 - read by main, which catches the errors
) -> None:
    """Check an answer against the request's schema, and hand it in."""
    from macrohard.llm.mailbox import find_letter, put_answer  # noqa: PLC0415 - keeps help fast

    letter = find_letter(folder, request)
    text = _read(file)
    is_json = file.suffix == ".json" if file is not None and str(file) != "-" else _is_reply(text)
    reply = put_answer(letter, text, is_json=is_json, unchecked=unchecked)
    calls = ", ".join(call.name for call in reply.tool_calls)
    typer.echo(f"Answered {letter.name}{f': {calls}' if calls else ''}.")


def _read(file: Path | None) -> str:
    """The answer's text.

    Raises:
        UsageError: There is no such file, or it is no text.
    """
    name = "standard input" if file is None or str(file) == "-" else str(file)
    try:
        if name == "standard input":
            if sys.stdin.isatty():
                sys.stderr.write("Write the answer; end it with Ctrl-D.\n")
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: {error}.") from None


def _is_reply(text: str) -> bool:
    """Whether a text is a reply in JSON, not the content of one."""
    import json  # noqa: PLC0415 - for answers alone

    try:
        data = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and "tool_calls" in data
