"""The command ``macrohard``: parses, calls, prints, and ends with a documented exit code.

Heavy imports are inside the commands, so that help and errors come at once.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from macrohard import __version__
from macrohard.cli import (
    agents,
    building,
    cluster,
    config,
    demo,
    doctor,
    init,
    mailbox,
    runs,
    sandbox,
    trying,
)
from macrohard.cli.streams import open_missing
from macrohard.errors import MacrohardError

_INTERRUPTED = 130
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

app = typer.Typer(
    name="macrohard",
    help="Build an application from a spec: required, designed, coded, tested, and used by "
    "simulated people before it is released.",
    epilog="Exit codes: 0 released, 1 not accepted, 2 usage or spec, 3 model, 4 sandbox, "
    "5 budget, 6 internal, 130 interrupted (go on with `macrohard resume`).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("build")(building.build)
app.command("resume")(building.resume)
app.command("runs")(runs.runs)
app.command("show")(runs.show)
app.command("demo")(demo.demo)
app.add_typer(agents.app, name="agents")
app.add_typer(cluster.app, name="cluster")
app.add_typer(mailbox.app, name="mailbox")
app.add_typer(config.app, name="config")
app.add_typer(sandbox.app, name="sandbox")
app.command("try")(trying.try_)
app.command("doctor")(doctor.doctor)
app.command("init")(init.init)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"macrohard {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options before a command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        The exit code.
    """
    open_missing()
    args = list(sys.argv[1:] if argv is None else argv)
    # Looked up here, not parsed: an error of parsing itself must find it, too.
    debug = "--debug" in args
    try:
        code = typer.main.get_command(app).main(
            args=args, prog_name="macrohard", standalone_mode=False
        )
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left. Python would try to flush once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: no traceback reaches a person
        return _fail(error, debug=debug)
    if code == _INTERRUPTED:
        # Older typer tells Ctrl-C by an exception, a newer one by this code.
        _say("interrupted.")
    return code if isinstance(code, int) else 0


def _fail(error: Exception, *, debug: bool) -> int:
    """Say what went wrong on one line; the exit code it ends with."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, MacrohardError):
        _say(str(error))
        return error.exit_code
    # typer brings its own copy of click or uses the installed one, by version: told by its shape.
    told = getattr(error, "format_message", None)
    if callable(told):
        message = str(told())
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{message}\n")
        elif message:
            stop = "" if message.endswith((".", "?", "!")) else "."
            _say(f"{message}{stop} {_hint(error)}")
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, OSError):
        # Without a file of its own, it is what is printed that could not be written.
        lost = error.errno in {errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG}
        where = f"{error.filename}: " if error.filename else "the output: " if lost else ""
        _say(f"{where}{error.strerror or error}.")
        return 2
    _say(
        f"internal error: {type(error).__name__}: {error}. This is a fault of macrohard; "
        "run it again with --debug to see where."
    )
    return 6


def _hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "macrohard")
    return f"See `{path} --help`."


def _say(message: str) -> None:
    # Lines to add are part of a message; what moves a cursor or sets a title is not.
    shown = _CONTROLS.sub("\ufffd", message)
    sys.stderr.write(f"error: {shown}\n")


if __name__ == "__main__":
    sys.exit(main())
