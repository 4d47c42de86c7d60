"""The model whose answers somebody writes."""

import asyncio
import re
import time
from pathlib import Path

from macrohard.errors import ModelError
from macrohard.files import write_atomic
from macrohard.llm.base import Asker, Reply, Request
from macrohard.llm.mailbox.answers import AnswerError, read_answer, turn
from macrohard.llm.mailbox.box import LARGEST_BYTES, SETTLED_S, Letter
from macrohard.llm.mailbox.pages import conversation_page, picture_file, request_page

POLL_S = 0.25


class MailboxModel:
    """A model whose answers somebody writes.

    Args:
        folder: The mailbox; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """``mailbox:FOLDER``."""
        return f"mailbox:{self._folder}"

    def sees(self, _asker: Asker) -> bool:
        """Whoever answers can open the picture files that lie beside a request."""
        return True

    async def complete(self, request: Request) -> Reply:
        """Put the request in the box, wait for the answer.

        A request that is there already, from an earlier start, is not put again. An answer that
        cannot be read is set aside as ``NAME.rejected-N`` with the reason in ``NAME.problem.md``.

        Raises:
            ModelError: The box cannot be written.
        """
        letter = Letter(_name(request), self._folder)
        self._put(letter, request)
        while True:
            for path in letter.answer_paths():
                reply = self._take(letter, path, request)
                if reply is not None:
                    return reply
            await asyncio.sleep(POLL_S)

    def _put(self, letter: Letter, request: Request) -> None:
        try:
            if letter.request_path.exists():
                return
            for picture in request.pictures:
                path = self._folder / picture_file(picture)
                if not path.exists():
                    write_atomic(path, picture.data)
            write_atomic(letter.conversation_path, conversation_page(request, self._folder))
            write_atomic(letter.page_path, request_page(request, letter.name, self._folder))
            # Last: what lists the box sees a request when all of its files are there.
            write_atomic(letter.request_path, request.model_dump_json(indent=1))
        except OSError as error:
            raise ModelError(f"The mailbox {self._folder} cannot be written: {error}.") from error

    def _take(self, letter: Letter, path: Path, request: Request) -> Reply | None:
        try:
            told = path.stat()
            if time.time() - told.st_mtime < SETTLED_S:
                return None
            if told.st_size > LARGEST_BYTES:
                self._reject(letter, path, f"The answer has {told.st_size:,} bytes, too many.")
                return None
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            self._reject(letter, path, f"The answer is not UTF-8 text: {error}")
            return None
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}.") from None
        try:
            reply = read_answer(text, request, is_json=path.suffix == ".json")
        except AnswerError as error:
            self._reject(letter, path, str(error))
            return None
        letter.problem_path.unlink(missing_ok=True)
        return reply

    def _reject(self, letter: Letter, path: Path, reason: str) -> None:
        number = sum(1 for _ in letter.folder.glob(f"{letter.name}.rejected-*")) + 1
        try:
            write_atomic(letter.problem_path, reason.encode(errors="replace") + b"\n")
            path.replace(letter.folder / f"{letter.name}.rejected-{number}{path.suffix}")
        except FileNotFoundError:  # the answer was taken back meanwhile
            return
        except OSError as error:
            raise ModelError(f"The mailbox {self._folder} cannot be written: {error}.") from None


def _name(request: Request) -> str:
    asker = request.asker
    who = "-".join(part for part in (asker.stage, asker.item, asker.role) if part)
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", who).lstrip(".")[:120]
    return f"{plain}-{turn(request):03d}-{request.key[:12]}"
