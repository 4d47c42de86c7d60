"""Reading the arguments of a tool call, as models write them."""

import json
from typing import Any

from macrohard.llm.base import ToolCall


class RefusedError(Exception):
    """A call that is answered with an error; the message is the answer."""


def read_arguments(call: ToolCall, schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, each of the type that the tool's schema says.

    Raises:
        RefusedError: They cannot be read, or are not those that the tool takes.
    """
    arguments = _decode(call.arguments)
    properties, required = schema["properties"], schema["required"]
    problems = [f"{name!r} is missing" for name in required if name not in arguments]
    problems += [f"{name!r} is unknown" for name in arguments if name not in properties]
    if problems:
        takes = ", ".join(properties)
        raise RefusedError(f"{call.name} takes {takes}; {' and '.join(problems)}.")
    return {
        name: _KINDS[properties[name]["type"]](name, value)
        for name, value in arguments.items()
        if value is not None or name in required
    }


def _decode(text: str) -> dict[str, Any]:
    """Arguments as models write them: raw line breaks in strings, encoded twice, or nothing."""
    try:
        found = json.loads(text or "{}", strict=False)
        if isinstance(found, str):
            found = json.loads(found, strict=False)
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 30) : error.pos + 10]
        raise RefusedError(
            f"the arguments are not valid JSON: {error.msg} at character {error.pos}, after "
            f"{near!r}. Nothing was done; make the call again."
        ) from None
    if not isinstance(found, dict):
        raise RefusedError("the arguments must be a JSON object.")
    return found


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"{name!r} must be a string.")
    return value


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise RefusedError(f"{name!r} must be a number.") from None
    if number != number:  # noqa: PLR0124 - not a number
        raise RefusedError(f"{name!r} must be a number.")
    return number


def _whole(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != round(number) or abs(number) > 10**9:
        raise RefusedError(f"{name!r} must be a whole number.")
    return int(number)


def _truth(name: str, value: Any) -> bool:
    known = {"true": True, "false": False}
    found = known.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise RefusedError(f"{name!r} must be true or false.")
    return found


_KINDS = {"string": _text, "integer": _whole, "number": _number, "boolean": _truth}
