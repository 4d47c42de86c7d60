"""``window`` on the command line: opens the window."""

import argparse

from macrohard.llm.offline.appgen.fixed import console, database
from macrohard.llm.offline.appgen.fixed.desktop import site
from macrohard.llm.offline.appgen.fixed.desktop.desk import Desk
from macrohard.llm.offline.appgen.fixed.errors import StorageError


def parser() -> console.Parser:
    """Make the parser of what the window takes."""
    made = console.Parser(prog=site.PROGRAM, description="Open the window, until it is closed.")
    console.add_database_option(made)
    made.set_defaults(action=run_window)
    return made


def run_window(options: argparse.Namespace) -> str:
    """Open the window, and stay until it is closed.

    Raises:
        StorageError: when there is no screen, or Python came without Tk.
    """
    with database.writing(options.db):
        pass  # a file that cannot be used is told now, not at the first click
    try:
        import tkinter as tk  # noqa: PLC0415 (the command line works without it)

        from macrohard.llm.offline.appgen.fixed.desktop.window import Window  # noqa: PLC0415
    except ImportError as error:
        raise StorageError(
            "this Python has no tkinter; on Debian: apt install python3-tk"
        ) from error
    try:
        window = Window(Desk(site.SITE, options.db))
    except tk.TclError as error:
        raise StorageError(f"there is no screen to open a window on: {error}") from error
    window.run()
    return "Closed."
