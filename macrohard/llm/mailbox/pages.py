"""A request as a person reads it: what is new first, all of it in a second page."""

import json
import re
from pathlib import Path
from typing import Any

from macrohard.llm.base import Message, Request, Tool
from macrohard.llm.mailbox.answers import turn
from macrohard.llm.picture import Picture

_SHORT = 160
"""Characters of one argument of a call that is only named."""


def picture_file(picture: Picture) -> str:
    """Where a picture lies in a mailbox: once, whatever requests it goes with."""
    return f"pictures/{picture.sha256[:16]}.{picture.media.partition('/')[2]}"


def request_page(request: Request, name: str, folder: Path) -> str:
    """What one who answers needs: what is new since the last answer, and how to answer."""
    number = turn(request)
    lines = [f"# {_title(request)}", ""]
    if number:
        told = (
            f"Answer {number + 1} of a conversation. Here is what is new since the last answer; "
            f"all of it is in `{name}.conversation.md`."
        )
        lines += [told, ""]
    new, calls = _new(request)
    for message in new:
        lines += _message(message, calls, folder)
    lines += ["## How to answer", "", f"    macrohard mailbox answer {folder} {name} FILE", ""]
    return "\n".join(lines + _how(request, brief=number > 0)) + "\n"


def conversation_page(request: Request, folder: Path) -> str:
    """All that was said, in order, and every tool in full."""
    calls = {call.id: call.name for message in request.messages for call in message.tool_calls}
    lines = [f"# {_title(request)}: the whole conversation", ""]
    for message in request.messages:
        lines += _message(message, calls, folder)
        for call in message.tool_calls:
            lines += [f"calls `{call.name}`:", "", *_block(call.arguments), ""]
    lines += ["## How to answer", "", *_how(request, brief=False)]
    return "\n".join(lines) + "\n"


def _title(request: Request) -> str:
    asker = request.asker
    return f"{asker.role}, stage {asker.stage} {asker.item}".rstrip()


def _new(request: Request) -> tuple[list[Message], dict[str, str]]:
    """Messages since the last answer, and which call each result belongs to."""
    last = max(
        (at for at, message in enumerate(request.messages) if message.role == "assistant"),
        default=-1,
    )
    calls = {}
    if last >= 0:
        for call in request.messages[last].tool_calls:
            calls[call.id] = f"{call.name} {_brief(call.arguments)}".rstrip()
    return list(request.messages[last + 1 :]), calls


def _brief(arguments: str) -> str:
    try:
        values = json.loads(arguments)
        pairs = [f"{key}={_as_word(value)}" for key, value in values.items()]
    except (ValueError, AttributeError):
        return arguments[:_SHORT]
    return ", ".join(pairs)


def _as_word(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}... ({len(text)} characters)"


def _message(message: Message, calls: dict[str, str], folder: Path) -> list[str]:
    pictures = [_picture(picture, folder) for picture in message.pictures]
    seen = [*pictures, ""] if pictures else []
    if message.role == "tool":
        name = calls.get(message.tool_call_id, message.tool_call_id)
        return [f"## Result of {name}", "", *_block(message.content), "", *seen]
    names = {"system": "Role", "user": "Task", "assistant": "Answered"}
    return [f"## {names[message.role]}", "", message.content, "", *seen]


def _picture(picture: Picture, folder: Path) -> str:
    """Where a picture is to be looked at: a path for programs, shown by what renders Markdown."""
    where = picture_file(picture)
    size = f"{picture.width} x {picture.height}"
    return (
        f"Picture {picture.name}, {size}: {folder.absolute() / where}\n\n![{picture.name}]({where})"
    )


def _block(text: str) -> list[str]:
    """A text in a fence that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]


_CONTENT_FORM = """\
FILE (standard input without one) holds one JSON object that fits the schema in the first message.\
"""
_TOOLS_FORM = """\
FILE (standard input without one) calls one or more tools. A call is a line `=== TOOL` and then, for
each argument, a line `--- ARGUMENT` and its value; or one JSON object in place of the arguments.
Tools:
"""


def _how(request: Request, *, brief: bool) -> list[str]:
    if not request.tools:
        return [_CONTENT_FORM]
    lines = [_TOOLS_FORM]
    for tool in request.tools:
        lines.append(f"- `{tool.name}`: {_signature(tool)}")
        if not brief:
            lines.append(f"  {tool.description}")
    if not brief:
        for tool in request.tools:
            lines += ["", f"Arguments of `{tool.name}`:", *_schema(tool.parameters)]
    return lines


def _signature(tool: Tool) -> str:
    required = set(tool.parameters.get("required", ()))
    names = tool.parameters.get("properties", {})
    return ", ".join(name if name in required else f"{name}?" for name in names) or "no arguments"


def _schema(schema: dict[str, Any] | None) -> list[str]:
    return ["", *_block(json.dumps(schema, ensure_ascii=False))] if schema else []
