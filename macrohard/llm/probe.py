"""Trying a model out: one small call for each thing that a build will ask of it."""

import base64
import difflib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import openai

from macrohard.errors import ModelError
from macrohard.llm import open_model
from macrohard.llm.base import Asker, Message, Model, Reply, Request, Tool, Usage
from macrohard.llm.chat import ChatModel
from macrohard.llm.connection import on_one_line
from macrohard.llm.endpoint import Endpoint, all_presets, find_endpoint, is_endpoint
from macrohard.llm.json_text import find_object
from macrohard.llm.picture import Picture
from macrohard.llm.responses import ResponsesModel
from macrohard.llm.service import Patience

CALLS = 4
"""Calls of a model that a whole examination makes at most."""
MOST_TOKENS = 2_000
"""Output tokens of one of them: thinking models need room before the first word."""
_PATIENCE = Patience(timeout_s=120, silence_s=60, attempts=2, refusals_s=30)
_ASKER = Asker(role="doctor", stage="doctor", output="Check")
_SCHEMA = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}},
    "required": ["sum"],
    "additionalProperties": False,
}
_TOOL = Tool(
    name="report",
    description="Report a number.",
    parameters={
        "type": "object",
        "properties": {"number": {"type": "integer"}},
        "required": ["number"],
        "additionalProperties": False,
    },
)

_RED = (
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAABgCAIAAABt+uBvAAAApElEQVR4nO3QMQ0AMAzAsCEpf0TDMwZ7m8NSAEQ+d0af"
    "zvpBPECAAAECFA4QIECAAIUDBAgQIEDhAAECBAhQOECAAAECFA4QIECAAIUDBAgQIEDhAAECBAhQOECAAAECFA4QIECA"
    "AIUDBAgQIEDhAAECBAhQOECAAAECFA4QIECAAIUDBAgQIEDhAAECBAhQOECAAAECFA4QIECAAIUDBAgQoM0eK8KKO3i/"
    "vbkAAAAASUVORK5CYII="
)
"""A red square, 96 pixels wide."""

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Probe:
    """What one look at a model showed.

    Attributes:
        state: ``note`` works with restrictions, ``problem`` does not.
        text: What was found, for people.
        usage: Tokens it took; None where no model was asked.
    """

    state: State
    text: str
    usage: Usage | None = None


async def probe(
    name: str,
    endpoints: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    sees: bool | None = None,
) -> AsyncIterator[Probe]:
    """Try a model out.

    Args:
        name: What the person named.
        endpoints: Tables of endpoints that add to the shipped presets.
        sees: Whether users who look would be played by it with pictures; None: not known.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its key is not set.
    """
    presets = all_presets(endpoints or {})
    if not is_endpoint(name, presets):
        open_model(name)
        yield _other(name)
        return
    endpoint = find_endpoint(name, presets=presets)
    kind = ResponsesModel if endpoint.preset.api == "responses" else ChatModel
    model = kind(endpoint, _PATIENCE)
    try:
        listed = await _listed(model.service.client, endpoint)
        yield listed
        if listed.state == "problem":
            return
        for look in (_stream, _tool, _schema):
            found = await look(model)
            yield found
            if found.usage is None:
                return
        yield await _picture(model, sees=sees)
    finally:
        await model.close()


def _other(name: str) -> Probe:
    kind, _, rest = name.partition(":")
    if kind != "mailbox":
        return Probe("ok", "needs no endpoint")
    folder = Path(rest)
    if folder.exists() and not folder.is_dir():
        return Probe("problem", f"{folder} is no folder")
    text = f"requests go to {folder}; `macrohard mailbox list {folder}` shows them"
    return Probe("ok", f"{text}; pictures lie in {folder / 'pictures'}")


async def _listed(client: openai.AsyncOpenAI, endpoint: Endpoint) -> Probe:
    """Whether the endpoint is reached, takes the key, and has the model; costs nothing."""
    where = endpoint.url
    try:
        names = [one.id async for one in client.with_options(timeout=30).models.list()]
    except openai.APIStatusError as error:
        if error.status_code in {401, 403}:
            said = _told(endpoint, error.message)[:200]
            variable = endpoint.preset.key or "the key"
            return Probe("problem", f"{where} is reached, and refuses {variable}: {said}")
        return Probe("note", f"{where} is reached; it does not list its models")
    except openai.APIConnectionError as error:
        reason = _told(endpoint, error.__cause__ or error)
        return Probe("problem", f"{where} is not reached: {reason}. Does the server run?")
    except Exception:  # noqa: BLE001 - whatever a stranger's list of models does to the SDK
        return Probe("note", f"{where} is reached; its list of models cannot be read")
    key = f"key {endpoint.preset.key} accepted, " if endpoint.key and endpoint.preset.key else ""
    names = [name for name in names if isinstance(name, str)]
    if endpoint.model in {name.removeprefix("models/") for name in names}:
        return Probe("ok", f"{where} is reached, {key}the model is there")
    near = difflib.get_close_matches(endpoint.model, names, 3, 0.4) or names[:3]
    like = f", but {', '.join(near)}" if near else ""
    return Probe("note", f"{where} is reached, {key}it does not list {endpoint.model}{like}")


def _told(endpoint: Endpoint, text: object) -> str:
    return on_one_line(endpoint.key.scrub(str(text)))


async def _ask(model: Model, what: str, text: str, **fields: Any) -> Reply | Probe:
    request = Request(
        asker=_ASKER,
        messages=(Message(role="user", content=text),),
        max_output_tokens=MOST_TOKENS,
        **fields,
    )
    try:
        return await model.complete(request)
    except ModelError as error:
        return Probe("problem", f"{what}: {error}")


async def _stream(model: ChatModel | ResponsesModel) -> Probe:
    reply = await _ask(model, "answers", "Answer with the one word: ready")
    if isinstance(reply, Probe):
        return reply
    form = "in a stream" if model.service.manner.stream else "without a stream"
    if not reply.content.strip():
        text = f"answers: an empty answer ({reply.finish_reason})"
        return Probe("problem", text, reply.usage)
    counted = "it reports no usage; tokens are estimated" if reply.usage.estimated else ""
    text = f"answers: came {form}{f'; {counted}' if counted else ', usage reported'}"
    return Probe("note" if counted else "ok", text, reply.usage)


async def _tool(model: ChatModel | ResponsesModel) -> Probe:
    asked = "Call the tool `report` with the number 7. Write nothing else."
    reply = await _ask(model, "tool calling", asked, tools=(_TOOL,))
    if isinstance(reply, Probe):
        return reply
    if not reply.tool_calls:
        text = f"tool calling: it called none, but wrote {reply.content[:100]!r}; coders need tools"
        return Probe("problem", text, reply.usage)
    call = reply.tool_calls[0]
    if call.name == "report" and _value(call.arguments, "number") == 7:
        return Probe("ok", "tool calling: works", reply.usage)
    text = f"tool calling: asked to report 7, it called {call.name!r} with {call.arguments[:100]!r}"
    return Probe("note", text, reply.usage)


async def _schema(model: ChatModel | ResponsesModel) -> Probe:
    schema = json.dumps(_SCHEMA)
    asked = f"What is 2 + 3? Answer with one JSON object that fits this schema: {schema}"
    reply = await _ask(model, "structured output", asked, output_schema=_SCHEMA)
    if isinstance(reply, Probe):
        return reply
    found = find_object(reply.content)
    if found is None or not isinstance(_value(found, "sum"), int):
        text = f"structured output: no answer of the schema, but {reply.content[:100]!r}"
        return Probe("problem", text, reply.usage)
    how = {
        "json_schema": "works, the server takes the schema",
        "json_object": "works; the server is asked for JSON, the schema stands in the prompt",
        "none": "works; the schema stands in the prompt alone",
    }[model.service.manner.schema]
    return Probe("ok", f"structured output: {how}", reply.usage)


async def _picture(model: ChatModel | ResponsesModel, *, sees: bool | None) -> Probe:
    """Whether it sees; nobody is asked where no user would be shown anything."""
    if sees is None:
        text = (
            "pictures: not known whether it sees, so simulated users go by the outline of pages; "
            "name it for tier vision, or write sees = true in its endpoint's table"
        )
        return Probe("ok", text)
    if not sees:
        return Probe("ok", "pictures: it does not see; users go by the outline of pages")
    picture = Picture.of(base64.b64decode(_RED), "image/png", (96, 96), "square.png")
    asked = Message(
        role="user",
        content="Which colour is the square in square.png? Answer with one word.",
        pictures=(picture,),
    )
    request = Request(asker=_ASKER, messages=(asked,), max_output_tokens=MOST_TOKENS)
    try:
        reply = await model.complete(request)
    except ModelError as error:
        return Probe("problem", f"pictures: {error}")
    if reply.unseen:
        return Probe("note", f"pictures: {reply.unseen}", reply.usage)
    if "red" in reply.content.lower():
        return Probe("ok", "pictures: it sees; users who look are shown the screen", reply.usage)
    text = f"pictures: of a red square it wrote {reply.content[:100]!r}"
    return Probe("note", text, reply.usage)


def _value(text: str, name: str) -> Any:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data.get(name) if isinstance(data, dict) else None
