"""Writes the tests of reading one field."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.fixed.values import DIGITS_BEFORE_POINT
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.pytypes import literal
from macrohard.llm.offline.appgen.unit.testcase import Method, test_class
from macrohard.llm.offline.dialect.ast import Field, FieldType, Kind
from macrohard.llm.offline.oracle.pools import shift
from macrohard.llm.offline.oracle.values import (
    BadValueError,
    Value,
    bound_value,
    canonical,
    read_value,
)

PLAIN_GOOD = {
    FieldType.TEXT: ("x", " Maple ", "größer"),
    FieldType.EMAIL: ("ann@example.org",),
    FieldType.INTEGER: ("5", "0", "12", "-3"),
    FieldType.DECIMAL: ("12.5", "7", "0", "-3.1"),
    FieldType.DATE: ("2024-02-29",),
    FieldType.DATETIME: ("2024-02-29 10:30", "2024-02-29T10:30"),
    FieldType.YES_NO: ("yes", "No", "TRUE", "0"),
    FieldType.REFERENCE: ("1", "12"),
}
PLAIN_BAD = {
    FieldType.TEXT: (("two\nlines", "control characters"), ("\x1b[31mred", "control characters")),
    FieldType.EMAIL: (("nobody", "e-mail"), ("ann@example", "e-mail")),
    FieldType.INTEGER: (("abc", "whole number"), ("1.5", "whole number")),
    FieldType.DECIMAL: (("abc", "must be a number"), ("1e3", "must be a number")),
    FieldType.DATE: (("2023-02-29", "must be a date"), ("tomorrow", "must be a date")),
    FieldType.DATETIME: (("2024-02-29", "date and time"), ("2024-02-29 24:00", "date and time")),
    FieldType.YES_NO: (("maybe", "yes or no"),),
    FieldType.ONE_OF: (("no such choice", "must be one of"),),
    FieldType.REFERENCE: (("0", "takes the id"), ("abc", "takes the id")),
}


def field_test(kind: Kind, field: Field) -> str:
    """The test class of a field's ``parse_…`` function."""
    name = "".join(word.capitalize() for word in field.slug.split("_"))
    function = f"{names.records_module(kind)}.parse_{field.slug}"
    methods = [
        Method("good_texts", "Texts of the right form are read.", good_lines(field, function))
    ]
    if not field.required:
        lines = [f'self.assertIsNone({function}("  "))']
        methods.append(Method("nothing", "It may be left empty.", lines))
    about = "Texts of another form, or out of bounds, are refused."
    methods.append(Method("bad_texts", about, bad_lines(field, function)))
    about = f"Reading the {names.heading(field)} of {names.an(names.singular(kind))}."
    return test_class(f"Parse{name}Test", "AppTest", about, methods)


def each(variables: str, items: list[str]) -> list[str]:
    """The head of a loop over items."""
    if len(items) == 1:
        return [f"for {variables} in ({items[0]},):"]
    return [f"for {variables} in (", *(f"    {item}," for item in items), "):"]


def good_lines(field: Field, function: str) -> list[str]:
    """The statements that read good texts."""
    pairs = {text: literal(field, value) for text, value in good_texts(field)}
    return [
        *each("text, value", [f"({quote(text)}, {value})" for text, value in pairs.items()]),
        "    with self.subTest(text=text):",
        f"        self.assertEqual({function}(text), value)",
    ]


def good_texts(field: Field) -> list[tuple[str, Value]]:
    """Texts that the field takes, its bounds among them, with their values."""
    tried = [*PLAIN_GOOD.get(field.type, ()), *field.choices]
    tried += [choice.upper() for choice in field.choices[:1]]
    tried += [canonical(bound) for bound in bounds(field)]
    if field.max_length is not None:
        tried.append(longest(field, field.max_length))
    found: list[tuple[str, Value]] = []
    for text in tried:
        try:
            value = read_value(field, text)
        except BadValueError:
            continue
        if value is not None:
            found.append((text, value))
    return found


def bounds(field: Field) -> list[Value]:
    """The bounds that the field has."""
    return [
        bound_value(field, bound) for bound in (field.minimum, field.maximum) if bound is not None
    ]


def longest(field: Field, length: int) -> str:
    """A text of so many characters."""
    if field.type is FieldType.EMAIL:
        return "a" * max(length - 12, 1) + "@example.org"
    return "x" * length


def bad_lines(field: Field, function: str) -> list[str]:
    """The statements that try bad texts."""
    pairs = [f"({quote(text)}, {quote(message)})" for text, message in bad_texts(field)]
    return [
        *each("text, message", pairs),
        "    with self.subTest(text=text):",
        f"        self.assert_refused(message, {function}, text)",
    ]


def bad_texts(field: Field) -> list[tuple[str, str]]:
    """Texts that the field does not take, each with a part of the message."""
    name = names.heading(field)
    found = [("  ", f"{name} is required")] if field.required else []
    found += [(text, part) for text, part in PLAIN_BAD[field.type]]
    if field.type is FieldType.DECIMAL:
        found.append(("0." + "0" * field.places + "1", f"{field.places} decimal places"))
    for bound, step, words in ((field.minimum, -1, "at least"), (field.maximum, 1, "at most")):
        if bound is not None:
            beyond = shift(field, bound_value(field, bound), step)
            if beyond is not None and within_type(field, beyond):
                found.append((canonical(beyond), f"{name} must be {words} {bound}"))
    if field.max_length is not None:
        text = longest(field, field.max_length + 1)
        found.append((text, f"{name} can have at most {field.max_length} characters"))
    return [(text, part) for text, part in found if refused(field, text)]


def within_type(field: Field, value: Value) -> bool:
    """Whether a value beyond a bound is still one of the type, so that the bound refuses it."""
    if field.type is FieldType.INTEGER and isinstance(value, int):
        return -(2**63) <= value < 2**63
    digits = len(canonical(value).lstrip("-").partition(".")[0])
    return field.type is not FieldType.DECIMAL or digits <= DIGITS_BEFORE_POINT


def refused(field: Field, text: str) -> bool:
    """Whether the oracle refuses the text, too."""
    try:
        return read_value(field, text) is None and field.required
    except BadValueError:
        return True
