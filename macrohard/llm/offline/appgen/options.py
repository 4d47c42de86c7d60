"""Writes the functions that declare options which several verbs of a kind share."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import call, function, quote
from macrohard.llm.offline.appgen.pytypes import ABOUT
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind


def option_functions(app: App, kind: Kind) -> list[str]:
    """All of them that the kind needs."""
    features = kind.features
    found = []
    if features.add or features.edit:
        found.append(value_options(app, kind))
    if features.filters:
        found.append(filter_options(kind))
    if features.list or features.conditions:
        found.append(list_options(kind))
    return found


def declaring(name: str, about: str, lines: list[str]) -> str:
    """A function that adds options to a parser."""
    return function(
        f"def {name}(parser: argparse.ArgumentParser) -> None:", about, "\n".join(lines)
    )


def value_options(app: App, kind: Kind) -> str:
    """``add_value_options``: an option for each field."""
    return declaring(
        "add_value_options",
        f"Add an option for each field of {names.an(names.singular(kind))}.",
        [field_option(field, about_field(app, field)) for field in names.stored_fields(kind)],
    )


def filter_options(kind: Kind) -> str:
    """``add_filter_options``: an option for each filter."""
    fields = [kind.field(slug) for slug in kind.features.filters]
    return declaring(
        "add_filter_options",
        f"Add an option for each filter of {names.plural(kind)}.",
        [field_option(each, f"only those whose {names.heading(each)} is this") for each in fields],
    )


def list_options(kind: Kind) -> str:
    """``add_list_options``: what lists of records take."""
    lines = ["add_filter_options(parser)"] if kind.features.filters else []
    if kind.features.sorts:
        fields = ", ".join(names.option_name(kind.field(slug)) for slug in kind.features.sorts)
        lines.append(argument("--sort", "FIELD", f"one of {fields}; --sort=-FIELD for the reverse"))
    if kind.features.searches:
        fields = ", ".join(names.heading(kind.field(slug)) for slug in kind.features.searches)
        lines.append(argument("--search", "TEXT", f"only those with this text in {fields}"))
    return declaring(
        "add_list_options",
        f"Add the options of every list of {names.plural(kind)}.",
        [*lines, "console.add_json_option(parser)"],
    )


def argument(name: str, metavar: str, about: str, *more: str) -> str:
    """The statement that adds an argument to a parser."""
    return call(
        "parser.add_argument",
        [quote(name), *more, f"metavar={quote(metavar)}", f"help={quote(about)}"],
    )


def field_option(field: Field, about: str) -> str:
    """The statement that adds an option for a field."""
    arguments = ["parser", quote(field.option), quote(field.slug), quote(about)]
    return call("console.add_field_option", arguments)


def about_field(app: App, field: Field) -> str:
    """What an option takes, for its help."""
    words = [form(app, field)]
    if field.minimum is not None:
        words.append(f"at least {field.minimum}")
    if field.maximum is not None:
        words.append(f"at most {field.maximum}")
    if field.max_length is not None:
        words.append(f"at most {field.max_length} characters")
    if field.default is not None:
        words.append(f"{field.default} unless given")
    elif field.required:
        words.append("required")
    return "; ".join(words).replace("%", "%%")


def form(app: App, field: Field) -> str:
    """How values of a field are written."""
    match field.type:
        case FieldType.ONE_OF:
            return "one of " + ", ".join(
                f'"{each}"' if "," in each else each for each in field.choices
            )
        case FieldType.REFERENCE:
            target = app.kind(field.target)
            name = f" or {names.heading(target.name_field)}" if target.name_field else ""
            return f"id{name} of {names.an(names.singular(target))}"
        case FieldType.DATE:
            return "YYYY-MM-DD"
        case FieldType.DATETIME:
            return "YYYY-MM-DD HH:MM"
        case _:
            return ABOUT[field.type]
