"""Reads the Interface section: command line, pages, JSON API, desktop, and what is not built."""

from macrohard.llm.offline.dialect.markdown import Section
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.words import Cursor, Phrases, Puzzle

_KNOWN: Phrases[str] = Phrases(
    (phrase, name)
    for name, phrases in {
        "cli": "command line, cli, terminal, console, shell, command line interface, "
        "command line program, command line tool, command line application, command line app",
        "web": "web page, web pages, web, web app, web application, web interface, "
        "website, web site, browser, html, page in the browser, gui, graphical interface",
        "api": "json api, json apis, api, rest api, rest, http api, web api, http, json over http",
        "desktop": "desktop, desktop app, desktop application, desktop program, "
        "desktop interface, window, windows, desktop window, window on the desktop, "
        "windows on the desktop",
        "mobile or full-screen interface": "mobile, mobile app, phone app, tui, text interface, "
        "full screen interface",
    }.items()
    for phrase in phrases.split(", ")
)
INTERFACES = ("cli", "web", "api", "desktop")
"""What is built, in the order in which it is named."""

_FILLERS = (
    "a", "an", "the", "and", "or", ",", ".", ";", ":", "only", "interface", "program", "tool",
    "app", "with", "plus", "also", "by", "on", "in", "from", "through", "used",
)  # fmt: skip


def read_interface(
    sections: list[Section], problems: Problems, assumptions: list[str]
) -> tuple[str, ...]:
    """Read which interfaces are wanted.

    Args:
        sections: The Interface section.
        problems: Takes interfaces that cannot be built, and lines that cannot be read.
        assumptions: Takes that the command line is meant where nothing is said.
    """
    found: set[str] = set()
    for entry in (entry for section in sections for entry in section.entries):
        cursor = Cursor(entry.text)
        while not cursor.at_end:
            line = entry.line_at(cursor.offset)
            name = _KNOWN.take(cursor)
            if name in INTERFACES:
                found.add(name)
            elif name:
                problems.add(line, _not_built(name))
            elif not cursor.accept(*_FILLERS):
                problems.add(line, cursor.not_understood("interface"))
                break
    if "desktop" in found and "cli" not in found:
        assumptions.append("The window is opened from a command line, which can do the same.")
        found.add("cli")
    if not found:
        assumptions.append("The application is used on the command line.")
        found.add("cli")
    return tuple(name for name in INTERFACES if name in found)


def _not_built(name: str) -> Puzzle:
    return Puzzle(
        f"the offline model does not build a {name} yet, only command lines, web "
        "pages, JSON APIs and windows on the desktop. Take this line out, or name a model that "
        "can with --model."
    )
