"""The files of a mailbox: which requests wait, and putting an answer."""

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from macrohard.errors import UsageError
from macrohard.llm.base import Reply, Request
from macrohard.llm.mailbox.answers import check_answer, read_answer

LARGEST_BYTES = 16 * 2**20
"""Of an answer: far above what any role hands in."""
SETTLED_S = 1.0
"""An answer file this old is taken as whole."""
_REQUEST = ".request.json"


@dataclass(frozen=True)
class Letter:
    """A request in a mailbox."""

    name: str
    folder: Path

    @property
    def request_path(self) -> Path:
        """The whole request as JSON."""
        return self.folder / f"{self.name}{_REQUEST}"

    @property
    def page_path(self) -> Path:
        """The request for people: what is new, and how to answer."""
        return self.folder / f"{self.name}.request.md"

    @property
    def conversation_path(self) -> Path:
        """All that was said, for people."""
        return self.folder / f"{self.name}.conversation.md"

    @property
    def problem_path(self) -> Path:
        """Why the last answer was set aside; there while no better one came."""
        return self.folder / f"{self.name}.problem.md"

    def answer_paths(self) -> tuple[Path, Path]:
        """Where an answer may be: Markdown, JSON."""
        return self.folder / f"{self.name}.answer.md", self.folder / f"{self.name}.answer.json"

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return any(path.exists() for path in self.answer_paths())

    def request(self) -> Request:
        """The request.

        Raises:
            UsageError: There is no such request, or it cannot be read.
        """
        try:
            return Request.model_validate_json(self.request_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"{self.folder} has no request {self.name}.") from None
        except (OSError, ValueError, ValidationError) as error:
            raise UsageError(f"{self.request_path} cannot be read: {error}") from None


def letters(folder: Path) -> Iterator[Letter]:
    """Every request of a mailbox, oldest first.

    Raises:
        UsageError: There is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such mailbox.")
    aged = sorted((path.stat().st_mtime_ns, path.name) for path in folder.glob(f"*{_REQUEST}"))
    for _, name in aged:
        yield Letter(name.removesuffix(_REQUEST), folder)


def find_letter(folder: Path, start: str | None) -> Letter:
    """The request whose name is or begins with ``start``; without one, the only one that waits.

    Raises:
        UsageError: None or several fit; lists them.
    """
    known = list(letters(folder))
    if start is None:
        fitting = [letter for letter in known if not letter.answered]
        none, some = "has no request that waits", "several requests wait"
    else:
        exact = [letter for letter in known if letter.name == start]
        fitting = exact or [letter for letter in known if letter.name.startswith(start)]
        none, some = f"has no request {start}", f"several requests begin with {start}"
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(f"{folder} {none}. `macrohard mailbox list {folder} --all` lists all.")
    names = ", ".join(letter.name for letter in fitting[:8])
    more = f" and {len(fitting) - 8} more" if len(fitting) > 8 else ""
    raise UsageError(f"{folder}: {some}: {names}{more}. Name one.")


def put_answer(
    letter: Letter, text: str, *, is_json: bool = False, unchecked: bool = False
) -> Reply:
    """Check an answer and drop it beside its request, whole.

    Args:
        letter: The request.
        text: The answer.
        is_json: Whether it is a reply in JSON, not Markdown.
        unchecked: Whether an answer that does not fit the request's schema is dropped, too; the
            role then gets the error, as it would from any model.

    Raises:
        AnswerError: It cannot be read, or does not fit; nothing is written.
        UsageError: There is no such request, it is answered, or the answer cannot be written.
    """
    request = letter.request()
    if letter.answered:
        raise UsageError(f"Request {letter.name} is answered already.")
    reply = read_answer(text, request, is_json=is_json)
    if not unchecked:
        check_answer(reply, request)
    _write_new(letter.answer_paths()[int(is_json)], text, letter)
    return reply


def _write_new(path: Path, text: str, letter: Letter) -> None:
    """Write a file that must not be there yet, whole, and old enough to count at once."""
    neighbour = path.with_name(f".{secrets.token_hex(8)}")
    try:
        neighbour.write_text(text, encoding="utf-8", newline="")
        past = time.time() - 2 * SETTLED_S
        os.utime(neighbour, (past, past))
        os.link(neighbour, path)
    except FileExistsError:
        raise UsageError(f"Request {letter.name} is answered already.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        neighbour.unlink(missing_ok=True)
