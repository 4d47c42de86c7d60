"""Writes the functions that read one field from text: type, bounds, length, required or not."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import function, quote, signature, tuple_of
from macrohard.llm.offline.appgen.pytypes import ABOUT, annotation, literal
from macrohard.llm.offline.dialect.ast import Field, FieldType

READ = {
    FieldType.TEXT: "parse_text",
    FieldType.INTEGER: "parse_integer",
    FieldType.DECIMAL: "parse_decimal",
    FieldType.DATE: "parse_date",
    FieldType.DATETIME: "parse_datetime",
    FieldType.YES_NO: "parse_yes_no",
    FieldType.ONE_OF: "parse_choice",
    FieldType.EMAIL: "parse_email",
    FieldType.REFERENCE: "parse_id",
}


def choices_name(field: Field) -> str:
    """The constant that holds the choices of a field."""
    return f"{field.slug.rstrip('_').upper()}_CHOICES"


def choices_constant(field: Field) -> str:
    """The choices of a field."""
    return f"{choices_name(field)} = {tuple_of([quote(choice) for choice in field.choices])}"


def read_call(field: Field, text: str, prefix: str = "") -> str:
    """The call that reads a field's type, bounds aside."""
    arguments = [quote(names.heading(field)), text]
    if field.type is FieldType.DECIMAL:
        arguments.append(f"places={field.places}")
    if field.type is FieldType.ONE_OF:
        arguments.append(
            prefix + choices_name(field)
            if field.stored
            else tuple_of([quote(choice) for choice in field.choices])
        )
    return f"values.{READ[field.type]}({', '.join(arguments)})"


def parse_function(field: Field) -> str:
    """``parse_FIELD``: reads a field and refuses what the spec refuses."""
    missing = (
        f'raise InputError("{names.heading(field)} is required")'
        if field.required
        else "return None"
    )
    body = [f"value = {read_call(field, 'text')}"]
    limits = bound_checks(field)
    if not limits and not field.required:
        body = [f"return {read_call(field, 'text')}"]
    else:
        body += ["if value is None:", f"    {missing}", *limits, "return value"]
    return function(
        signature(f"parse_{field.slug}", ["text: str"], annotation(field)),
        about(field),
        "\n".join(body),
    )


def about(field: Field) -> str:
    """What a field takes, in a sentence."""
    words = [ABOUT[field.type]]
    if field.type is FieldType.DECIMAL:
        words = [f"a decimal with {field.places} places"]
    if field.minimum is not None:
        words.append(f"at least {field.minimum}")
    if field.maximum is not None:
        words.append(f"at most {field.maximum}")
    if field.max_length is not None:
        words.append(f"at most {field.max_length} characters")
    if not field.required:
        words.append("or nothing")
    return f"Read the {names.heading(field)}: {', '.join(words)}."


def bound_checks(field: Field) -> list[str]:
    """The statements that hold a value within its bounds."""
    lines: list[str] = []
    name = names.heading(field)
    if field.max_length is not None:
        message = f"{name} can have at most {field.max_length} characters"
        lines += refuse(f"len(value) > {field.max_length}", message)
    for bound, sign, words in (
        (field.minimum, "<", "at least"),
        (field.maximum, ">", "at most"),
    ):
        if bound is not None:
            condition = f"value {sign} {literal(field, bound)}"
            lines += refuse(condition, f"{name} must be {words} {bound}")
    return lines


def refuse(condition: str, message: str) -> list[str]:
    """Raise the message where the condition holds."""
    return [f"if {condition}:", f"    raise InputError({quote(message)})"]
