"""Describes the JSON API to programs and their authors."""

from collections.abc import Iterable

from macrohard.llm.offline.appgen.fixed import values
from macrohard.llm.offline.appgen.fixed.web import schemas
from macrohard.llm.offline.appgen.fixed.web.resource import Resource, Site
from macrohard.llm.offline.appgen.fixed.web.schemas import Schema

TYPE = "application/openapi+json"
PAGE = 100
LARGEST_PAGE = 1000
"""Records that a list holds at most, unless asked for more, and if so."""
JSON = "application/json"
CSV = "text/csv"
CSV_TEXT: Schema = {CSV: {"schema": schemas.TEXT}}
ABOUT = """

Values are taken as JSON has them, or as a person would type them. What is wrong is told as
`errors`, each with the field it is about. A method that an address does not have is answered with
405, and a parameter or a member that nothing is known of with 400."""
REFUSALS = {
    "400": "A value or a parameter is wrong, or the body cannot be read.",
    "404": "There is no such record.",
    "409": "It does not fit what is there, or breaks a rule.",
    "411": "It is not said how long the body is.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "503": "The database cannot be used.",
}
"""What else may be answered, by status."""
ON_ONE = ("show", "edit", "delete")
ALWAYS = ("400", "413", "503")
WITH_BODY = ("411", "415")


def describe(site: Site) -> dict[str, object]:
    """Write the OpenAPI document of a site."""
    paths: dict[str, object] = {"/api": {"get": overview(site)}}
    known: dict[str, object] = {"errors": schemas.ERRORS}
    for resource in site.resources:
        paths |= paths_of(resource)
        known |= schemas_of(resource)
    told = {JSON: {"schema": reference("errors")}}
    refusals = {code: {"description": why, "content": told} for code, why in REFUSALS.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": site.title, "description": site.about + ABOUT, "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": known, "responses": refusals},
    }


def reference(name: str) -> Schema:
    """Refer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def schemas_of(resource: Resource) -> dict[str, object]:
    """Describe records of a kind: as they are answered, added and changed."""
    found: dict[str, object] = {resource.path: schemas.record(resource)}
    if "add" in resource.offers:
        found[f"{resource.path}.new"] = schemas.new(resource)
    if "edit" in resource.offers:
        found[f"{resource.path}.changes"] = schemas.changes(resource)
    return found


def overview(site: Site) -> Schema:
    """Describe what tells which kinds of record there are."""
    names = ("title", *(each.path for each in site.resources), "description")
    return operation(
        "overview", "Say what there is.", schemas.whole(dict.fromkeys(names, schemas.TEXT))
    )


def paths_of(resource: Resource) -> dict[str, object]:
    """Describe all that can be asked about a kind of record."""
    root, several, offers = f"/api/{resource.path}", resource.plural, resource.offers
    every: dict[str, object] = {}
    if "list" in offers:
        every["get"] = list_operation(resource, "list", f"List {several}.")
    if "add" in offers:
        every["post"] = operation(
            f"add-{resource.path}",
            f"Add a record: {resource.singular}.",
            reference(resource.path),
            body={JSON: {"schema": reference(f"{resource.path}.new")}},
            status="201",
            refusals=("409",),
            leads_to=[f"{verb}-{resource.path}" for verb in ON_ONE if verb in offers],
        )
    found: dict[str, object] = {root: every} if every else {}
    single = operations_on_one(resource)
    if single:
        number = {"name": "id", "in": "path", "required": True, "schema": schemas.ID}
        found[f"{root}/{{id}}"] = {"parameters": [number], **single}
    for name in resource.conditions:
        about = f"List the {several} that are {name}."
        found[f"{root}/{name}"] = {"get": list_operation(resource, name, about)}
    return found | figures_of(resource) | files_of(resource)


def list_operation(resource: Resource, name: str, about: str) -> Schema:
    """Describe a list of records, page by page."""
    ident = f"{name}-{resource.path}"
    items = schemas.listed(reference(resource.path))
    answer = schemas.whole({"total": schemas.COUNT, "items": items})
    refusals = missing_names(resource)
    return operation(ident, about, answer, parameters=queries_of(resource), refusals=refusals)


def operations_on_one(resource: Resource) -> dict[str, object]:
    """Describe what can be done with one record."""
    one, answer = resource.singular, reference(resource.path)
    found: dict[str, object] = {}
    if "show" in resource.offers:
        about = f"Show one record: {one}."
        found["get"] = operation(f"show-{resource.path}", about, answer, refusals=("404",))
    if "edit" in resource.offers:
        found["patch"] = operation(
            f"edit-{resource.path}",
            f"Change the given fields of one record: {one}.",
            answer,
            body={JSON: {"schema": reference(f"{resource.path}.changes")}},
            refusals=("404", "409"),
        )
    if "delete" in resource.offers:
        found["delete"] = operation(
            f"delete-{resource.path}",
            f"Delete one record: {one}.",
            schemas.whole({"deleted": schemas.TEXT}),
            refusals=("404", "409"),
        )
    return found


def figures_of(resource: Resource) -> dict[str, object]:
    """Describe the figures."""
    found: dict[str, object] = {}
    for verb, fields in resource.figures.items():
        for name, summary in fields.items():
            known = filters_of(resource)
            answer = schemas.whole({verb: schemas.figure(resource, verb, name)})
            if summary.groups:
                known.append(parameter("by", {"type": "string", "enum": list(summary.groups)}))
                answer = {"anyOf": [answer, *schemas.groups(resource, verb, name, summary)]}
            found[f"/api/{resource.path}/{verb}" + (f"/{name}" if name else "")] = {
                "get": operation(
                    "-".join(filter(None, (verb, resource.path, name))),
                    f"The {verb} of {name or resource.plural}.",
                    answer,
                    parameters=known,
                    refusals=missing_names(resource),
                )
            }
    return found


def files_of(resource: Resource) -> dict[str, object]:
    """Describe import and export."""
    root, found = f"/api/{resource.path}", dict[str, object]()
    if "import" in resource.offers:
        about = f"Add the {resource.plural} of a CSV file, all or none."
        imported = schemas.whole({"imported": schemas.TEXT})
        taken = operation(f"import-{resource.path}", about, imported, body=CSV_TEXT)
        found[f"{root}/import"] = {"post": taken}
    if "export" in resource.offers:
        about = f"All {resource.plural} as CSV."
        given = operation(f"export-{resource.path}", about, schemas.TEXT, answer_type=CSV)
        found[f"{root}/export"] = {"get": given}
    return found


def missing_names(resource: Resource) -> tuple[str, ...]:
    """Say what is answered where a list is narrowed by a name that nobody has."""
    return ("404",) if set(resource.filters) & set(resource.named) else ()


def queries_of(resource: Resource) -> list[Schema]:
    """Describe the parameters of lists."""
    found = filters_of(resource)
    if resource.searched:
        found.append(parameter("search", schemas.TEXT))
    if resource.sorts:
        orders = [sign + name for name in resource.sorts for sign in ("", "-")]
        found.append(parameter("sort", {"type": "string", "enum": orders}))
    limit = {"type": "integer", "minimum": 0, "maximum": LARGEST_PAGE, "default": PAGE}
    offset = {"type": "integer", "minimum": 0, "maximum": values.LARGEST_INTEGER, "default": 0}
    return [*found, parameter("_limit", limit), parameter("_offset", offset)]


def filters_of(resource: Resource) -> list[Schema]:
    """Describe the parameters that narrow what is looked at."""
    fields = [resource.field(slug) for slug in resource.filters]
    return [parameter(each.slug, schemas.wanted(resource, each)) for each in fields]


def parameter(name: str, schema: Schema) -> Schema:
    """Describe a parameter of an address."""
    return {"name": name, "in": "query", "schema": schema}


def operation(
    ident: str,
    about: str,
    answer: Schema,
    *,
    body: Schema | None = None,
    status: str = "200",
    answer_type: str = JSON,
    refusals: Iterable[str] = (),
    parameters: Iterable[Schema] = (),
    leads_to: Iterable[str] = (),
) -> Schema:
    """Describe something that can be asked.

    Args:
        ident: Names it.
        about: What it does.
        answer: What is answered where all is well.
        body: What is sent, by type.
        status: The status where all is well.
        answer_type: Type of the answer.
        refusals: Statuses of other answers, besides those that are always possible.
        parameters: Parameters of the address.
        leads_to: What can be done with the record that is answered, by its id.
    """
    codes = sorted({*ALWAYS, *refusals, *(WITH_BODY if body else ())})
    done: Schema = {"description": "Done.", "content": {answer_type: {"schema": answer}}}
    by_id = {"parameters": {"id": "$response.body#/id"}}
    if links := {each: {"operationId": each, **by_id} for each in leads_to}:
        done["links"] = links
    others = {code: {"$ref": f"#/components/responses/{code}"} for code in codes}
    found: Schema = {"operationId": ident, "summary": about, "responses": {status: done, **others}}
    if known := list(parameters):
        found["parameters"] = known
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    return found
