"""What bad models write where good ones answer: thoughts in the text, calls in the text, parts."""

import json
import re
from typing import Any

from macrohard.llm.base import Tool, ToolCall
from macrohard.llm.json_text import find_object

_THOUGHT = re.compile(r"\s*<(think|thinking|reasoning)>.*?(</\1>|\Z)\s*", re.DOTALL)
_END_OF_THOUGHT = "</think>"
_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)


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
