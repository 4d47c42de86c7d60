"""The Model protocol: what every provider of answers looks like from inside.

Requests and replies are immutable and have one canonical JSON form, because that form is what is
hashed, stored, recorded and replayed.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from macrohard.llm.picture import Picture


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, without what was worked out for the original."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class ToolCall(_Wire):
    """A tool the model wants run. ``arguments`` is the raw JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class Message(_Wire):
    """One message of a conversation, in the shape of chat completions.

    ``echo`` of an assistant's message is that of the reply it was. ``pictures`` go with texts of
    users and tools; models that do not see are sent the texts alone.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    echo: str = ""
    pictures: tuple[Picture, ...] = Field(default=(), exclude_if=lambda value: not value)

    @cached_property
    def canonical(self) -> str:
        """Its part of a request's canonical form, made once: each request sends it again."""
        return _canonical(self.model_dump(mode="json"))


class Tool(_Wire):
    """A tool the model may call; ``parameters`` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any]

    @cached_property
    def canonical(self) -> str:
        """Its part of a request's canonical form."""
        return _canonical(self.model_dump(mode="json"))


class Asker(_Wire):
    """Who asks: for routing, for accounts, and for the offline model to know its part.

    Attributes:
        role: Name of the role, as in ``agents/``.
        stage: Stage of the graph.
        item: Id of the work item or trial; empty when the stage itself asks.
        output: Name of the noun in ``macrohard.work`` that must be handed in.
        round: Round of the build, from 1.
        looks: Whether there are pictures to look at: a user at a browser or a screen with windows.
    """

    role: str
    stage: str
    item: str = ""
    output: str = ""
    round: int = 1
    looks: bool = Field(default=False, exclude_if=lambda value: not value)


class Request(_Wire):
    """One call of a model.

    With ``tools``, the answer is handed in by calling ``submit``, whose parameters are the output
    schema; without tools it is the reply's content, JSON that fits ``output_schema``.
    """

    asker: Asker
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    output_schema: dict[str, Any] | None = None
    max_output_tokens: int = 16_000

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of all its messages, in order."""
        return tuple(picture for message in self.messages for picture in message.pictures)

    def canonical(self) -> str:
        """The one JSON text that stands for this request: sorted keys, no spaces."""
        parts = {
            "asker": _canonical(self.asker.model_dump(mode="json")),
            "max_output_tokens": str(self.max_output_tokens),
            "messages": f"[{','.join(message.canonical for message in self.messages)}]",
            "output_schema": _canonical(self.output_schema),
            "tools": f"[{','.join(tool.canonical for tool in self.tools)}]",
        }
        return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical form, in hex."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


class Usage(_Wire):
    """Tokens of one call. ``cached_tokens`` is the part of the input read from a prompt cache."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False
    """True when the provider reported nothing and these are counted from the text."""


class Reply(_Wire):
    """What came back.

    ``echo`` is what the provider wants to be sent again with this reply in later requests, such as
    signatures of its thoughts: JSON that only its adapter reads. Some refuse to go on without it.
    ``unseen`` says why the request's pictures were left out, where they were.
    """

    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    echo: str = ""
    usage: Usage = Usage()
    model: str = ""
    finish_reason: Literal["stop", "tool_calls", "length", "refusal"] = "stop"
    unseen: str = Field(default="", exclude_if=lambda value: not value)

    @property
    def message(self) -> Message:
        """The reply as a message of the conversation that goes on."""
        return Message(
            role="assistant", content=self.content, tool_calls=self.tool_calls, echo=self.echo
        )


class Model(Protocol):
    """A provider of replies."""

    @property
    def name(self) -> str:
        """What the person named, such as ``offline`` or ``openai:gpt-5``."""
        ...

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            ModelError: The provider failed for good; retries are over.
        """
        ...


DEFAULT_WINDOW_TOKENS = 128_000
"""Context window of a model that tells none: what current models of all large providers offer."""


def window_tokens(model: Model, asker: Asker) -> int:
    """The context window, question and answer together, of the model that answers this asker.

    A model tells it by a method ``window_tokens(asker) -> int | None``; others have
    :data:`DEFAULT_WINDOW_TOKENS`.
    """
    tell = getattr(model, "window_tokens", None)
    told = tell(asker) if tell is not None else None
    return told if told is not None else DEFAULT_WINDOW_TOKENS


def sees(model: Model, asker: Asker) -> bool | None:
    """Whether the model that answers this asker can be shown pictures; None where nobody knows.

    A model tells it by a method ``sees(asker) -> bool | None``; others see nothing.
    """
    tell = getattr(model, "sees", None)
    told: bool | None = tell(asker) if tell is not None else False
    return told
