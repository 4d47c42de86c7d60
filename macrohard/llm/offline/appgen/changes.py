"""Writes ``changes/KIND.py``: add, edit, delete and import, with the rules they must meet."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.deletes import delete_function
from macrohard.llm.offline.appgen.pysource import block, function, module, quote, signature
from macrohard.llm.offline.appgen.rules import BoundCheck, Check, bound_checks, record_checks
from macrohard.llm.offline.dialect.ast import App, FieldType, Kind


def changes_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's module of changes."""
    before, after = record_checks(app, kind)
    bounds = bound_checks(app, kind)
    fit, rules = fit_function(app, kind, before), rules_function(kind, after)
    blocks = [
        add_function(kind, fit, rules, bounds),
        edit_function(kind, fit, rules, bounds),
        delete_function(app, kind),
        import_function(kind),
        fit,
        rules,
        *(check.code for check in (*before, *after)),
        *(check.code for check in bounds),
    ]
    plural = names.plural(kind)
    about = f"Every change to {plural}, and the rules it must meet."
    return module(about, [each for each in blocks if each], ours)


def add_function(kind: Kind, fit: str, rules: str, bounds: list[BoundCheck]) -> str:
    """``add``: store a new record."""
    record, name = names.variable(kind), f"{names.records_module(kind)}.{names.class_name(kind)}"
    lines = [f"check_fit(connection, {record})"] if fit else []
    insert = f"{names.records_module(kind)}.insert(connection, {record})"
    checked = bool(rules or bounds)
    lines += [f"stored = {insert}" if checked else f"return {insert}"]
    lines += ["check_rules(connection, stored)"] if rules else []
    lines += [bound.call("stored") for bound in bounds]
    return function(
        signature("add", ["connection: Connection", f"{record}: {name}"], name),
        f"Add {names.an(names.singular(kind))} and return it with its id.",
        "\n".join([*lines, "return stored"] if checked else lines),
    )


def edit_function(kind: Kind, fit: str, rules: str, bounds: list[BoundCheck]) -> str:
    """``edit``: change a stored record."""
    module = names.records_module(kind)
    key = f"{names.variable(kind)}_id"
    lines = [
        f"before = {module}.get(connection, {key})",
        f"after = {module}.changed(before, texts)",
    ]
    lines += ["check_fit(connection, after)"] if fit else []
    lines += [f"{module}.update(connection, after)"]
    lines += ["check_rules(connection, after)"] if rules else []
    for bound in bounds:
        lines += [bound.call("after"), bound.call("before")]
    parameters = ["connection: Connection", f"{key}: int", "texts: Mapping[str, str]"]
    return function(
        signature("edit", parameters, "None"),
        f"Change the fields of {names.an(names.singular(kind))} that texts are given for.",
        "\n".join(lines),
    )


def import_function(kind: Kind) -> str:
    """``import_rows``: add the rows of a file."""
    body = block(
        f"""
        for line, texts in rows:
            try:
                add(connection, {names.records_module(kind)}.new(texts))
            except InputError as error:
                raise InputError(f"{{path}}, line {{line}}: {{error}}") from error
        """
    )
    parameters = [
        "connection: Connection",
        "path: str",
        "rows: Iterable[tuple[int, Mapping[str, str]]]",
    ]
    return function(
        signature("import_rows", parameters, "None"),
        f"Add the rows of a CSV file as {names.plural(kind)}; an error names the line.",
        body,
    )


def fit_function(app: App, kind: Kind, before: list[Check]) -> str:
    """``check_fit``: references exist, unique values are free."""
    record, name = names.variable(kind), f"{names.records_module(kind)}.{names.class_name(kind)}"
    lines = []
    for field in names.stored_fields(kind):
        if field.type is FieldType.REFERENCE:
            target = quote(names.table(app.kind(field.target)))
            lines.append(f"database.require(connection, {target}, {record}.{field.slug})")
    lines += [check.call(record) for check in before]
    if not lines:
        return ""
    return function(
        signature("check_fit", ["connection: Connection", f"{record}: {name}"], "None"),
        f"Refuse {names.an(names.singular(kind))} that does not fit the other records.",
        "\n".join(lines),
    )


def rules_function(kind: Kind, after: list[Check]) -> str:
    """``check_rules``: the record meets its rules."""
    if not after:
        return ""
    record, name = names.variable(kind), f"{names.records_module(kind)}.{names.class_name(kind)}"
    return function(
        signature("check_rules", ["connection: Connection", f"{record}: {name}"], "None"),
        f"Refuse {names.an(names.singular(kind))} that breaks a rule.",
        "\n".join(check.call(record) for check in after),
    )
