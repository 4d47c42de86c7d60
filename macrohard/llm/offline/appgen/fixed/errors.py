"""What can go wrong, said to the person who runs the program.

AppError                anything that ends the program with one line and exit code 2
    InputError          what was typed, or what a file holds, cannot be accepted
        TakenError      another record is in the way
        MissingError    a record that is named is not there
    StorageError        a file cannot be read or written
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class AppError(Exception):
    """A problem that is told to the person in one line; nothing was written."""


class InputError(AppError):
    """A value, a command or a change that is refused."""


class TakenError(InputError):
    """A record that another one of its kind is in the way of.

    Args:
        before: The message up to where the other record is named.
        kind: Name of the kind of both.
        other: Id of the other record.
        after: The rest of the message.
    """

    def __init__(self, before: str, kind: str, other: int, after: str = "") -> None:
        """Name the other record by its id."""
        super().__init__(f"{before}{kind} {other}{after}")
        self.before, self.other, self.after = before, other, after


class MissingError(InputError):
    """A record that was named, and that nobody knows."""


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
def among(lines: Mapping[int, int]) -> Iterator[None]:
    """Name a record that came from the same file by its line there: no other trace of it stays."""
    try:
        yield
    except TakenError as error:
        if error.other not in lines:
            raise
        raise InputError(f"{error.before}line {lines[error.other]}{error.after}") from error


@contextmanager
def naming(record: str) -> Iterator[None]:
    """Say in a refusal which other record would break the rule."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error} ({record} would break it)") from error
