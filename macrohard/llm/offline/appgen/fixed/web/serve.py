"""``serve`` on the command line: starts the server."""

import argparse

from macrohard.llm.offline.appgen.fixed import console, database
from macrohard.llm.offline.appgen.fixed.web import server, site

HOST = "127.0.0.1"
PORT = 8000


def parser() -> console.Parser:
    """Make the parser of what the server takes."""
    made = console.Parser(prog=site.PROGRAM, description="Serve until it is interrupted.")
    console.add_database_option(made)
    made.add_argument(
        "--port", type=port, default=PORT, help=f"where to listen, {PORT} unless given; 0: any"
    )
    made.add_argument("--host", default=HOST, help=f"on which address, {HOST} unless given")
    made.set_defaults(action=run_serve)
    return made


def port(text: str) -> int:
    """Read the number of a port."""
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def run_serve(options: argparse.Namespace) -> str:
    """Serve until it is interrupted."""
    with database.writing(options.db):
        pass  # a file that cannot be used is told now, not to the first visitor
    return server.serve(site.answering(options.db), options.host, options.port)
