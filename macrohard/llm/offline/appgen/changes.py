"""Writes ``changes/KIND.py``: add, edit, delete and import, with the rules they must meet."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.aftermath import after_add, others_function
from macrohard.llm.offline.appgen.deletes import delete_function
from macrohard.llm.offline.appgen.pysource import function, module, quote, signature
from macrohard.llm.offline.appgen.rules import BoundCheck, Check, bound_checks, record_checks
from macrohard.llm.offline.dialect.ast import App, FieldType, Kind, OverlapRule, UniqueRule


def changes_module(app: App, kind: Kind, ours: dict[str, str]) -> str:
    """The source of a kind's module of changes."""
    before, after = record_checks(app, kind)
    bounds = bound_checks(app, kind)
    fit = fit_function(app, kind, before)
    rules = rules_function(kind, [check for check in after if not check.only_new])
    others = others_function(app, kind)
    blocks = [
        *add_functions(app, kind, fit, rules, bounds),
        edit_function(kind, fit, rules, bounds, others),
        delete_function(app, kind),
        import_function(app, kind, bounds),
        fit,
        rules,
        others,
        *(check.code for check in (*before, *after)),
        *(check.code for check in bounds),
    ]
    plural = names.plural(kind)
    about = f"Every change to {plural}, and the rules it must meet."
    return module(about, [each for each in blocks if each], ours)


def add_functions(
    app: App, kind: Kind, fit: str, rules: str, bounds: list[BoundCheck]
) -> list[str]:
    """``add``: store a new record; what an import does for each row of a file stands apart."""
    record, name = names.variable(kind), f"{names.records_module(kind)}.{names.class_name(kind)}"
    lines = [f"check_fit(connection, {record})"] if fit else []
    insert = f"{names.records_module(kind)}.insert(connection, {record})"
    at_start = [check for check in record_checks(app, kind)[1] if check.only_new]
    later = [*(check.call("stored") for check in at_start), *after_add(app, kind)]
    checked = bool(rules or later)
    lines += [f"stored = {insert}" if checked else f"return {insert}"]
    lines += ["check_rules(connection, stored)"] if rules else []
    lines += [*later, "return stored"] if checked else []
    parameters = ["connection: Connection", f"{record}: {name}"]
    about = f"Add {names.an(names.singular(kind))} and return it with its id."
    if not bounds:
        return [function(signature("add", parameters, name), about, "\n".join(lines))]
    body = [
        f"stored = store_new(connection, {record})",
        *(bound.call("stored") for bound in bounds),
        "return stored",
    ]
    what = f"Store a new {names.singular(kind)}, before it is seen what it does to others."
    return [
        function(signature("add", parameters, name), about, "\n".join(body)),
        function(signature("store_new", parameters, name), what, "\n".join(lines)),
    ]


def edit_function(kind: Kind, fit: str, rules: str, bounds: list[BoundCheck], others: str) -> str:
    """``edit``: change a stored record."""
    module = names.records_module(kind)
    key = names.key(kind)
    lines = [
        f"before = {module}.get(connection, {key})",
        f"after = {module}.changed(before, texts)",
    ]
    lines += ["check_fit(connection, after)"] if fit else []
    lines += [f"{module}.update(connection, after)"]
    lines += ["check_rules(connection, after)"] if rules else []
    for bound in bounds:
        lines += [bound.call("after"), bound.call("before")]
    lines += ["check_others(connection, before, after)"] if others else []
    parameters = ["connection: Connection", f"{key}: int", "texts: Mapping[str, str]"]
    return function(
        signature("edit", parameters, "None"),
        f"Change the fields of {names.an(names.singular(kind))} that texts are given for.",
        "\n".join(lines),
    )


def import_function(app: App, kind: Kind, bounds: list[BoundCheck]) -> str:
    """``import_rows``: add the rows of a file.

    A bound on a record that many rows refer to is checked once, when all rows are stored: the file
    is one change, and a check of each row would add up all rows before it again and again.
    """
    module, add = names.records_module(kind), "store_new" if bounds else "add"
    vias = list(dict.fromkeys(bound.rule.via for bound in bounds))
    texts = "texts"
    if names.named_references(app, kind):
        texts = f"database.with_ids(connection, texts, {module}.NAMED)"
    call = f"{add}(connection, {module}.new({texts}))"
    rivals = has_rivals(app, kind)
    lines = ["lines: dict[int, int] = {}"] if rivals else []
    lines += [f"last_lines_by_{via}: dict[{id_type(kind, via)}, int] = {{}}" for via in vias]
    lines += [
        "for line, texts in rows:",
        f'    with placed(f"{{path}}, line {{line}}"){", among(lines)" if rivals else ""}:',
        f"        stored = {call}" if bounds or rivals else f"        {call}",
        *(["    lines[stored.id] = line"] if rivals else []),
        *(f"    last_lines_by_{via}[stored.{via}] = line" for via in vias),
    ]
    for via in vias:
        key = f"{via.rstrip('_')}_id"
        lines += [
            f"for {key}, line in last_lines_by_{via}.items():",
            '    with placed(f"{path}, line {line}"):',
            *(f"        {b.name}(connection, {key})" for b in bounds if b.rule.via == via),
        ]
    parameters = [
        "connection: Connection",
        "path: str",
        "rows: Iterable[tuple[int, Mapping[str, str]]]",
    ]
    return function(
        signature("import_rows", parameters, "None"),
        f"Add the rows of a CSV file as {names.plural(kind)}; an error names the line.",
        "\n".join(lines),
    )


def has_rivals(app: App, kind: Kind) -> bool:
    """Whether a record can be refused because another one of its kind is in the way."""
    return any(field.unique for field in kind.fields) or any(
        isinstance(rule, UniqueRule | OverlapRule) and rule.kind == kind.slug for rule in app.rules
    )


def id_type(kind: Kind, via: str) -> str:
    """The type of the ids that a reference holds."""
    return "int" if kind.field(via).required else "int | None"


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
