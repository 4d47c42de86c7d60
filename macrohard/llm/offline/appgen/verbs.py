"""Writes, for each verb of a kind, the function that declares it and the one that runs it."""

from dataclasses import dataclass

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.deletes import is_referred_to
from macrohard.llm.offline.appgen.options import argument
from macrohard.llm.offline.appgen.pysource import call, function, quote, text_lines
from macrohard.llm.offline.appgen.reports import condition_call
from macrohard.llm.offline.appgen.sums import constant_name, offered
from macrohard.llm.offline.dialect.ast import AggregateOp, App, Kind, NamedCondition

WRITING = "with database.writing(options.db) as connection:"
READING = "with database.reading(options.db) as connection:"
NARROW = 60
"""Columns of a small terminal."""
JSON = "console.add_json_option(parser)"
FILE = "console.add_file_argument(parser)"


@dataclass(frozen=True)
class Verb:
    """A verb of a kind.

    Attributes:
        name: As it is typed.
        declare: The function that declares it and its arguments.
        run: The function that runs it and returns what it prints.
    """

    name: str
    declare: str
    run: str


def function_name(verb: str) -> str:
    """A verb as the end of a function's name."""
    return verb.replace("-", "_")


def make_verb(name: str, about: str, declare: list[str], run: list[str]) -> Verb:
    """A verb of the statements that declare its arguments and of those that run it."""
    word = function_name(name)
    made = f"console.add_verb(verbs, {quote(name)}, {quote(about)}, run_{word})"
    return Verb(
        name,
        function(
            f"def declare_{word}(verbs: console.Verbs) -> None:",
            f"Declare ``{name}`` and what it takes.",
            "\n".join([f"parser = {made}", *declare]) if declare else made,
        ),
        function(
            f"def run_{word}(options: argparse.Namespace) -> str:",
            names.sentence(about),
            "\n".join(run),
        ),
    )


def given_texts(app: App, kind: Kind, texts: str = "console.given_fields(options)") -> str:
    """The texts of fields that a person gave, with ids for names; it needs a connection then."""
    if not names.named_references(app, kind):
        return texts
    return f"database.with_ids(connection, {texts}, {names.records_module(kind)}.NAMED)"


def add_verb(app: App, kind: Kind) -> Verb:
    """``KIND add``."""
    one, record = names.singular(kind), names.variable(kind)
    made = f"{record} = {names.records_module(kind)}.new(console.given_fields(options))"
    run = [made, WRITING]
    if names.named_references(app, kind):
        run = [
            WRITING,
            f"    texts = {given_texts(app, kind)}",
            f"    {record} = {names.records_module(kind)}.new(texts)",
        ]
    run += [
        f"    stored = {names.changes_module(kind)}.add(connection, {record})",
        f'return f"Added {one} {{stored.id}}."',
    ]
    declare = [*required_usage(app, kind), "add_value_options(parser)"]
    return make_verb("add", f"add {names.an(one)}", declare, run)


def required_usage(app: App, kind: Kind) -> list[str]:
    """The statement that shows which options must be given; argparse calls them all optional."""
    fields = [f for f in names.stored_fields(kind) if f.required and f.default is None]
    if not fields:
        return []
    needed = [*(f"{field.option} VALUE" for field in fields), "[--OPTION VALUE ...]"]
    line = f"usage: python -m {app.slug} {kind.command} add {' '.join(needed)}"
    gap = " " if len(line) < NARROW else "\n  "  # argparse breaks no usage that it is given
    return text_lines("parser.usage", gap.join(["%(prog)s", *needed]))


def select_call(app: App, kind: Kind) -> str:
    """The call that reads the records which match the filters."""
    if kind.features.filters:
        named = {field.slug for field in names.named_references(app, kind)}
        texts = "console.given_fields(options)"
        if named & set(kind.features.filters):
            texts = given_texts(app, kind)
        return f"{names.reports_module(kind)}.select(connection, {texts})"
    return f"{names.records_module(kind)}.find_all(connection)"


def list_verb(app: App, kind: Kind) -> Verb:
    """``KIND list``."""
    found = names.variables(kind)
    run = [
        READING,
        f"    {found} = {select_call(app, kind)}",
        f"    return show_found(connection, {found}, options)",
    ]
    return make_verb("list", f"list {names.plural(kind)}", ["add_list_options(parser)"], run)


def id_argument(kind: Kind) -> str:
    """The statement that declares the id, in whose place a name will do where there are names."""
    about = (
        f", {quote(f'its number or {names.heading(kind.name_field)}')}" if kind.name_field else ""
    )
    return f"console.add_id_argument(parser{about})"


def with_record_id(kind: Kind, opening: str, *between: str) -> list[str]:
    """The statements that read the id and open the database, in the order in which they can."""
    if kind.name_field is None:
        return ["record_id = console.record_id(options)", *between, opening]
    table, column = quote(names.table(kind)), quote(kind.name_field.slug)
    found = f"database.find_id(connection, {table}, {column}, options.id)"
    return [*between, opening, f"    record_id = {found}"]


def show_verb(_app: App, kind: Kind) -> Verb:
    """``KIND show``."""
    reports, record = names.reports_module(kind), names.variable(kind)
    run = [
        *with_record_id(kind, READING),
        f"    {record} = {names.records_module(kind)}.get(connection, record_id)",
        f"    row = {reports}.row(connection, {record})",
        f"return output.record({reports}.HEADINGS, row, options.json)",
    ]
    return make_verb("show", f"show one {names.singular(kind)}", [id_argument(kind), JSON], run)


def edit_verb(app: App, kind: Kind) -> Verb:
    """``KIND edit``."""
    one, named = names.singular(kind), names.named_references(app, kind)
    given = [
        "texts = console.given_fields(options)",
        "if not texts:",
        '    raise InputError("nothing to change: give at least one field")',
    ]
    run = [
        *with_record_id(kind, WRITING, *given),
        *([f"    texts = {given_texts(app, kind, 'texts')}"] if named else []),
        f"    {names.changes_module(kind)}.edit(connection, record_id, texts)",
        f'return f"Changed {one} {{record_id}}."',
    ]
    about = f"change fields of {names.an(one)}; an empty value clears one"
    return make_verb("edit", about, [id_argument(kind), "add_value_options(parser)"], run)


def delete_verb(app: App, kind: Kind) -> Verb:
    """``KIND delete``."""
    one = names.singular(kind)
    deleted = f"{names.changes_module(kind)}.delete(connection, record_id)"
    linked = is_referred_to(app, kind)
    run = [
        *with_record_id(kind, WRITING),
        f"    {'others = ' if linked else ''}{deleted}",
        f'return f"Deleted {one} {{record_id}}{"{others}" if linked else ""}."',
    ]
    return make_verb("delete", f"delete {names.an(one)}", [id_argument(kind)], run)


def import_verb(_app: App, kind: Kind) -> Verb:
    """``KIND import``."""
    records = names.records_module(kind)
    one, several = quote(names.singular(kind)), quote(names.plural(kind))
    run = [
        f"rows = csv_files.read(options.file, {records}.FIELDS, {records}.REQUIRED)",
        WRITING,
        f"    {names.changes_module(kind)}.import_rows(connection, options.file, rows)",
        f"count = console.count_of(len(rows), {one}, {several})",
        'return f"Imported {count}."',
    ]
    about = f"add {names.plural(kind)} from a CSV file, all of its rows or none"
    return make_verb("import", about, [FILE], run)


def export_verb(_app: App, kind: Kind) -> Verb:
    """``KIND export``."""
    fields = f'("id", *{names.records_module(kind)}.FIELDS)'
    one, several = quote(names.singular(kind)), quote(names.plural(kind))
    run = [
        READING,
        f"    rows = {names.reports_module(kind)}.export_rows(connection)",
        f"csv_files.write(options.file, {fields}, rows, options.db)",
        f"count = console.count_of(len(rows), {one}, {several})",
        'return f"Exported {count} to {options.file}."',
    ]
    return make_verb("export", f"write all {names.plural(kind)} to a CSV file", [FILE], run)


def aggregate_verb(app: App, kind: Kind, op: AggregateOp) -> Verb:
    """``KIND total`` and its like."""
    words = {"min": "smallest value", "max": "largest value"}.get(op.value, op.value)
    find = f"{names.records_module(kind)}.find_all"
    if kind.features.filters:
        find = f"lambda connection: {select_call(app, kind)}"
    arguments = [
        quote(op.value),
        f"{names.reports_module(kind)}.{constant_name(op)}",
        "options",
        find,
        quote(f"No {names.plural(kind)}."),
    ]
    run = [call("return summaries.answer", arguments)]
    about = f"print the {words} of {names.plural(kind)}"
    if op is not AggregateOp.COUNT:
        about = f"print the {words} of a field of {names.plural(kind)}"
    return make_verb(op.value, about, aggregate_arguments(kind, op), run)


def aggregate_arguments(kind: Kind, op: AggregateOp) -> list[str]:
    """The statements that declare what an aggregate takes."""
    fields = offered(kind)[op]
    groups = dict.fromkeys(group.argument for found in fields.values() for group in found)
    absent = ["field=None"] if op is AggregateOp.COUNT else []
    absent += [] if groups else ["by=None"]
    lines = [call("parser.set_defaults", absent)] if absent else []
    if op is not AggregateOp.COUNT:
        known = ", ".join(names.option_name(kind.field(slug)) for slug in fields)
        lines.append(argument("field", "FIELD", known, 'nargs="?"'))
    if groups:
        lines.append(argument("--by", "FIELD", ", ".join(groups)))
    if kind.features.filters:
        lines.append("add_filter_options(parser)")
    return [*lines, JSON]


def condition_verb(app: App, kind: Kind, condition: NamedCondition) -> Verb:
    """``KIND CONDITION``."""
    record, found = names.variable(kind), names.variables(kind)
    met = f"{names.reports_module(kind)}.{condition_call(app, kind, condition)}"
    run = [
        READING,
        f"    {found} = {select_call(app, kind)}",
        f"    {found} = [{record} for {record} in {found} if {met}]",
        f"    return show_found(connection, {found}, options)",
    ]
    about = f"list the {names.plural(kind)} that are {condition.name.lower()}"
    return make_verb(condition.command, about, ["add_list_options(parser)"], run)
