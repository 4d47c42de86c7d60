"""Writes ``resources/KIND.py``, ``web/site.py`` and ``desktop/site.py``: an app as it is shown."""

from dataclasses import replace

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.appgen.deletes import is_referred_to
from macrohard.llm.offline.appgen.options import about_field
from macrohard.llm.offline.appgen.parsing import choices_name
from macrohard.llm.offline.appgen.pysource import (
    block,
    call,
    exploded,
    function,
    module,
    quote,
    text_lines,
    tuple_of,
)
from macrohard.llm.offline.appgen.questions import search_needs_connection, sort_needs_connection
from macrohard.llm.offline.appgen.reports import condition_call, list_type, record_parameter
from macrohard.llm.offline.appgen.sums import constant_name, offered
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind, NamedCondition

ALWAYS_IN_LISTS = ("add", "list", "show", "edit", "delete")


def resource_alias(kind: Kind) -> str:
    """The alias under which a kind's resource is imported."""
    return f"{kind.slug.rstrip('_')}_resource"


def resource_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of what the server knows of a kind."""
    root = f"{app.slug}.web.resource"
    known = ours | {name: f"from {root} import {name}" for name in ("Field", "Resource")}
    blocks = [*helpers(app, kind), call_of("RESOURCE = Resource", settings(app, kind))]
    return module(f"What is shown of {names.plural(kind)}, and what can be done.", blocks, known)


def call_of(head: str, arguments: list[str]) -> str:
    """A call with one argument a line."""
    return exploded(f"{head}(", arguments, ")")


def settings(app: App, kind: Kind) -> list[str]:
    """The arguments of a kind's resource."""
    records, reports = names.records_module(kind), names.reports_module(kind)
    columns = ["id", *(field.slug for field in kind.fields)]
    columns += ["marks"] if any(each.marks for each in kind.features.conditions) else []
    label = names.label_field(kind)
    fields = [field_of(app, kind, field) for field in names.stored_fields(kind)]
    offers = ", ".join(quote(verb) for verb in offered_verbs(kind))
    return [
        f"path={quote(path_of(app, kind))}",
        f"singular={quote(names.singular(kind))}",
        f"plural={quote(names.plural(kind))}",
        f"columns={tuple_of([quote(column) for column in columns])}",
        f"headings={reports}.HEADINGS",
        f"label={quote(label.slug if label else '')}",
        exploded("fields=(", fields, ")"),
        f"offers=frozenset({{{offers}}})" if offers else "offers=frozenset()",
        f"every={records}.find_all",
        f"get={records}.get",
        f"row={reports}.row",
        *worked_out(kind),
        *changing(app, kind),
        *([f"named={records}.NAMED"] if names.named_references(app, kind) else []),
        *narrowing(kind),
    ]


def worked_out(kind: Kind) -> list[str]:
    """What is shown of a record besides what people fill in."""
    fields = [figure_field(field) for field in kind.fields if not field.stored]
    marks = [quote(each.name.lower()) for each in kind.features.conditions if each.marks]
    return [
        *([exploded("computed=(", fields, ")")] if fields else []),
        *([f"marks={tuple_of(marks)}"] if marks else []),
    ]


def offered_verbs(kind: Kind) -> list[str]:
    """What can be done with records of a kind, conditions and figures aside."""
    features = kind.features
    known = [(verb, getattr(features, verb)) for verb in ALWAYS_IN_LISTS]
    known += [("import", features.import_csv), ("export", features.export_csv)]
    return [verb for verb, wanted in known if wanted]


def field_of(app: App, kind: Kind, field: Field) -> str:
    """What the server knows of a field."""
    arguments = [
        quote(field.slug),
        quote(names.heading(field)),
        quote(field.type.value),
        f"{names.records_module(kind)}.parse_{field.slug}",
        quote(hint(app, field)),
    ]
    arguments += ["required=True"] if field.required else []
    arguments += [f"default={quote(field.default)}"] if field.default is not None else []
    if field.choices:
        arguments.append(f"choices={names.records_module(kind)}.{choices_name(field)}")
    if field.target:
        arguments.append(f"target={quote(path_of(app, app.kind(field.target)))}")
    arguments += [f"longest={field.max_length}"] if field.max_length else []
    return call("Field", arguments + bounds(field))


def bounds(field: Field) -> list[str]:
    """How many decimal places a field has, and its bounds."""
    is_decimal = field.type is FieldType.DECIMAL
    return [
        *([f"places={field.places}"] if is_decimal else []),
        *([f"least={quote(str(field.minimum))}"] if field.minimum is not None else []),
        *([f"most={quote(str(field.maximum))}"] if field.maximum is not None else []),
    ]


def hint(app: App, field: Field) -> str:
    """What a field takes, for people who see it with its default and its choices."""
    shown_anyway = {FieldType.ONE_OF, FieldType.YES_NO, FieldType.TEXT, FieldType.REFERENCE}
    plain = replace(field, default=None)
    words = about_field(app, plain).split("; ")
    return "; ".join(words[1:] if field.type in shown_anyway else words).replace("%%", "%")


def figure_field(field: Field) -> str:
    """What the server knows of a field that is worked out."""
    arguments = [quote(field.slug), quote(names.heading(field)), quote(field.type.value), "str"]
    return call("Field", arguments + bounds(field))


def changing(app: App, kind: Kind) -> list[str]:
    """The functions that change records."""
    features, changes = kind.features, names.changes_module(kind)
    delete = f"{changes}.delete" if is_referred_to(app, kind) else "delete"
    known = (
        (features.add, f"new={names.records_module(kind)}.new"),
        (features.add, f"add={changes}.add"),
        (features.edit, f"edit={changes}.edit"),
        (features.delete, f"delete={delete}"),
        (features.import_csv, f"import_rows={changes}.import_rows"),
        (features.export_csv, f"export_rows={names.reports_module(kind)}.export_rows"),
    )
    return [argument for wanted, argument in known if wanted]


def narrowing(kind: Kind) -> list[str]:
    """The functions that find, order and sum up records."""
    features, reports = kind.features, names.reports_module(kind)
    found = []
    if features.filters:
        found.append(f"select={reports}.select")
        found.append(f"filters={tuple_of([quote(slug) for slug in features.filters])}")
    if features.searches:
        headings = [quote(names.heading(kind.field(slug))) for slug in features.searches]
        found += ["matching=matching", f"searched={tuple_of(headings)}"]
    if features.sorts:
        sorts = [quote(names.option_name(kind.field(slug))) for slug in features.sorts]
        found += ["in_order=in_order", f"sorts={tuple_of(sorts)}"]
    if features.conditions:
        known = [f"{quote(each.command)}: {condition_helper(each)}" for each in features.conditions]
        found.append(exploded("conditions={", known, "}"))
    if offered(kind):
        figures = [f"{quote(op.value)}: {reports}.{constant_name(op)}" for op in offered(kind)]
        found.append(exploded("figures={", figures, "}"))
    return found


def condition_helper(condition: NamedCondition) -> str:
    """The function that decides a named condition, with a connection."""
    return f"meets_{condition.slug.rstrip('_')}"


def helpers(app: App, kind: Kind) -> list[str]:
    """Functions that take a connection where those of the reports need none."""
    reports, found = names.reports_module(kind), names.variables(kind)
    features, blocks = kind.features, []
    if features.delete and not is_referred_to(app, kind):
        blocks.append(plain_delete(kind))
    listed = f"{found}: {list_type(kind)}"
    if features.searches:
        given = "connection, " if search_needs_connection(app, kind) else ""
        blocks.append(
            function(
                f"def matching(connection: Connection, {listed}, text: str) -> {list_type(kind)}:",
                f"Return the {names.plural(kind)} that hold a text.",
                f"return {reports}.matching({given}{found}, text)",
            )
        )
    if features.sorts:
        given = "connection, " if sort_needs_connection(app, kind) else ""
        blocks.append(
            function(
                f"def in_order(connection: Connection, {listed}, sort: str) -> {list_type(kind)}:",
                f"Sort {names.plural(kind)}.",
                f"return {reports}.in_order({given}{found}, sort)",
            )
        )
    for each in features.conditions:
        head = f"def {condition_helper(each)}(connection: Connection, {record_parameter(kind)})"
        blocks.append(
            function(
                f"{head} -> bool:",
                f"Say whether {names.an(names.singular(kind))} is {each.name.lower()}.",
                f"return {reports}.{condition_call(app, kind, each)}",
            )
        )
    return blocks


def plain_delete(kind: Kind) -> str:
    """``delete`` of a kind that nothing refers to."""
    return function(
        "def delete(connection: Connection, number: int) -> str:",
        f"Delete {names.an(names.singular(kind))}; nothing else goes with it.",
        f'{names.changes_module(kind)}.delete(connection, number)\nreturn ""',
    )


PAGES = '''
    def answering(path: str) -> Callable[[Request], Response]:
        """Make what answers requests about a database file."""
        guard = Guard()

        def answer(request: Request) -> Response:
            return pages.answer(SITE, path, guard, request)

        return answer
'''
API = '''
    def answering(path: str) -> Callable[[Request], Response]:
        """Make what answers requests about a database file."""

        def answer(request: Request) -> Response:
            return api.answer(SITE, path, request)

        return answer
'''
BOTH = '''
    def answering(path: str) -> Callable[[Request], Response]:
        """Make what answers requests about a database file."""
        guard = Guard()

        def answer(request: Request) -> Response:
            if api.is_ours(request):
                return api.answer(SITE, path, request)
            return pages.answer(SITE, path, guard, request)

        return answer
'''


def site_module(app: App) -> str:
    """``web/site.py``: the app as the server knows it."""
    root = app.slug
    known = {
        "api": f"from {root}.web import api",
        "pages": f"from {root}.web import pages",
        "Guard": f"from {root}.web.guard import Guard",
        "Request": f"from {root}.web.messages import Request",
        "Response": f"from {root}.web.messages import Response",
    }
    both = {"api", "web"} <= set(app.interfaces)
    answering = BOTH if both else API if "api" in app.interfaces else PAGES
    blocks = [
        f'PROGRAM = "python -m {root} serve"',
        f'DATABASE = "{root}.db"',
        *whole(app),
        block(answering),
    ]
    return module(
        "The whole application, as the server knows it.", blocks, known | whole_imports(app)
    )


def window_module(app: App) -> str:
    """``desktop/site.py``: the app as the window knows it."""
    blocks = [f'PROGRAM = "python -m {app.slug} window"', *whole(app)]
    about = "The whole application, as the window knows it."
    return module(about, blocks, whole_imports(app))


def whole(app: App) -> list[str]:
    """The blocks that say what the app is called, is for, and keeps."""
    about = names.sentence(app.purpose.split("\n")[0] or app.title)
    resources = exploded("resources=(", [f"{resource_alias(k)}.RESOURCE" for k in app.kinds], ")")
    arguments = [f"title={quote(app.title)}", "about=ABOUT", resources]
    return ["\n".join(text_lines("ABOUT", about)), call_of("SITE = Site", arguments)]


def whole_imports(app: App) -> dict[str, str]:
    """The import statements that these need."""
    found = {"Site": f"from {app.slug}.web.resource import Site"}
    for kind in app.kinds:
        alias = resource_alias(kind)
        found[alias] = f"from {app.slug}.resources import {names.file_name(kind)} as {alias}"
    return found
