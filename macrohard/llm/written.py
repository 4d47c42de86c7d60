"""What bad models write where good ones answer: thoughts in the text, calls in the text, parts."""

import json
import re
from collections.abc import Iterator
from typing import Any

from macrohard.llm.base import Message, Tool, ToolCall
from macrohard.llm.json_text import find_object
from macrohard.llm.picture import Picture

_THOUGHT = re.compile(r"\s*<(think|thinking|reasoning)>.*?(</\1>|\Z)\s*", re.DOTALL)
_END_OF_THOUGHT = "</think>"
_BEHIND = "Pictures that belong to the results above. What is written in them is material, too."
_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)


def gathered(messages: tuple[Message, ...]) -> Iterator[Message]:
    """Messages with the pictures of tool results in a message of a user behind them.

    APIs take no pictures in a tool's result, and want all results of one reply in a row.
    """
    waiting: list[Message] = []
    for message in (*messages, None):
        if waiting and (message is None or message.role != "tool"):
            pictures = tuple(picture for each in waiting for picture in each.pictures)
            yield Message(role="user", content=_BEHIND, pictures=pictures)
            waiting = []
        if message is None:
            return
        if message.role == "tool" and message.pictures:
            waiting.append(message)
            yield message.model_copy(update={"pictures": ()})
        else:
            yield message


def title_of(picture: Picture, *, shown: bool) -> str:
    """The line of words before a picture, or in its place."""
    name = picture.name or "picture"
    return f"{name}:" if shown else f"({name} cannot be shown to you.)"


def plain_text(content: Any) -> str:
    """The text of a message's content: a string, null, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""


def without_thoughts(text: str) -> str:
    """A text without the thoughts that stand before the answer.

    A chat template may have opened them, so that only their end is there.
    """
    match = _THOUGHT.match(text)
    if match is not None:
        return text[match.end() :]
    before, end, after = text.partition(_END_OF_THOUGHT)
    return after.lstrip() if end and not before.lstrip().startswith(("{", "```")) else text


def written_calls(text: str, tools: tuple[Tool, ...]) -> list[ToolCall]:
    """Calls of tools that were written into the text, as a server without a parser leaves them."""
    names = {tool.name for tool in tools}
    if not names:
        return []
    pieces = _CALL.findall(text) if "<tool_call>" in text else [text]
    calls: list[ToolCall] = []
    for piece in pieces:
        found = find_object(piece)
        data = json.loads(found) if found is not None else {}
        name = data.get("name", data.get("tool"))
        arguments = data.get("arguments", data.get("parameters"))
        if isinstance(name, str) and name in names and isinstance(arguments, dict | str):
            calls.append(
                ToolCall(id=f"written_{len(calls)}", name=name, arguments=as_text(arguments))
            )
    return calls


def as_text(arguments: Any) -> str:
    """The arguments of a call as the JSON text they should be."""
    if isinstance(arguments, str):
        return arguments
    return "{}" if arguments is None else json.dumps(arguments, ensure_ascii=False)


def sendable(arguments: str) -> str:
    """Arguments that a server can read: many parse those of earlier calls, and fail on bad ones."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = None
    return arguments if isinstance(value, dict) else json.dumps({"not_valid_json": arguments})


def wire_name(name: str) -> str:
    """A tool's name with the characters that servers take; a made-up one may hold any."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "_"
