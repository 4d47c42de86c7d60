"""What can go wrong, said to the person who runs the program.

AppError                anything that ends the program with one line and exit code 2
    InputError          what was typed, or what a file holds, cannot be accepted
    StorageError        a file cannot be read or written
"""

from collections.abc import Iterator
from contextlib import contextmanager


class AppError(Exception):
    """A problem that is told to the person in one line; nothing was written."""


class InputError(AppError):
    """A value, a command or a change that is refused."""


class StorageError(AppError):
    """The database or another file that cannot be used."""


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Say in a refusal where the row stands that is refused."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


@contextmanager
def naming(record: str) -> Iterator[None]:
    """Say in a refusal which other record would break the rule."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error} ({record} would break it)") from error
