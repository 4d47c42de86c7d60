"""Calls on disk: an answer is stored before it is used, and a stored answer is never asked again.

A call is one file, ``calls/<key>.json``, keyed by the hash of its request. Message texts and
pictures lie in the artifacts, once each, because every turn of a conversation repeats all the
earlier ones.
"""

import asyncio
import json
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from macrohard.artifacts import Artifacts
from macrohard.errors import InterruptedRunError
from macrohard.files import write_atomic
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Reply, Request
from macrohard.llm.metered import Answer, Answerer

VERSION = 1
_SHORT = 200
"""Texts of up to this many characters stay in the call's file."""


class StoredModel:
    """A model whose calls are stored, told of, and answered from the store when there.

    Args:
        model: Where answers come from, with their account.
        folder: The run's ``calls/``.
        artifacts: Where long texts lie.
        journal: Gets ``call_finished`` for each call.
        concurrency: Calls in flight at once.
    """

    def __init__(
        self,
        model: Answerer,
        *,
        folder: Path,
        artifacts: Artifacts,
        journal: Journal,
        concurrency: int,
    ) -> None:
        self._model = model
        self._folder = folder
        self._artifacts = artifacts
        self._journal = journal
        self._gate = asyncio.Semaphore(concurrency)
        self._in_flight: set[asyncio.Task[Reply]] = set()
        self._draining = False
        self._blind: set[tuple[str, str]] = set()

    @property
    def name(self) -> str:
        """Name of the model behind."""
        return self._model.name

    def window_tokens(self, asker: Asker) -> int:
        """Context window of the model behind."""
        return self._model.window_tokens(asker)

    def sees(self, asker: Asker) -> bool | None:
        """Whether the model behind sees."""
        return self._model.sees(asker)

    async def complete(self, request: Request) -> Reply:
        """The stored answer, or a new one, which is on disk when this returns.

        Raises:
            BudgetError: A cap would be passed.
            InterruptedRunError: The run is stopping.
            ModelError: The provider failed.
        """
        path = self._folder / f"{request.key}.json"
        if path.exists():
            record = json.loads(path.read_text())
            reply = Reply.model_validate(record["reply"])
            answer = Answer(reply, record["model"], record["usd"], record["seconds"])
            self._note(request, answer, reused=True)
            return reply
        if self._draining:
            raise InterruptedRunError("The run is stopping.")
        # Shielded: a call that was paid for is stored even when the one who asked is cancelled.
        task = asyncio.ensure_future(self._ask(request, path))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)
        return await asyncio.shield(task)

    async def drain(self, timeout_s: float) -> None:
        """Start no more calls, and wait for those in flight to be stored."""
        self._draining = True
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=timeout_s)

    async def _ask(self, request: Request, path: Path) -> Reply:
        async with self._gate:
            if self._draining:
                raise InterruptedRunError("The run is stopping.")
            answer = await self._model.answer(request)
            record = {
                "v": VERSION,
                "request": self._slim(request),
                "reply": answer.reply.model_dump(mode="json"),
                "model": answer.model,
                "seconds": round(answer.seconds, 6),
                "usd": answer.usd,
            }
            write_atomic(path, json.dumps(record, ensure_ascii=False))
            self._note(request, answer, reused=False)
            return answer.reply

    def _slim(self, request: Request) -> dict[str, Any]:
        data = request.model_dump(mode="json", exclude_defaults=True)
        for message in data["messages"]:
            for part in ("content", "echo"):
                text = message.get(part, "")
                if len(text) > _SHORT:
                    message[part] = {"artifact": self._artifacts.put(text)}
        for picture in request.pictures:
            self._artifacts.put(picture.data)
        if request.tools:
            tools = json.dumps([tool.model_dump(mode="json") for tool in request.tools])
            data["tools"] = {"artifact": self._artifacts.put(tools)}
        if request.output_schema:
            schema = json.dumps(request.output_schema)
            data["output_schema"] = {"artifact": self._artifacts.put(schema)}
        return data

    def _note(self, request: Request, answer: Answer, *, reused: bool) -> None:
        asker, usage = request.asker, answer.reply.usage
        self._journal.write(
            "call_finished",
            key=request.key,
            role=asker.role,
            stage=asker.stage,
            item=asker.item,
            round=asker.round,
            model=answer.model,
            served=answer.reply.model,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
            estimated=usage.estimated,
            usd=answer.usd or 0.0,
            priced=answer.usd is not None,
            seconds=round(answer.seconds, 6),
            reused=reused,
        )
        if answer.reply.unseen and (answer.model, asker.item) not in self._blind:
            self._blind.add((answer.model, asker.item))
            self._journal.write(
                "pictures_left_out",
                role=asker.role,
                stage=asker.stage,
                item=asker.item,
                round=asker.round,
                model=answer.model,
                reason=answer.reply.unseen,
            )


def stored_calls(folder: Path, known: Container[str] = ()) -> Iterator[dict[str, Any]]:
    """Every call on disk: the ground of all accounts. Each has ``key`` added to the file's JSON.

    Args:
        folder: The run's ``calls/``.
        known: Keys of calls that are left out.
    """
    for path in sorted(folder.glob("*.json")):
        if path.stem in known:
            continue
        record = json.loads(path.read_text())
        record["key"] = path.stem
        yield record


def restore_request(slim: dict[str, Any], artifacts: Artifacts) -> Request:
    """The whole request of a stored call."""
    data = dict(slim)
    data["messages"] = [
        {
            part: artifacts.text(value["artifact"]) if isinstance(value, dict) else value
            for part, value in message.items()
        }
        for message in slim["messages"]
    ]
    for message in data["messages"]:
        if "pictures" in message:
            message["pictures"] = [
                {**picture, "data": artifacts.data(picture["sha256"])}
                for picture in message["pictures"]
            ]
    for name in ("tools", "output_schema"):
        if isinstance(data.get(name), dict) and "artifact" in data[name]:
            data[name] = json.loads(artifacts.text(data[name]["artifact"]))
    return Request.model_validate(data)
