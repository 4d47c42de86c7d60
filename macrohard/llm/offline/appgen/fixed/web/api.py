"""The JSON API: every record and figure, for other programs."""

import json

from macrohard.llm.offline.appgen.fixed import console, csv_files, database, output, values
from macrohard.llm.offline.appgen.fixed.errors import InputError, MissingError, StorageError
from macrohard.llm.offline.appgen.fixed.web import bodies, figures, openapi
from macrohard.llm.offline.appgen.fixed.web.messages import (
    HttpError,
    Request,
    Response,
    allow,
    not_found,
    readable,
)
from macrohard.llm.offline.appgen.fixed.web.resource import (
    Fault,
    Resource,
    Site,
    concerned,
    find,
    known_only,
    queries,
    select,
    unreadable,
    written,
)

ROOT = "api"


def is_ours(request: Request) -> bool:
    """Say whether a request is for the API."""
    return request.parts[:1] == (ROOT,) or request.path == "/openapi.json"


def answer(site: Site, path: str, request: Request) -> Response:
    """Answer a request; whatever is wrong with it is told as JSON.

    Args:
        site: The application.
        path: The database file.
        request: What is asked for.
    """
    try:
        readable(request)
        return route(site, path, request)
    except HttpError as error:
        return told(error.status, (Fault("", str(error)),), error.headers)
    except MissingError as error:
        return told(404, (Fault("", str(error)),))
    except StorageError as error:
        return told(503, (Fault("", str(error)),))
    except InputError as error:
        return told(400, (Fault("", str(error)),))


def document(status: int, content: object, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Answer with a JSON document."""
    return Response(status, output.document(content) + "\n", "application/json", headers)


def told(
    status: int, wrong: tuple[Fault, ...], headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Say what is wrong, each with the field it is about, if any."""
    listed = [{"field": each.field or None, "message": each.message} for each in wrong]
    return document(status, {"errors": listed}, headers)


def route(site: Site, path: str, request: Request) -> Response:
    """Find what a request is about."""
    if request.path == "/openapi.json":
        allow(request, "GET")
        return Response(200, json.dumps(openapi.describe(site), indent=2) + "\n", openapi.TYPE)
    if request.parts[:1] not in ((), (ROOT,)):
        raise not_found(request.path)
    parts = request.parts[1:]
    if not parts:
        allow(request, "GET")
        known = {each.path: f"/{ROOT}/{each.path}" for each in site.resources}
        return document(200, {"title": site.title, **known, "description": "/openapi.json"})
    resource = site.find(parts[0])
    if resource is None:
        raise not_found(request.path)
    return about(resource, path, parts[1:], request)


def about(resource: Resource, path: str, parts: tuple[str, ...], request: Request) -> Response:
    """Answer a request about a kind of record."""
    answered: Response | None = None
    match parts:
        case []:
            answered = collection(resource, path, request)
        case [name] if name.isascii() and name.isdigit():
            answered = one(resource, path, int(name[:20]), request)
        case ["import"] if "import" in resource.offers:
            answered = take_in(resource, path, request)
        case ["export"] if "export" in resource.offers:
            answered = give_out(resource, path, request)
        case [verb, *field] if verb in resource.figures and len(field) < 2:
            answered = figure(resource, path, verb, field[0] if field else None, request)
        case [name] if name in resource.conditions:
            allow(request, "GET")
            answered = listed(resource, path, request, name)
    if answered is None:
        raise not_found(request.path)
    return answered


def collection(resource: Resource, path: str, request: Request) -> Response:
    """List records, or add one."""
    allow(request, *methods(resource, (("GET", "list"), ("POST", "add"))))
    if request.method != "POST":
        return listed(resource, path, request)
    texts, wrong = bodies.texts_of(resource, bodies.read_json(request))
    if wrong:
        mistaken = {each.field for each in wrong}
        others = [slug for slug in resource.slugs if slug not in mistaken]
        return told(400, (*wrong, *unreadable(resource, texts, others)))
    try:
        with database.writing(path) as connection:
            record = resource.new(database.with_ids(connection, texts, resource.named))
            stored = resource.add(connection, record)
            row = resource.row(connection, stored)
    except InputError as error:
        return refused(resource, texts, str(error))
    return document(201, row, (("Location", f"/{ROOT}/{resource.path}/{stored.id}"),))


def methods(resource: Resource, known: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Name the methods for what is offered."""
    return tuple(method for method, verb in known if verb in resource.offers)


def listed(resource: Resource, path: str, request: Request, condition: str = "") -> Response:
    """List records, page by page."""
    known_only(request.query, (*queries(resource), "_limit", "_offset"))
    limit = whole(request, "_limit", openapi.PAGE, openapi.LARGEST_PAGE)
    offset = whole(request, "_offset", 0, values.LARGEST_INTEGER)
    with database.reading(path) as connection:
        found = select(connection, resource, request.query, condition)
        items = [resource.row(connection, each) for each in found[offset : offset + limit]]
    return document(200, {"total": len(found), "items": items})


def whole(request: Request, name: str, default: int, largest: int) -> int:
    """Read a parameter that is a whole number from 0 to a largest one."""
    number = values.parse_integer(name, request.query.get(name, str(default)))
    if number is None or not 0 <= number <= largest:
        raise InputError(f"{name} must be from 0 to {largest}")
    return number


def one(resource: Resource, path: str, number: int, request: Request) -> Response:
    """Show, change or delete one record."""
    known = (("GET", "show"), ("PATCH", "edit"), ("DELETE", "delete"))
    allow(request, *methods(resource, known))
    if request.method == "PATCH":
        return edit(resource, path, number, request)
    if request.method == "DELETE":
        return remove(resource, path, number)
    with database.reading(path) as connection:
        return document(200, resource.row(connection, find(connection, resource, number)))


def edit(resource: Resource, path: str, number: int, request: Request) -> Response:
    """Change the fields of a record that are given."""
    texts, wrong = bodies.texts_of(resource, bodies.read_json(request))
    if not texts and not wrong:
        wrong.append(Fault("", "nothing to change: give at least one field"))
    if wrong:
        return told(400, (*wrong, *unreadable(resource, texts, texts)))
    whole_record: dict[str, str] = {}
    try:
        with database.writing(path) as connection:
            before = find(connection, resource, number)
            whole_record = {**written(resource, before), **texts}
            resource.edit(connection, number, database.with_ids(connection, texts, resource.named))
            return document(200, resource.row(connection, resource.get(connection, number)))
    except InputError as error:
        return refused(resource, whole_record, str(error))


def refused(resource: Resource, texts: dict[str, str], message: str) -> Response:
    """Say what was wrong: 400 where no such value is taken, 409 where it does not fit the rest."""
    wrong = unreadable(resource, texts)
    if wrong:
        return told(400, wrong)
    return told(409, (Fault(concerned(resource, texts, message), message),))


def remove(resource: Resource, path: str, number: int) -> Response:
    """Delete one record and what goes with it."""
    try:
        with database.writing(path) as connection:
            find(connection, resource, number)
            others = resource.delete(connection, number)
    except InputError as error:
        return told(409, (Fault("", str(error)),))
    return document(200, {"deleted": f"{resource.singular} {number}{others}"})


def take_in(resource: Resource, path: str, request: Request) -> Response:
    """Add the rows of a CSV file, all or none."""
    allow(request, "POST")
    if request.content_type != "text/csv":
        raise HttpError(415, "the body must be CSV: send Content-Type: text/csv")
    text = csv_files.decoded("the file", request.body)
    rows = csv_files.parsed("the file", text, resource.slugs, resource.required)
    with database.writing(path) as connection:
        resource.import_rows(connection, "the file", rows)
    said = console.count_of(len(rows), resource.singular, resource.plural)
    return document(200, {"imported": said})


def give_out(resource: Resource, path: str, request: Request) -> Response:
    """Write all records as CSV."""
    allow(request, "GET")
    with database.reading(path) as connection:
        rows = resource.export_rows(connection)
    name = f'attachment; filename="{resource.path}.csv"'
    text = csv_files.text_of(("id", *resource.slugs), rows)
    return Response(200, text, "text/csv; charset=utf-8", (("Content-Disposition", name),))


def figure(
    resource: Resource, path: str, verb: str, field: str | None, request: Request
) -> Response:
    """Work out a figure, or one for each group."""
    allow(request, "GET")
    known_only(request.query, [*resource.filters, "by"])
    with database.reading(path) as connection:
        return document(200, figures.work_out(connection, resource, verb, field, request.query))
