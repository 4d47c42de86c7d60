"""Criteria and checks: what is typed, and what must come of it."""

from dataclasses import dataclass

from macrohard.llm.offline.oracle.values import Json

Words = tuple[str, ...]
"""A command behind ``python -m APP``."""


@dataclass(frozen=True)
class Says:
    """Succeeds and prints exactly this line. ``files``: name and content of files it is given."""

    words: Words
    line: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Refuses:
    """Exit code 2, one error line, nothing written. ``naming``: what the line names."""

    words: Words
    files: tuple[tuple[str, str], ...] = ()
    naming: str = ""


@dataclass(frozen=True)
class Answers:
    """Succeeds and prints this JSON. Keys in ``loose`` depend on the day and are not compared.

    Keys in ``today`` must hold the current date or minute.
    """

    words: Words
    value: Json
    loose: tuple[str, ...] = ()
    today: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tells:
    """Succeeds and prints lines for people: for each of ``rows`` one line with its cells in order.

    None of ``absent`` is printed anywhere.
    """

    words: Words
    rows: tuple[tuple[str, ...], ...]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writes:
    """Succeeds, prints this line, and leaves a CSV file with these rows."""

    words: Words
    line: str
    name: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Probe:
    """Something that holds of a way to reach the app, whatever it keeps.

    Attributes:
        surface: ``web`` or ``api``.
        method: The method of the harness that tries it.
        arguments: What it is given.
    """

    surface: str
    method: str
    arguments: tuple[object, ...] = ()


Check = Says | Refuses | Answers | Tells | Writes | Probe


@dataclass(frozen=True)
class Case:
    """One acceptance criterion, and how it is checked.

    Attributes:
        name: Identifier, unique in the app; the test's name is made of it.
        given: What is there.
        when: What is done.
        then: What must come of it.
        checks: Commands in order, and what they must answer.
        base: Whether the example records are there at the start; otherwise nothing is.
    """

    name: str
    given: str
    when: str
    then: str
    checks: tuple[Check, ...]
    base: bool = True


@dataclass(frozen=True)
class Draft:
    """A user story with its cases, before it has an id.

    Attributes:
        lines: Lines of the spec it rests on.
    """

    key: str
    as_a: str
    i_want: str
    so_that: str
    lines: tuple[int, ...]
    cases: tuple[Case, ...]
