"""Writes the program around the kinds: packages, entry point, and how to run it."""

import json

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.commands import kind_verbs
from macrohard.llm.offline.appgen.pysource import (
    block,
    docstring,
    exploded,
    module,
    quote,
    text_lines,
)
from macrohard.llm.offline.dialect.ast import App

TEST_COMMAND = ("python", "-m", "unittest", "discover", "-s", "tests", "-t", ".")


def package_init(app: App) -> str:
    """``APP/__init__.py``."""
    return docstring(names.sentence(app.purpose.split("\n")[0] or app.title), depth=0) + "\n"


def commands_init(app: App) -> str:
    """``APP/commands/__init__.py``: where each command is, so that only one need be loaded."""
    kinds = app.kinds if "cli" in app.interfaces else ()
    entries = [
        f"{quote(kind.command)}: {quote(f'{app.slug}.commands.{names.file_name(kind)}')}"
        for kind in kinds
    ]
    known = [
        f"{quote(kind.command)}: {quote(', '.join(verb.name for verb in kind_verbs(app, kind)))}"
        for kind in kinds
    ]
    if app.is_served:
        entries.append(f'"serve": {quote(f"{app.slug}.web.serve")}')
        known.append(f'"serve": {quote(served(app))}')
    if app.has_window:
        entries.append(f'"window": {quote(f"{app.slug}.desktop.command")}')
        known.append('"window": "the same with a mouse, on the desktop"')
    about = names.sentence(app.purpose.split("\n")[0] or app.title)
    blocks = [
        f'PROGRAM = "python -m {app.slug}"',
        "\n".join(text_lines("ABOUT", about)),
        f'DATABASE = "{app.slug}.db"',
        exploded("COMMANDS = {", entries, "}"),
        '"""The module of each kind\'s commands; only the one that is needed is loaded."""',
        exploded("VERBS = {", known, "}"),
        '"""What can be done with each kind."""',
    ]
    return module("The commands of the program, and where their code is.", blocks, {})


def served(app: App) -> str:
    """What the server serves, for the help."""
    known = (("web", "web pages"), ("api", "the JSON API"))
    return " and ".join(words for name, words in known if name in app.interfaces)


def serve_command(app: App) -> list[str]:
    """How the server is started; ``{port}`` is where it shall listen."""
    return ["python", "-m", app.slug, "serve", "--port", "{port}"]


def window_command(app: App) -> list[str]:
    """How the window is opened."""
    return ["python", "-m", app.slug, "window"]


def main_module(app: App) -> str:
    """``APP/__main__.py``."""
    return (
        block(
            f'''
        """Runs the program: ``python -m {app.slug}``."""

        import io
        import os
        import sys

        from {app.slug}.cli import main


        def run() -> int:
            """Run the program, quietly where nobody reads its output any more."""
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(errors="backslashreplace")
            try:
                code = main()
                sys.stdout.flush()
            except KeyboardInterrupt:
                return 130
            except OSError as error:
                # The output cannot be written; python must not find that out a second time.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                if isinstance(error, BrokenPipeError):
                    return 1
                print(f"error: cannot write the output: {{error.strerror}}", file=sys.stderr)
                return 2
            return code


        if __name__ == "__main__":
            sys.exit(run())
        '''
        )
        + "\n"
    )


def manifest(app: App) -> str:
    """``macrohard.json``: how the app is run and tested."""
    content = {
        "name": app.slug,
        "run": ["python", "-m", app.slug],
        "test": list(TEST_COMMAND),
        **({"serve": serve_command(app)} if app.is_served else {}),
        **({"window": window_command(app)} if app.has_window else {}),
        "interfaces": list(app.interfaces),
        "python": ">=3.11",
    }
    return json.dumps(content, indent=2) + "\n"


def ignored_files(app: App) -> str:
    """``.gitignore``: what running the program and its tests leaves behind."""
    return f"# What people record, and what Python leaves behind.\n{app.slug}.db*\n__pycache__/\n"


def project_file(app: App) -> str:
    """``pyproject.toml``, as small as can be."""
    about = " ".join(app.purpose.split()) or app.title
    return (
        block(
            f"""
        [project]
        name = {quote(app.slug.replace("_", "-"))}
        version = "1.0.0"
        description = {quote(about)}
        requires-python = ">=3.11"
        dependencies = []

        [tool.ruff]
        line-length = 100
        """
        )
        + "\n"
    )
