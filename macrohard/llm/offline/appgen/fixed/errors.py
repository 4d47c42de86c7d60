"""What can go wrong, said to the person who runs the program.

AppError                anything that ends the program with one line and exit code 2
    InputError          what was typed, or what a file holds, cannot be accepted
    StorageError        a file cannot be read or written
"""


class AppError(Exception):
    """A problem that is told to the person in one line; nothing was written."""


class InputError(AppError):
    """A value, a command or a change that is refused."""


class StorageError(AppError):
    """The database or another file that cannot be used."""
