"""Bodies of requests: JSON objects, forms and uploaded files, read as the texts of fields."""

import itertools
import json
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from macrohard.llm.offline.appgen.fixed.web.messages import (
    MAX_FIELDS,
    HttpError,
    Request,
    read_pairs,
    twice,
)
from macrohard.llm.offline.appgen.fixed.web.resource import Fault, Resource

DEEPEST = 50
"""Brackets inside each other that a JSON document may have: ours has one."""


@dataclass(frozen=True)
class Number:
    """A number of a JSON document, as it was written, so that nothing is rounded."""

    text: str


def read_json(request: Request) -> dict[str, object]:
    """Read the body as a JSON object.

    Raises:
        HttpError: when it is no such document.
    """
    if request.content_type != "application/json":
        raise HttpError(415, "the body must be JSON: send Content-Type: application/json")
    try:
        text = request.body.decode()
        if text.count("[") + text.count("{") > DEEPEST:
            raise HttpError(400, "the body must be one JSON object, its values no lists or objects")
        found = json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=Number,
            object_pairs_hook=members,
        )
    except ValueError as error:
        raise HttpError(400, f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise HttpError(400, "the body must be a JSON object")
    return found


def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its members; of two of one name it would be unclear which counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HttpError(400, f"{twice(name for name, _ in pairs)} is given twice")
    return found


def texts_of(resource: Resource, given: dict[str, object]) -> tuple[dict[str, str], list[Fault]]:
    """Turn values of JSON into the texts that a person would type, and say which cannot be."""
    texts: dict[str, str] = {}
    wrong: list[Fault] = []
    for slug, value in given.items():
        if slug not in resource.slugs:
            known = ", ".join(resource.slugs)
            wrong.append(Fault(slug, f"unknown field {slug[:40]!r}: choose from {known}"))
            continue
        text = text_of(resource.field(slug).type, value)
        if text is None:
            field = resource.field(slug)
            wrong.append(Fault(slug, f"{field.heading} must be {json_form(field.type)}"))
        else:
            texts[slug] = text
    return texts, wrong


def text_of(kind: str, value: object) -> str | None:
    """Write a value of JSON as a person types it; None when the field takes no such value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("no", "yes")[value] if kind == "yes/no" else None
    if isinstance(value, Number):
        whole = re.sub("[.]0+$", "", value.text)  # to JSON, 3.0 is the whole number 3
        known = {"integer": whole, "reference": whole, "decimal": value.text}
        return known.get(kind)
    return None


def json_form(kind: str) -> str:
    """Say how JSON holds values of a type."""
    known = {
        "yes/no": "true, false or a string",
        "integer": "a number or a string",
        "decimal": "a number or a string",
        "reference": "an id: a number or a string",
    }
    return known.get(kind, "a string")


@dataclass(frozen=True)
class Form:
    """What a form sent.

    Attributes:
        fields: Texts by name.
        files: Name and content of each uploaded file, by the name of its field.
    """

    fields: dict[str, str]
    files: dict[str, tuple[str, bytes]]


def read_form(request: Request) -> Form:
    """Read the body as a form.

    Raises:
        HttpError: when it is none.
    """
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            return Form(read_pairs(request.body.decode("ascii")), {})
        except UnicodeDecodeError as error:
            raise HttpError(400, "the form cannot be read") from error
    if request.content_type == "multipart/form-data":
        return read_multipart(request)
    raise HttpError(415, "the body must be a form")


def read_multipart(request: Request) -> Form:
    """Read a form with files."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode("latin-1", "replace")
    document: EmailMessage = BytesParser(policy=HTTP).parsebytes(head + request.body)
    form = Form({}, {})
    for part in itertools.islice(document.iter_parts(), MAX_FIELDS):
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise HttpError(400, "the form cannot be read")
        file = part.get_filename()
        if file is None:
            form.fields[name] = content.decode("utf-8", "replace")
        else:
            form.files[name] = (str(file), content)
    return form
