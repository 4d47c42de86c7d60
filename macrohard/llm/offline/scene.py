"""What a part of the offline model sees, and what it may answer.

A scene is only the request: the offline model has no other memory and no other source. What it
did earlier in a loop it reads from the conversation, as a language model does.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from macrohard.documents import read_documents
from macrohard.llm.base import Request


@dataclass(frozen=True)
class Action:
    """A wish to run a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Observed:
    """A tool that was run earlier in this conversation, and what it answered."""

    tool: str
    arguments: Mapping[str, Any]
    result: str


@dataclass(frozen=True)
class Faults:
    """How often the offline model errs, and the seed that decides where."""

    rate: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Scene:
    """One request, read.

    Attributes:
        request: The request as it came.
        faults: The error setting of this build.
    """

    request: Request
    faults: Faults

    @cached_property
    def documents(self) -> dict[str, str]:
        """Every document of every user message, by name."""
        found: dict[str, str] = {}
        for message in self.request.messages:
            if message.role == "user":
                found.update(read_documents(message.content))
        return found

    @cached_property
    def task(self) -> str:
        """The first user message: instruction and documents."""
        return next(m.content for m in self.request.messages if m.role == "user")

    @cached_property
    def observed(self) -> tuple[Observed, ...]:
        """Tools run so far in this conversation, in order, with their results."""
        results = {m.tool_call_id: m.content for m in self.request.messages if m.role == "tool"}
        return tuple(
            Observed(call.name, json.loads(call.arguments), results.get(call.id, ""))
            for message in self.request.messages
            for call in message.tool_calls
        )

    def has_tool(self, name: str) -> bool:
        """Whether the request offers this tool."""
        return any(tool.name == name for tool in self.request.tools)


Answer = BaseModel | list[Action]
"""A noun is handed in (as content, or through ``submit`` where tools are offered); or tools run."""

Part = Callable[[Scene], Answer]
"""Plays every role whose output is one noun. May raise SpecError with the line it cannot read."""
