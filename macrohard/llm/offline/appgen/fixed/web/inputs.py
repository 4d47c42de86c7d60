"""Fields to type in: of dates, numbers and addresses, where a browser has something for these."""

from macrohard.llm.offline.appgen.fixed import values
from macrohard.llm.offline.appgen.fixed.errors import InputError
from macrohard.llm.offline.appgen.fixed.web.resource import Field

TYPES = {
    "date": "date",
    "date-time": "datetime-local",
    "integer": "number",
    "decimal": "number",
    "e-mail": "email",
}


def attributes(field: Field, text: str) -> dict[str, str | bool | None]:
    """Say what kind of field holds a text.

    A field of dates or numbers shows nothing else: what was refused because it is none stays to be
    seen, and mended, in a field of texts.
    """
    kind = TYPES.get(field.type, "text") if holds(field, text) else "text"
    if kind == "text":
        return {"type": kind, "value": text}
    bounds = {"min": moment(field.least) or None, "max": moment(field.most) or None}
    step = f"{10**-field.places:.{field.places}f}" if kind == "number" else None
    return {"type": kind, "value": moment(text.strip()), **bounds, "step": step}


def holds(field: Field, text: str) -> bool:
    """Say whether a field of its own kind can show a text."""
    readers = {
        "date": values.parse_date,
        "date-time": values.parse_datetime,
        "integer": values.parse_integer,
    }
    try:
        if field.type == "decimal":
            values.parse_decimal(field.heading, text, field.places)
        elif field.type in readers:
            readers[field.type](field.heading, text)
    except InputError:
        return False
    return True


def moment(text: str) -> str:
    """Write a day and its minute as browsers do; anything else stays as it is."""
    return text.replace(" ", "T")
