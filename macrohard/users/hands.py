"""What users of each interface can do, as the tools of an agent."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from macrohard.llm.base import Tool, ToolCall
from macrohard.users.base import MAX_WAIT_S, Action, UserActionError
from macrohard.users.keys import KEY_NAMES

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
_STEP = {
    "type": "integer",
    "minimum": 0,
    "description": "Number of the scenario's step this serves; 0 or left out: just looking around.",
}
_TEXT = {"type": "string"}


class _Labelled(BaseModel):
    """What every call may carry besides the action itself."""

    model_config = ConfigDict(extra="allow")

    step: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Hands:
    """The tools of users of one interface; each is named as its action.

    Attributes:
        actions: How many of them a user has the patience for.
    """

    tools: tuple[Tool, ...]
    actions: int = 60

    def read(self, call: ToolCall) -> tuple[Action, int]:
        """A call as an action, and the step of the scenario that it serves.

        Raises:
            ValidationError: The arguments are not those of the tool.
            UserActionError: There is no such tool.
        """
        names = [tool.name for tool in self.tools]
        if call.name not in names:
            there = ", ".join(names)
            raise UserActionError(f"there is no tool {call.name!r}; there are {there} and submit.")
        labelled = _Labelled.model_validate_json(call.arguments or "{}")
        given = labelled.model_extra or {}
        try:
            return _ACTION.validate_python({**given, "kind": call.name}), labelled.step
        except ValidationError as error:
            raise _plain(error) from None


def _plain(error: ValidationError) -> ValidationError:
    """The same without the name of the action before each field."""
    return ValidationError.from_exception_data(
        error.title,
        [
            {"type": e["type"], "loc": e["loc"][1:], "input": e["input"], "ctx": e.get("ctx", {})}
            for e in error.errors(include_url=False)
        ],
    )


def _tool(
    name: str, description: str, required: dict[str, Any], optional: dict[str, Any] | None = None
) -> Tool:
    return Tool(
        name=name,
        description=description,
        parameters={
            "type": "object",
            "properties": {**required, **(optional or {}), "step": _STEP},
            "required": list(required),
            "additionalProperties": False,
        },
    )


_KEYS = {"type": "string", "description": f"Blank-separated: {KEY_NAMES}; other words are typed."}
_SECONDS = {"type": "number", "minimum": 0, "maximum": MAX_WAIT_S}

TERMINAL = Hands(
    (
        _tool(
            "type_line",
            "Type one line and press Enter; waits until the prompt is back, or 5 seconds. Returns "
            "what that put on the screen, and the prompt `[N] $`, N being the exit status.",
            {"text": {"type": "string", "description": "The line, without the newline."}},
        ),
        _tool(
            "press",
            "Press keys, for programs that take over the screen, and to interrupt one.",
            {"keys": _KEYS},
        ),
        _tool(
            "wait",
            "Wait until a running program is done, or for some seconds, and look again.",
            {"seconds": _SECONDS},
        ),
    )
)
"""A shell on a terminal."""

_POINTING = (
    _tool(
        "click",
        "Click a link, button or box by its name in the outline. Like every action, it returns the "
        "outline of the page that is there then.",
        {"name": _TEXT},
        {"twice": {"type": "boolean", "description": "Double-click."}},
    ),
    _tool("fill", "Replace what stands in a field.", {"label": _TEXT, "text": _TEXT}),
    _tool("choose", "Choose from a list.", {"label": _TEXT, "option": _TEXT}),
    _tool(
        "attach",
        "Choose a file for an upload; it will hold this text.",
        {"label": _TEXT, "file": _TEXT, "content": _TEXT},
    ),
    _tool("open", "Type an address of this application and go there.", {"address": _TEXT}),
    _tool("back", "Use the back button.", {}),
    _tool("other_tab", "Change to the other tab; the first time it opens, at the same page.", {}),
    _tool("come_back", "Come back the next day, when the server was started again.", {}),
)

FORMS = Hands(_POINTING, actions=180)
"""Pages without a browser: outlines, links and forms."""

BROWSER = Hands(
    (
        *_POINTING,
        _tool("press", "Press keys: what has the focus gets them.", {"keys": _KEYS}),
        _tool("wait", "Wait some seconds and look again.", {"seconds": _SECONDS}),
    ),
    actions=180,
)
"""Pages in a browser, with its keyboard."""

_PLACE = {"type": "integer", "minimum": 0}

DESKTOP = Hands(
    (
        _tool(
            "click",
            "Click what stands on the screen under this name. Like every action, it returns the "
            "windows, what can be read in them, and what the program printed and saved.",
            {"name": _TEXT},
            {"twice": {"type": "boolean", "description": "Double-click."}},
        ),
        _tool(
            "fill",
            "Replace what stands in the field beside or below a label.",
            {"label": _TEXT, "text": _TEXT},
        ),
        _tool(
            "choose", "Open the list beside a label, and choose.", {"label": _TEXT, "option": _TEXT}
        ),
        _tool(
            "attach",
            "Write a file with this text into the program's folder, and its name into a field.",
            {"label": _TEXT, "file": _TEXT, "content": _TEXT},
        ),
        _tool(
            "point",
            "Click a place of the screen, in pixels from its upper left corner.",
            {"x": _PLACE, "y": _PLACE},
            {"twice": {"type": "boolean", "description": "Double-click."}},
        ),
        _tool("write", "Type text where the keyboard is.", {"text": _TEXT}),
        _tool("type_line", "The same, and press Enter.", {"text": _TEXT}),
        _tool("press", "Press keys.", {"keys": _KEYS}),
        _tool("wait", "Wait some seconds and look again.", {"seconds": _SECONDS}),
        _tool("come_back", "End the program, start it again, and look.", {}),
    ),
    actions=180,
)
"""A screen with windows."""

REQUESTS = Hands(
    (
        _tool(
            "ask",
            "Send a request. Returns status, telling headers and body of the answer.",
            {"method": _TEXT, "path": {"type": "string", "description": "With its parameters."}},
            {
                "body": _TEXT,
                "content_type": {**_TEXT, "description": "JSON if left out."},
            },
        ),
        _tool("come_back", "Have the server ended and started again.", {}),
    )
)
"""An API."""
