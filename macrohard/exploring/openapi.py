"""An OpenAPI document as users read it: what can be asked, with what, and what is answered."""

import random
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import jsonschema

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
PLACES = ("/openapi.json", "/api/openapi.json", "/swagger.json", "/api/v1/openapi.json")
"""Where applications serve their document."""
_DEPTH = 4
_DAYS = (date(2026, 3, 1), date(2031, 5, 17))
"""Behind and ahead of today: some things must lie there."""
_SEVEN = Decimal(7)
_NUMBERS = ("1", "7", "12", "0.5", "12.50", "-3")
_TEXTS = (
    "Rake", "a", "", " ", "Ünïcode 山田 محمد", "O'Brien", "<b>&amp;</b>", "%00", "../../etc/passwd",
    "'; DROP TABLE x;--", "x" * 300, "\u202e\u0000", "2026-02-30", "NaN",
)  # fmt: skip
_FORMATS = {
    "date": "2026-03-01", "date-time": "2026-03-01T10:00:00Z", "time": "10:00:00",
    "email": "ann@example.org", "uri": "https://example.org/", "ipv4": "127.0.0.1",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}  # fmt: skip
_WRONG: dict[str, Any] = {
    "string": {"not": "a text"}, "integer": "three", "number": "much", "boolean": "maybe",
    "array": {"no": "list"}, "object": [1], "null": "something",
}  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """What is declared of an answer.

    Attributes:
        types: Content types; empty where nothing is said.
        schema: Of the body, where it is JSON; empty where nothing is said.
    """

    types: tuple[str, ...]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """Something that can be asked.

    Attributes:
        method: In capitals.
        path: With names between braces.
        parameters: As the document has them, references resolved.
        body: Schema of the JSON body; None where none is taken.
        takes: Content type of the body; empty where none is taken.
        answers: What is declared by status (``200``, ``2XX``, ``default``).
    """

    method: str
    path: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None
    takes: str
    answers: Mapping[str, Declared]

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"{self.method} {self.path}"

    def fits(self, path: str) -> bool:
        """Whether an address is one of its."""
        pieces = re.split(r"\{[^{}]*\}", self.path)
        pattern = "[^/?]+".join(map(re.escape, pieces))
        return re.fullmatch(rf"{pattern}(?:\?.*)?", path) is not None

    def answer(self, status: int) -> Declared | None:
        """What is declared for a status; None where it is not documented."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.answers:
                return self.answers[key]
        return None


class Description:
    """An OpenAPI document, of version 3.

    Args:
        document: As it was served.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them, by path and method."""
        paths = _table(self._document.get("paths"))
        return tuple(
            operation for path in sorted(paths) for operation in self._of(path, _table(paths[path]))
        )

    def _of(self, path: str, item: Mapping[str, Any]) -> Iterator[Operation]:
        item = self.resolved(item)
        for method in METHODS:
            if method not in item:
                continue
            said = _table(item[method])
            shared = [*_list(item.get("parameters")), *_list(said.get("parameters"))]
            body = self.resolved(_table(said.get("requestBody")))
            content = _table(body.get("content"))
            taken = _table(content.get("application/json"))
            yield Operation(
                method.upper(),
                path,
                tuple(self.resolved(_table(each)) for each in shared),
                _table(taken.get("schema")) if taken else None,
                "application/json" if taken else str(next(iter(content), "")),
                {
                    str(status): self._declared(self.resolved(_table(answer)))
                    for status, answer in _table(said.get("responses")).items()
                },
            )

    @staticmethod
    def _declared(answer: Mapping[str, Any]) -> Declared:
        content = _table(answer.get("content"))
        kind = next((k for k in content if "json" in k), "")
        types = [str(each).partition(";")[0].strip().lower() for each in content]
        known = () if any("*" in each for each in types) else tuple(types)
        return Declared(known, _table(_table(content.get(kind)).get("schema")))

    def resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference within the document leads to; itself where it is none."""
        for _ in range(_DEPTH):
            place = value.get("$ref")
            if not isinstance(place, str) or not place.startswith("#/"):
                break
            found: Any = self._document
            for part in place[2:].split("/"):
                found = _table(found).get(part.replace("~1", "/").replace("~0", "~"))
            value = _table(found)
        return value

    def breach(self, value: Any, schema: Mapping[str, Any]) -> str:
        """How a value breaks a schema of this document; empty where it holds."""
        if not schema:
            return ""
        whole = {**schema, "components": self._document.get("components") or {}}
        try:
            jsonschema.Draft202012Validator(whole).validate(value)
        except jsonschema.ValidationError as error:
            place = "/".join(map(str, error.absolute_path)) or "the whole answer"
            return f"{place}: {error.message[:160]}"
        except Exception as error:  # noqa: BLE001 - the document is the application's: whatever it says
            return f"its schema cannot be read: {type(error).__name__}"
        return ""

    def refers_to(self, operation: Operation, name: str, known: Iterable[str]) -> str:
        """The path of the records of which a member of an operation's body names one."""
        members = _table(self.resolved(operation.body or {}).get("properties"))
        said = str(_table(members.get(name)).get("description", "")).lower()
        stem = re.sub(r"(?:_?ids?|_?number)$", "", re.sub("(?=[A-Z])", "_", name).lower())
        for each in known:
            word = each.rstrip("/").rpartition("/")[2].lower()
            if stem in {word, word.removesuffix("s"), word.removesuffix("es"), word[:-3] + "y"}:
                return each
        return next((e for e in known if said and e.rpartition("/")[2].lower() in _words(said)), "")

    def value(self, schema: Mapping[str, Any], dice: random.Random, depth: int = 0) -> Any:
        """A value that a schema allows, as far as its keywords are known here."""
        schema = self.resolved(schema)
        for key in ("oneOf", "anyOf", "allOf"):
            if schema.get(key):
                return self.value(_table(dice.choice(schema[key])), dice, depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return dice.choice(schema["enum"])
        kind = _kind(schema, dice)
        if kind == "object":
            known = _table(schema.get("properties"))
            must = schema.get("required") or ()
            chosen = [k for k in known if k in must or (depth < _DEPTH and dice.random() < 0.8)]
            return {k: self.value(_table(known[k]), dice, depth + 1) for k in chosen}
        if kind == "array":
            few = dice.randint(int(schema.get("minItems", 0)), int(schema.get("minItems", 0)) + 2)
            items = _table(schema.get("items"))
            return [self.value(items, dice, depth + 1) for _ in range(few if depth < _DEPTH else 0)]
        return _scalar(kind, schema, dice)

    def wrong(self, schema: Mapping[str, Any], dice: random.Random) -> Any:
        """A value that the schema forbids beyond doubt; None where no such one is known."""
        schema = self.resolved(schema)
        known = _table(schema.get("properties"))
        typed = [k for k in known if self._types(_table(known[k]))]
        if not typed:
            return None
        name = dice.choice(typed)
        types = self._types(_table(known[name]))
        bad: Any = {"not": "a text"} if "string" in types else _WRONG[min(types)]
        if "object" in types:
            bad = 7
        value = self.value(schema, dice)
        return {**value, name: bad} if isinstance(value, dict) else None

    def _types(self, schema: Mapping[str, Any]) -> set[str]:
        kind = self.resolved(schema).get("type")
        kinds = {kind} if isinstance(kind, str) else set(kind or ())
        return kinds & set(_WRONG)


def _kind(schema: Mapping[str, Any], dice: random.Random) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        real = [each for each in kind if each != "null"]
        return dice.choice(real) if real and dice.random() < 0.8 else str(dice.choice(kind))
    return str(kind or ("object" if "properties" in schema else "string"))


def _scalar(kind: str, schema: Mapping[str, Any], dice: random.Random) -> Any:
    if kind == "null":
        return None
    if kind == "boolean":
        return dice.random() < 0.5
    if kind in {"integer", "number"}:
        low = Decimal(str(schema.get("minimum", schema.get("exclusiveMinimum", -1001) + 1)))
        high = Decimal(str(schema.get("maximum", schema.get("exclusiveMaximum", low + 2000) - 1)))
        between = low + (high - low) * dice.randint(0, 999) / 1000
        number = dice.choice([low, high, between, min(low + 1, high), max(low, min(high, _SEVEN))])
        step = Decimal(str(schema.get("multipleOf") or (1 if kind == "integer" else "0.01")))
        exact = number // step * step
        return int(exact) if kind == "integer" else float(exact)
    return _text(schema, dice)


def _text(schema: Mapping[str, Any], dice: random.Random) -> str:
    if schema.get("format") == "date" and dice.random() < 0.8:
        return (dice.choice(_DAYS) + timedelta(days=dice.randint(0, 60))).isoformat()
    if schema.get("format") in _FORMATS and dice.random() < 0.8:
        return _FORMATS[str(schema["format"])]
    if fitting := _fitting(schema):
        return dice.choice(fitting)
    text = dice.choice(_TEXTS) or "".join(dice.choices(string.ascii_letters, k=6))
    least = int(schema.get("minLength", 0))
    return text.ljust(least, "x")[: int(schema.get("maxLength", 10_000))]


def _fitting(schema: Mapping[str, Any]) -> list[str]:
    """Texts that fit a pattern, and the lengths that are told; none where there is no pattern."""
    if not isinstance(schema.get("pattern"), str):
        return []
    ahead = [timedelta(days=number) for number in range(0, 60, 9)]
    days = [(day + later).isoformat() for day in _DAYS for later in ahead]
    known = (*_TEXTS, *_FORMATS.values(), *days, *(f"{day} 10:00" for day in days), *_NUMBERS)
    low, high = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
    try:
        return [t for t in known if low <= len(t) <= high and re.search(schema["pattern"], t)]
    except re.error:
        return []  # of another dialect


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
