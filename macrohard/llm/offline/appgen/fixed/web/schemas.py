"""JSON Schema of records and their fields: as they are taken, and as they are answered."""

from collections.abc import Iterable, Mapping

from macrohard.llm.offline.appgen.fixed import summaries, values
from macrohard.llm.offline.appgen.fixed.web.resource import Field, Resource

Schema = dict[str, object]

DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029"
"""Characters that no text may hold."""
BLANK = f"\\s{CONTROLS}"
SOMETHING = f"^[^{CONTROLS}]*[^{BLANK}][^{CONTROLS}]*$"
"""A text that is not blank."""
NO_ID = r"^\s*(-[0-9]+|0+)\s*$"
"""A number that is the id of no record."""
AVERAGE_PLACES = 2
"""Decimal places of an average, at least."""
PATTERNS = {
    "text": f"^[^{CONTROLS}]*$",
    "e-mail": f"^[^@{BLANK}]+@[^@.{BLANK}][^@{BLANK}]*[.][^@{BLANK}]*[^@.{BLANK}]$",
    "reference": "^[1-9][0-9]{0,17}$",
    "date": f"^{DAY}$",
    "date-time": f"^{DAY}[ T]{MINUTE}$",
}
"""How values are written as texts, by type."""
FORMATS = {"date": "date"}
"""Of an e-mail address, the pattern says all: the format of that name knows fewer of them."""
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {"type": "integer", "minimum": 1, "maximum": values.LARGEST_INTEGER}
PLAIN: dict[str, Schema] = {
    "yes/no": {"type": "boolean"},
    "integer": {"type": "integer"},
    "reference": ID,
}
"""How values are answered that are no texts."""


def whole(properties: Mapping[str, object], required: Iterable[str] | None = None) -> Schema:
    """Describe an object that has no other members than these."""
    must = list(properties if required is None else required)
    found: Schema = {"type": "object", "properties": dict(properties)}
    return {**found, **({"required": must} if must else {}), "additionalProperties": False}


def listed(items: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items}


def or_nothing(schema: Schema, *, empty: bool) -> Schema:
    """Describe what may be null, too."""
    if not empty:
        return schema
    kind, choices = schema.get("type"), schema.get("enum")
    found = dict(schema)
    if isinstance(choices, list):
        found["enum"] = [*choices, None]
    if isinstance(kind, str):
        found["type"] = [kind, "null"]
    elif isinstance(kind, list):
        found["type"] = [*kind, "null"]
    return found


# What is sent.


def new(resource: Resource) -> Schema:
    """Describe what is sent to add a record."""
    return whole({each.slug: taken(resource, each) for each in resource.fields}, resource.required)


def changes(resource: Resource) -> Schema:
    """Describe what is sent to change a record."""
    fields = {each.slug: taken(resource, each) for each in resource.fields}
    return {**whole(fields, ()), "minProperties": 1}


def taken(resource: Resource, field: Field) -> Schema:
    """Describe a field as it is sent: as JSON has it, or as a person would type it."""
    found = or_nothing(typed(resource, field), empty=not field.required)
    name = " or name" if field.slug in resource.named else ""
    words = [f"id{name} of one of the {field.target}"] if field.target else []
    about = "; ".join([*words, *([field.hint] if field.hint else [])])
    return {**found, "description": about} if about else found


def typed(resource: Resource, field: Field) -> Schema:
    """Describe a value that a field takes; what may be left out may be an empty text, too."""
    nothing = () if field.required else ("",)
    form = named_form(field) if field.slug in resource.named else written(field)
    form = form if field.required else f"{form}|^$"
    if field.type == "yes/no":
        return {"enum": [True, False, *values.YES_NO, *nothing]}
    if field.choices:
        return {"enum": [*field.choices, *nothing]}
    if field.type == "decimal":
        exact = {"multipleOf": 10**-field.places}
        return {"type": ["number", "string"], "pattern": form, **bounds(field), **exact}
    if field.type == "integer":
        return {"type": ["integer", "string"], "pattern": form, **bounds(field)}
    if field.type == "reference":
        return {**ID, "type": ["integer", "string"], "pattern": form}
    found: Schema = {"type": "string", "pattern": form}
    if field.type in FORMATS and field.required:
        found["format"] = FORMATS[field.type]
    if field.longest:
        found["maxLength"] = field.longest
    return found


def written(field: Field) -> str:
    """Return the pattern of a field's values as texts; how large they may be, it cannot say."""
    if field.type in {"integer", "decimal"}:
        decimals = f"([.][0-9]{{1,{field.places}}})?" if field.places else ""
        digits = values.DIGITS_BEFORE_POINT if field.type == "decimal" else 18
        return f"^{sign(field)}[0-9]{{1,{digits}}}{decimals}$"
    if field.type == "text" and field.required:
        return SOMETHING
    return PATTERNS.get(field.type, "")


def sign(field: Field) -> str:
    """Return the pattern of a number's sign, and whether it may be 0."""
    least = float(field.least or "-1")
    return "-?" if least < 0 else "(?![0.]*$)" if least else ""


def named_form(field: Field) -> str:
    """Return the pattern of a reference that takes a name for an id."""
    return f"(?!{NO_ID}){SOMETHING if field.required else PATTERNS['text']}"


def bounds(field: Field) -> Schema:
    """Say how small and how large a number may be."""
    if field.type == "integer":
        least = int(field.least or values.SMALLEST_INTEGER)
        return {"minimum": least, "maximum": int(field.most or values.LARGEST_INTEGER)}
    far = 10**values.DIGITS_BEFORE_POINT - 1
    return {"minimum": float(field.least or -far), "maximum": float(field.most or far)}


def wanted(resource: Resource, field: Field) -> Schema:
    """Describe a field by which a list is narrowed."""
    if field.type == "yes/no":
        return {"type": "string", "enum": [*values.YES_NO, ""]}
    if field.choices:
        return {"type": "string", "enum": [*field.choices, ""]}
    if field.type in {"text", "e-mail"} or field.slug in resource.named:
        return {"type": "string", "pattern": PATTERNS["text"]}
    return {"type": "string", "pattern": f"{written(field)}|^$"}


# What is answered.


def record(resource: Resource) -> Schema:
    """Describe a record."""
    known = {each.slug: each for each in (*resource.fields, *resource.computed)}
    fields = {"id": ID} | {
        name: answered(known[name]) for name in resource.columns if name in known
    }
    if "marks" in resource.columns:
        fields["marks"] = listed({"type": "string", "enum": list(resource.marks)})
    return whole(fields)


def answered(field: Field) -> Schema:
    """Describe a field of a record."""
    return or_nothing(value(field), empty=not field.required)


def value(field: Field) -> Schema:
    """Describe the value of a field."""
    if field.type in PLAIN:
        return PLAIN[field.type]
    if field.choices:
        return {"type": "string", "enum": list(field.choices)}
    if field.type == "decimal":
        return number(field.places)
    if field.type == "date-time":
        return {"type": "string", "pattern": f"^{DAY} {MINUTE}$"}
    if field.type == "date":
        return {"type": "string", "format": "date"}
    return TEXT


def number(places: int) -> Schema:
    """Describe a decimal, which is a text with all its places."""
    decimals = f"[.][0-9]{{{places}}}" if places else ""
    return {"type": "string", "pattern": f"^-?[0-9]+{decimals}$"}


def figure(resource: Resource, verb: str, name: str) -> Schema:
    """Describe what a figure comes to, over no records at all."""
    if verb == "count":
        return COUNT
    field = named(resource, name)
    if verb == "average":
        places = field.places if field.type == "decimal" else 0
        return or_nothing(number(max(places, AVERAGE_PLACES)), empty=True)
    return or_nothing(value(field), empty=verb != "total")


def groups(resource: Resource, verb: str, name: str, summary: summaries.Summary) -> list[Schema]:
    """Describe the figures of groups, for each grouping that can be asked for."""
    found = []
    for group_name, group in summary.groups.items():
        key = TEXT if ":" in group_name else value(named(resource, group_name))
        members = {group.column: or_nothing(key, empty=True), verb: figure(resource, verb, name)}
        found.append(listed(whole(members)))
    return found


def named(resource: Resource, name: str) -> Field:
    """Return the field of a name as addresses have it."""
    fields = (*resource.fields, *resource.computed)
    return next(each for each in fields if each.slug.rstrip("_").replace("_", "-") == name)


ERRORS = whole(
    {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": whole({"field": {"type": ["string", "null"]}, "message": TEXT}),
        }
    }
)
"""What is answered when something is wrong: each thing, with the field that it is about."""
