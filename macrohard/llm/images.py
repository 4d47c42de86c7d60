"""The images API: a role that hands in a picture is answered by a model that paints.

``POST /images/generations`` of the OpenAI API, which many servers speak. The answer becomes a reply
like any other (a :class:`~macrohard.work.Picture` as JSON), so pictures are held to the caps, paid
for, stored, recorded and played back as texts are.
"""

import base64
import binascii
from typing import Any

from macrohard.llm.base import Reply, Request, Usage
from macrohard.llm.connection import AgainError
from macrohard.llm.endpoint import Endpoint
from macrohard.llm.service import Service, whole_body
from macrohard.llm.usage import count
from macrohard.work import Picture

OUTPUT = Picture.__name__
"""Output of the roles that paint."""
SIZE = "1024x1024"
"""Pixels asked for: what every model of the API has."""
MOST_TOKENS = 4_500
"""Most output tokens of a picture of that size: 4,160 at high quality, by the price page of
gpt-image-1 (platform.openai.com/docs/guides/image-generation)."""
_GUESSED_TOKENS = 4_160
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
}


async def paint(service: Service, endpoint: Endpoint, request: Request) -> Reply:
    """Ask once for a picture.

    Raises:
        AgainError: The answer holds none that can be read.
    """
    prompt = "\n\n".join(message.content for message in request.messages)
    arguments: dict[str, Any] = {
        "model": endpoint.model, "prompt": prompt, "n": 1, "size": SIZE,
        "timeout": service.patience.timeout_s,
    }  # fmt: skip
    if not endpoint.model.startswith("gpt-image"):
        arguments["response_format"] = "b64_json"  # gpt-image gives nothing else, and refuses it
    raw = await service.client.images.with_raw_response.generate(**arguments)
    data = await whole_body(raw.http_response)
    picture = _picture(data)
    usage = _usage(data, request)
    return service.clean(
        Reply(content=picture.model_dump_json(), usage=usage, model=endpoint.model)
    )


def _picture(data: Any) -> Picture:
    rows = data.get("data") if isinstance(data, dict) else None
    row = rows[0] if isinstance(rows, list) and rows else None
    text = row.get("b64_json") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise AgainError(f"the answer holds no picture: {str(data)[:200]}")
    try:
        head = base64.b64decode(text, validate=True)[:16]
    except binascii.Error as error:
        raise AgainError(f"the picture is not base64: {error}") from None
    media = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if media is None:
        raise AgainError(f"the picture is no PNG, JPEG or WebP: it begins with {head!r}")
    return Picture.model_validate({"media": media, "data": text})


def _usage(data: dict[str, Any], request: Request) -> Usage:
    told = data.get("usage")
    if isinstance(told, dict) and count(told, "output_tokens"):
        return Usage(
            input_tokens=count(told, "input_tokens"), output_tokens=count(told, "output_tokens")
        )
    return Usage(
        input_tokens=len(request.canonical()) // 4 + 1,
        output_tokens=_GUESSED_TOKENS,
        estimated=True,
    )
