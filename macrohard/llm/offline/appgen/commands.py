"""Writes ``commands/KIND.py``: the verbs of a kind on the command line."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.options import option_functions
from macrohard.llm.offline.appgen.pysource import function, module, quote, signature
from macrohard.llm.offline.appgen.questions import search_needs_connection, sort_needs_connection
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.verbs import (
    Verb,
    add_verb,
    aggregate_verb,
    condition_verb,
    delete_verb,
    edit_verb,
    export_verb,
    function_name,
    import_verb,
    list_verb,
    show_verb,
)
from macrohard.llm.offline.dialect.ast import App, Kind


def commands_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's commands."""
    verbs = kind_verbs(app, kind)
    blocks = [parser_function(app, kind, verbs), *option_functions(app, kind)]
    for verb in verbs:
        blocks += [verb.declare, verb.run]
    if kind.features.list or kind.features.conditions:
        blocks.append(show_found(app, kind))
    return module(f"``{kind.command}`` on the command line.", blocks, ours)


def kind_verbs(app: App, kind: Kind) -> list[Verb]:
    """All verbs that the spec asks for."""
    features = kind.features
    asked = (
        (features.add, add_verb),
        (features.list, list_verb),
        (features.show, show_verb),
        (features.edit, edit_verb),
        (features.delete, delete_verb),
        (features.import_csv, import_verb),
        (features.export_csv, export_verb),
    )
    verbs = [make(app, kind) for wanted, make in asked if wanted]
    verbs += [aggregate_verb(app, kind, op) for op in offered(kind)]
    return verbs + [condition_verb(app, kind, each) for each in features.conditions]


def parser_function(app: App, kind: Kind, verbs: list[Verb]) -> str:
    """``parser``: all verbs of the kind."""
    lines = [
        f'made = console.Parser(prog="python -m {app.slug} {kind.command}")',
        "console.add_database_option(made)",
        'verbs = made.add_subparsers(prog=made.prog, metavar="VERB", required=True)',
        *(f"declare_{function_name(verb.name)}(verbs)" for verb in verbs),
        "return made",
    ]
    return function(
        "def parser() -> console.Parser:",
        f"Make the parser of all that can be done with {names.plural(kind)}.",
        "\n".join(lines),
    )


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
