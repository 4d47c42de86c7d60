"""Standard streams of a process that was started with some of them closed."""

import io
import os
import sys
from typing import BinaryIO, Never, cast

from macrohard.errors import UsageError


class _Closed(io.TextIOWrapper):
    """Standard input that was closed by whoever started us: says so to who reads it."""

    @property
    def buffer(self) -> BinaryIO:
        return cast(BinaryIO, self._refuse())

    def read(self, size: int | None = -1) -> str:  # noqa: ARG002 - the signature of a stream
        return self._refuse()

    def readline(self, size: int = -1) -> str:  # type: ignore[override]  # noqa: ARG002
        return self._refuse()

    def _refuse(self) -> Never:
        raise UsageError("standard input is closed.")


def open_missing() -> None:
    """Open the null device for each standard stream that is closed, lowest descriptor first.

    Left closed, their descriptors would be given to the next files that are opened, and what is
    written to a standard stream would go into those.
    """
    if sys.stdin is None:
        sys.stdin = _Closed(open(os.devnull, "rb"))  # noqa: SIM115, PTH123 - open for good
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
