"""Writes ``commands/KIND.py``: the verbs of a kind on the command line."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.deletes import is_referred_to
from macrohard.llm.offline.appgen.pysource import (
    exploded,
    function,
    module,
    quote,
    signature,
)
from macrohard.llm.offline.appgen.pytypes import ABOUT
from macrohard.llm.offline.appgen.questions import search_needs_connection, sort_needs_connection
from macrohard.llm.offline.appgen.reports import condition_call
from macrohard.llm.offline.appgen.sums import constant_name, offered
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    Field,
    FieldType,
    Kind,
    NamedCondition,
)


def commands_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's commands."""
    verbs = verb_functions(app, kind)
    blocks = [parser_function(app, kind, verbs), *options_functions(kind)]
    for verb in verbs:
        blocks += [verb.declare, verb.run]
    if kind.features.list or kind.features.conditions:
        blocks.append(show_found(app, kind))
    return module(
        f"``{kind.command}`` on the command line.", [each for each in blocks if each], ours
    )


class Verb:
    """A verb of a kind: the function that declares it and the function that runs it."""

    def __init__(self, name: str, declare: str, run: str) -> None:
        self.name = name
        self.declare = declare
        self.run = run


def verb_functions(app: App, kind: Kind) -> list[Verb]:
    """All verbs that the spec asks for."""
    features = kind.features
    verbs = []
    if features.add:
        verbs.append(add_verb(kind))
    if features.list:
        verbs.append(list_verb(app, kind))
    if features.show:
        verbs.append(show_verb(kind))
    if features.edit:
        verbs.append(edit_verb(kind))
    if features.delete:
        verbs.append(delete_verb(app, kind))
    verbs += [aggregate_verb(kind, op) for op in offered(kind)]
    if features.import_csv:
        verbs.append(import_verb(kind))
    if features.export_csv:
        verbs.append(export_verb(kind))
    return verbs + [condition_verb(app, kind, each) for each in features.conditions]


def function_name(verb: str) -> str:
    """A verb as the end of a function's name."""
    return verb.replace("-", "_")


def declaration(verb: str, about: str, lines: list[str]) -> str:
    """The function that declares a verb: its help, its arguments, what runs it."""
    body = [
        f"parser = verbs.add_parser({quote(verb)}, help={quote(about)}, description={quote(about)})",
        *lines,
        "console.add_database_option(parser)",
        f"parser.set_defaults(action=run_{function_name(verb)})",
    ]
    if len(body[0]) > 96:
        body[0] = exploded(
            "parser = verbs.add_parser(",
            [quote(verb), f"help={quote(about)}", f"description={quote(about)}"],
            ")",
        )
    return function(
        f"def declare_{function_name(verb)}(verbs: console.Verbs) -> None:",
        f"Declare ``{verb}``.",
        "\n".join(body),
    )


def runner(verb: str, about: str, lines: list[str]) -> str:
    """The function that runs a verb and returns what it prints."""
    return function(
        f"def run_{function_name(verb)}(options: argparse.Namespace) -> str:",
        about,
        "\n".join(lines),
    )


def option_lines(fields: list[Field], why: str) -> list[str]:
    """The statements that add an option for each field."""
    return [field_option(field, why if why else about_field(field)) for field in fields]


def field_option(field: Field, about: str) -> str:
    """The statement that adds an option for a field."""
    arguments = ["parser", quote(field.option), quote(field.slug), quote(about)]
    one_line = f"console.add_field_option({', '.join(arguments)})"
    if len(one_line) <= 96:
        return one_line
    inner = ", ".join(arguments)
    if len(inner) <= 92:
        return f"console.add_field_option(\n    {inner}\n)"
    return exploded("console.add_field_option(", arguments, ")")


def about_field(field: Field) -> str:
    """What an option takes, for its help."""
    words = [ABOUT[field.type]]
    if field.type is FieldType.ONE_OF:
        words = ["one of " + ", ".join(field.choices)]
    if field.type is FieldType.REFERENCE:
        words = [f"id of {names.an(field.target.replace('_', ' '))}"]
    if field.type is FieldType.DATE:
        words = ["YYYY-MM-DD"]
    if field.type is FieldType.DATETIME:
        words = ["YYYY-MM-DD HH:MM"]
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
    return ", ".join(words).replace("%", "%%")


def parser_function(app: App, kind: Kind, verbs: list[Verb]) -> str:
    """``parser``: all verbs of the kind."""
    lines = [
        f'made = console.Parser(prog="python -m {app.slug} {kind.command}")',
        "console.add_database_option(made)",
        'verbs = made.add_subparsers(metavar="VERB", required=True)',
        *(f"declare_{function_name(verb.name)}(verbs)" for verb in verbs),
        "return made",
    ]
    return function(
        "def parser() -> console.Parser:",
        f"Make the parser of all that can be done with {names.plural(kind)}.",
        "\n".join(lines),
    )


def options_functions(kind: Kind) -> list[str]:
    """The functions that add the options which several verbs share."""
    found = []
    if kind.features.add or kind.features.edit:
        found.append(
            function(
                "def add_value_options(parser: argparse.ArgumentParser) -> None:",
                f"Add an option for each field of {names.an(names.singular(kind))}.",
                "\n".join(option_lines(list(names.stored_fields(kind)), "")),
            )
        )
    if kind.features.filters:
        fields = [kind.field(slug) for slug in kind.features.filters]
        lines = [
            field_option(field, f"only those whose {names.heading(field)} is this")
            for field in fields
        ]
        found.append(
            function(
                "def add_filter_options(parser: argparse.ArgumentParser) -> None:",
                f"Add an option for each filter of {names.plural(kind)}.",
                "\n".join(lines),
            )
        )
    if kind.features.list or kind.features.conditions:
        found.append(list_options(kind))
    return found


def list_options(kind: Kind) -> str:
    """``add_list_options``: what lists of records take."""
    lines = ["add_filter_options(parser)"] if kind.features.filters else []
    if kind.features.sorts:
        fields = ", ".join(names.option_name(kind.field(slug)) for slug in kind.features.sorts)
        about = f"one of {fields}; --sort=-FIELD turns the order round"
        lines.append(
            exploded(
                "parser.add_argument(", ['"--sort"', 'metavar="FIELD"', f"help={quote(about)}"], ")"
            )
        )
    if kind.features.searches:
        fields = ", ".join(names.heading(kind.field(slug)) for slug in kind.features.searches)
        about = f"only those with this text in {fields}"
        lines.append(
            exploded(
                "parser.add_argument(",
                ['"--search"', 'metavar="TEXT"', f"help={quote(about)}"],
                ")",
            )
        )
    return function(
        "def add_list_options(parser: argparse.ArgumentParser) -> None:",
        f"Add the options of every list of {names.plural(kind)}.",
        "\n".join([*lines, "console.add_json_option(parser)"]),
    )


def add_verb(kind: Kind) -> Verb:
    """``KIND add``."""
    one, record, module_name = (
        names.singular(kind),
        names.variable(kind),
        names.records_module(kind),
    )
    lines = [
        f"{record} = {module_name}.new(console.given_fields(options))",
        "with database.writing(options.db) as connection:",
        f"    stored = {names.changes_module(kind)}.add(connection, {record})",
        f'return f"Added {one} {{stored.id}}."',
    ]
    about = f"add {names.an(one)}"
    return Verb(
        "add",
        declaration("add", about, ["add_value_options(parser)"]),
        runner("add", f"Add {names.an(one)}.", lines),
    )


def list_verb(app: App, kind: Kind) -> Verb:
    """``KIND list``."""
    about = f"list {names.plural(kind)}"
    lines = [
        "with database.reading(options.db) as connection:",
        f"    {names.variables(kind)} = {select_call(kind)}",
        f"    return show_found(connection, {names.variables(kind)}, options)",
    ]
    return Verb(
        "list",
        declaration("list", about, ["add_list_options(parser)"]),
        runner("list", f"List {names.plural(kind)}.", lines),
    )


def select_call(kind: Kind) -> str:
    """The call that reads the records which match the filters."""
    if kind.features.filters:
        return f"{names.reports_module(kind)}.select(connection, console.given_fields(options))"
    return f"{names.records_module(kind)}.find_all(connection)"


def show_found(app: App, kind: Kind) -> str:
    """``show_found``: search, sort and show."""
    found, record, reports = names.variables(kind), names.variable(kind), names.reports_module(kind)
    lines = []
    if kind.features.searches:
        connection = "connection, " if search_needs_connection(app, kind) else ""
        lines += [
            "if options.search is not None:",
            f"    {found} = {reports}.matching({connection}{found}, options.search)",
        ]
    if kind.features.sorts:
        connection = "connection, " if sort_needs_connection(app, kind) else ""
        lines += [
            "if options.sort is not None:",
            f"    {found} = {reports}.in_order({connection}{found}, options.sort)",
        ]
    nothing = quote(f"No {names.plural(kind)}.")
    lines += [
        f"rows = [{reports}.row(connection, {record}) for {record} in {found}]",
        f"return output.listing({reports}.HEADINGS, rows, {nothing}, options.json)",
    ]
    typed = f"list[{names.records_module(kind)}.{names.class_name(kind)}]"
    parameters = ["connection: Connection", f"{found}: {typed}", "options: argparse.Namespace"]
    return function(
        signature("show_found", parameters, "str"),
        f"Show {names.plural(kind)} as the options say.",
        "\n".join(lines),
    )


def show_verb(kind: Kind) -> Verb:
    """``KIND show``."""
    one, record = names.singular(kind), names.variable(kind)
    reports = names.reports_module(kind)
    get = f"{names.records_module(kind)}.get(connection, console.record_id(options))"
    lines = [
        "with database.reading(options.db) as connection:",
        f"    {record} = {get}",
        f"    found = {reports}.row(connection, {record})",
        f"return output.record({reports}.HEADINGS, found, options.json)",
    ]
    about = f"show one {one}"
    declare = ["console.add_id_argument(parser)", "console.add_json_option(parser)"]
    return Verb(
        "show", declaration("show", about, declare), runner("show", f"Show one {one}.", lines)
    )


def edit_verb(kind: Kind) -> Verb:
    """``KIND edit``."""
    one = names.singular(kind)
    lines = [
        "texts = console.given_fields(options)",
        "if not texts:",
        '    raise InputError("nothing to change: give at least one field")',
        "record_id = console.record_id(options)",
        "with database.writing(options.db) as connection:",
        f"    {names.changes_module(kind)}.edit(connection, record_id, texts)",
        f'return f"Changed {one} {{record_id}}."',
    ]
    about = f"change fields of {names.an(one)}; an empty value clears one"
    declare = ["console.add_id_argument(parser)", "add_value_options(parser)"]
    return Verb(
        "edit",
        declaration("edit", about, declare),
        runner("edit", f"Change fields of {names.an(one)}.", lines),
    )


def delete_verb(app: App, kind: Kind) -> Verb:
    """``KIND delete``."""
    one = names.singular(kind)
    call = f"{names.changes_module(kind)}.delete(connection, record_id)"
    linked = is_referred_to(app, kind)
    lines = [
        "record_id = console.record_id(options)",
        "with database.writing(options.db) as connection:",
        f"    {'others = ' if linked else ''}{call}",
        f'return f"Deleted {one} {{record_id}}{"{others}" if linked else ""}."',
    ]
    about = f"delete {names.an(one)}"
    declare = ["console.add_id_argument(parser)"]
    return Verb(
        "delete",
        declaration("delete", about, declare),
        runner("delete", f"Delete {names.an(one)}.", lines),
    )


def aggregate_verb(kind: Kind, op: AggregateOp) -> Verb:
    """``KIND total`` and its like."""
    fields = offered(kind)[op]
    words = {"min": "smallest value", "max": "largest value"}.get(op.value, op.value)
    about = f"{words} over {names.plural(kind)}"
    declare = ["parser.set_defaults(field=None)"]
    if op is not AggregateOp.COUNT:
        known = ", ".join(names.option_name(kind.field(slug)) for slug in fields)
        declare = [
            exploded(
                "parser.add_argument(",
                ['"field"', 'nargs="?"', 'metavar="FIELD"', f"help={quote(known)}"],
                ")",
            )
        ]
    groups = dict.fromkeys(group.argument for found in fields.values() for group in found)
    if groups:
        declare.append(
            exploded(
                "parser.add_argument(",
                ['"--by"', 'metavar="FIELD"', f"help={quote(', '.join(groups))}"],
                ")",
            )
        )
    else:
        declare = (
            ["parser.set_defaults(field=None, by=None)"]
            if op is AggregateOp.COUNT
            else [*declare, "parser.set_defaults(by=None)"]
        )
    if kind.features.filters:
        declare.append("add_filter_options(parser)")
    declare.append("console.add_json_option(parser)")
    find = f"{names.records_module(kind)}.find_all"
    if kind.features.filters:
        find = f"lambda connection: {select_call(kind)}"
    arguments = [
        quote(op.value),
        f"{names.reports_module(kind)}.{constant_name(op)}",
        "options",
        find,
        quote(f"No {names.plural(kind)}."),
    ]
    lines = [exploded("return summaries.answer(", arguments, ")")]
    return Verb(
        op.value,
        declaration(op.value, about, declare),
        runner(op.value, f"Print the {words} over {names.plural(kind)}.", lines),
    )


def import_verb(kind: Kind) -> Verb:
    """``KIND import``."""
    records = names.records_module(kind)
    lines = [
        f"rows = csv_files.read(options.file, {records}.FIELDS, {records}.REQUIRED)",
        "with database.writing(options.db) as connection:",
        f"    {names.changes_module(kind)}.import_rows(connection, options.file, rows)",
        f"count = console.count_of(len(rows), {quote(names.singular(kind))}, {quote(names.plural(kind))})",
        'return f"Imported {count}."',
    ]
    about = "add every row of a CSV file, or none"
    return Verb(
        "import",
        declaration("import", about, ["console.add_file_argument(parser)"]),
        runner("import", f"Add {names.plural(kind)} from a CSV file.", lines),
    )


def export_verb(kind: Kind) -> Verb:
    """``KIND export``."""
    records = names.records_module(kind)
    lines = [
        "with database.reading(options.db) as connection:",
        f"    rows = {names.reports_module(kind)}.export_rows(connection)",
        f'csv_files.write(options.file, ("id", *{records}.FIELDS), rows, options.db)',
        f"count = console.count_of(len(rows), {quote(names.singular(kind))}, {quote(names.plural(kind))})",
        'return f"Exported {count} to {options.file}."',
    ]
    about = f"write all {names.plural(kind)} to a CSV file"
    return Verb(
        "export",
        declaration("export", about, ["console.add_file_argument(parser)"]),
        runner("export", f"Write all {names.plural(kind)} to a CSV file.", lines),
    )


def condition_verb(app: App, kind: Kind, condition: NamedCondition) -> Verb:
    """``KIND CONDITION``."""
    reports, record, found = names.reports_module(kind), names.variable(kind), names.variables(kind)
    call = f"{reports}.{condition_call(app, kind, condition)}"
    lines = [
        "with database.reading(options.db) as connection:",
        f"    {found} = [",
        f"        {record}",
        f"        for {record} in {select_call(kind)}",
        f"        if {call}",
        "    ]",
        f"    return show_found(connection, {found}, options)",
    ]
    about = f"list the {names.plural(kind)} that are {condition.name}"
    return Verb(
        condition.command,
        declaration(condition.command, about, ["add_list_options(parser)"]),
        runner(
            condition.command, f"List the {names.plural(kind)} that are {condition.name}.", lines
        ),
    )
