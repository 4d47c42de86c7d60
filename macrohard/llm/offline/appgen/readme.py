"""Writes ``README.md``: what the program is, how it is used, what it keeps."""

import textwrap
from collections.abc import Iterator

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.appgen.deletes import references
from macrohard.llm.offline.appgen.options import about_field
from macrohard.llm.offline.appgen.program import TEST_COMMAND
from macrohard.llm.offline.appgen.session import session
from macrohard.llm.offline.appgen.sums import offered
from macrohard.llm.offline.appgen.unit.examples import Examples
from macrohard.llm.offline.appgen.wording import condition_words, formula
from macrohard.llm.offline.dialect.ast import AggregateOp, App, DeleteRule, Field, Kind

HABITS = (
    "Everything that reads takes `--json`.",
    "`--sort=-FIELD` turns an order round; an empty filter finds records without a value.",
    "A mistake ends with one line `error: …`, exit code 2, and nothing written.",
    "CSV files have a header row of field names (`_` for spaces); an `id` column is ignored.",
)
"""What all commands have in common."""


def readme(examples: Examples) -> str:
    """The text of the README."""
    app = examples.app
    parts = [
        f"# {app.title}",
        "\n\n".join(textwrap.fill(part, 100) for part in app.purpose.strip().split("\n\n")),
        *running(app),
        *(typed(examples) if "cli" in app.interfaces else ()),
        *(pages(app) if "web" in app.interfaces else ()),
        *(api(app) if "api" in app.interfaces else ()),
        *(window(app) if app.has_window else ()),
        "## Data",
        *(data_table(app, kind) for kind in app.kinds),
        *rules(app),
        "## Tests",
        f"```console\n$ {' '.join(TEST_COMMAND)}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def running(app: App) -> list[str]:
    """How to start it."""
    return [
        "## Running it",
        "Python 3.11 or newer is all it needs; there is nothing to install.",
        f"```console\n$ python -m {app.slug} --help\n```",
        f"Everything is kept in `{app.slug}.db` in the current folder; `--db PATH` names another.",
    ]


def typed(examples: Examples) -> list[str]:
    """The command line."""
    app = examples.app
    return [
        *first_session(examples),
        "## Commands",
        f"Every command begins with `python -m {app.slug}`.",
        *(command_table(app, kind) for kind in app.kinds),
        *habits(),
    ]


def pages(app: App) -> list[str]:
    """The pages."""
    words = (
        f"`python -m {app.slug} serve` serves them to browsers of this machine, at "
        "<http://127.0.0.1:8000/>; `--port N` listens elsewhere. They work without JavaScript, on "
        "a phone, and with the keyboard alone. There are no accounts: whoever reaches the port can "
        "do everything, so `--host` is for networks where that is meant."
    )
    return ["## Pages", words]


def api(app: App) -> list[str]:
    """The JSON API."""
    words = (
        f"`python -m {app.slug} serve` serves it, at <http://127.0.0.1:8000/api>; the OpenAPI "
        'document is `/openapi.json`. What is wrong is told as `{"errors": [{"field": …, '
        '"message": …}]}` with 400 (a value), 404, 405, 409 (a rule, or another record), 413 or '
        "415."
    )
    lines = [line for kind in app.kinds for line in addresses(app, kind)]
    table_head = ["| Request | What it does |", "| --- | --- |"]
    return ["## JSON API", words, "\n".join([*table_head, *lines])]


def window(app: App) -> list[str]:
    """The window."""
    words = (
        f"`python -m {app.slug} window` opens it; `--db PATH` before `window` names another file. "
        "It works on the same file as the commands, also while they are used. It needs a screen "
        "and Python's tkinter (on Debian: `apt install python3-tk`). With the keyboard alone: Alt "
        "with an underlined letter, Tab, Enter, Escape back to the list, Ctrl-Tab to the next page."
    )
    return ["## Window", words]


def addresses(app: App, kind: Kind) -> Iterator[str]:
    """The requests about a kind and what each does."""
    features, one, several = kind.features, names.singular(kind), names.plural(kind)
    path = f"/api/{path_of(app, kind)}"
    known = (
        (features.list, f"GET {path}", f"lists {several}: filters, `search`, `sort`"),
        (features.add, f"POST {path}", f"adds {names.an(one)}"),
        (features.show, f"GET {path}/ID", f"shows one {one}"),
        (features.edit, f"PATCH {path}/ID", "changes the given fields"),
        (features.delete, f"DELETE {path}/ID", f"deletes {names.an(one)}"),
        (features.import_csv, f"POST {path}/import", "adds the rows of a CSV, all or none"),
        (features.export_csv, f"GET {path}/export", f"all {several} as CSV"),
    )
    yield from (f"| `{request}` | {about} |" for wanted, request, about in known if wanted)
    for op, fields in offered(kind).items():
        for slug in fields:
            place = f"/{names.option_name(kind.field(slug))}" if slug else ""
            yield f"| `GET {path}/{op.value}{place}` | the {op.value}; `by` groups |"
    for each in features.conditions:
        yield f"| `GET {path}/{each.command}` | lists {several} that are {each.name} |"


def first_session(examples: Examples) -> list[str]:
    """A few commands and what they print."""
    lines = session(examples)
    return ["## A first session", "```console\n" + "\n".join(lines) + "\n```"] if lines else []


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def command_table(app: App, kind: Kind) -> str:
    """The commands about a kind."""
    del app
    heading = f"### {kind.plural}"
    return f"{heading}\n\n{table(('Command', 'What it does'), commands(kind))}"


def commands(kind: Kind) -> Iterator[tuple[str, str]]:
    """The commands about a kind and what each does."""
    features, one, several = kind.features, names.singular(kind), names.plural(kind)
    fields = names.stored_fields(kind)
    required = "".join(f" {f.option} VALUE" for f in fields if f.required and f.default is None)
    more = " [--FIELD VALUE …]" if any(not f.required or f.default for f in fields) else ""
    narrowing = narrowed(kind)
    if features.add:
        yield f"`{kind.command} add{required}{more}`", f"adds {names.an(one)}"
    if features.list:
        yield f"`{kind.command} list{narrowing}`", f"lists {several}"
    if features.show:
        yield f"`{kind.command} show ID`", f"shows one {one}"
    if features.edit:
        yield f"`{kind.command} edit ID --FIELD VALUE …`", 'changes fields; `""` clears one'
    if features.delete:
        yield f"`{kind.command} delete ID`", f"deletes {names.an(one)}"
    for op, found in offered(kind).items():
        yield aggregate_row(kind, op, tuple(found))
    for each in features.conditions:
        yield f"`{kind.command} {each.command}{narrowing}`", f"lists {several} that are {each.name}"
    if features.import_csv:
        yield f"`{kind.command} import FILE`", "adds every row of a CSV file, or none"
    if features.export_csv:
        yield f"`{kind.command} export FILE`", f"writes all {several} to a CSV file"


def narrowed(kind: Kind) -> str:
    """The options of lists."""
    words = "".join(f" [{kind.field(slug).option} VALUE]" for slug in kind.features.filters)
    if kind.features.sorts:
        fields = "/".join(names.option_name(kind.field(slug)) for slug in kind.features.sorts)
        words += f" [--sort {fields}]"
    return words + (" [--search TEXT]" if kind.features.searches else "")


def aggregate_row(kind: Kind, op: AggregateOp, fields: tuple[str, ...]) -> tuple[str, str]:
    """The row of an aggregate."""
    named = "/".join(names.option_name(kind.field(slug)) for slug in fields if slug)
    groups = dict.fromkeys(g.argument for found in offered(kind)[op].values() for g in found)
    by = f" [--by {'/'.join(groups)}]" if groups else ""
    words = {"min": "smallest value", "max": "largest value"}.get(op.value, op.value)
    return f"`{kind.command} {op.value}{f' {named}' if named else ''}{by}`", f"the {words}"


def habits() -> list[str]:
    """What all commands have in common."""
    return ["\n".join(f"- {habit}" for habit in HABITS)]


def data_table(app: App, kind: Kind) -> str:
    """The fields of a kind."""
    rows = (
        (f"`{field.slug}`", names.heading(field), meaning(app, kind, field))
        for field in kind.fields
    )
    return f"### {kind.name}\n\n{table(('Field', 'Name', 'Holds'), rows)}"


def meaning(app: App, kind: Kind, field: Field) -> str:
    """What a field holds."""
    if field.computed is not None:
        return f"computed: {formula(app, kind, field)}"
    words = about_field(app, field).replace("%%", "%")
    return words + ("; unique" if field.unique else "")


def rules(app: App) -> list[str]:
    """The rules, and what deleting does."""
    lines = [f"- {names.sentence(rule.text)}" for rule in app.rules]
    told = {(rule.kind, rule.via) for rule in app.rules if isinstance(rule, DeleteRule)}
    for kind, field, _ in references(app):
        if (kind.slug, field.slug) not in told:
            target = names.an(names.singular(app.kind(field.target)))
            words = f"while {names.an(names.singular(kind))} refers to it ({names.heading(field)})"
            lines.append(f"- {names.sentence(f'{target} cannot be deleted {words}')}")
    for kind in app.kinds:
        for each in kind.features.conditions:
            words = condition_words(app, kind, each.condition)
            one = names.an(names.singular(kind))
            lines.append(f"- {names.sentence(f'{one} is {each.name} when {words}')}")
    return ["## Rules", "\n".join(lines)] if lines else []
