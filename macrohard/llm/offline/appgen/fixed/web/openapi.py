"""Describes the JSON API to programs and their authors."""

from macrohard.llm.offline.appgen.fixed.web.resource import Field, Resource, Site

TYPE = "application/openapi+json"
JSON_TYPES = {"integer": "integer", "yes/no": "boolean", "reference": "integer"}
ERRORS = {
    "400": "A value is wrong, or the body cannot be read.",
    "404": "There is no such record.",
    "409": "It does not fit what is there, or breaks a rule.",
}


def describe(site: Site) -> dict[str, object]:
    """Write the OpenAPI document of a site."""
    paths: dict[str, object] = {}
    for resource in site.resources:
        paths |= paths_of(resource)
    schemas: dict[str, object] = {each.path: schema(each) for each in site.resources}
    schemas["errors"] = {
        "type": "object",
        "properties": {
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": ["string", "null"]},
                        "message": {"type": "string"},
                    },
                },
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": site.title, "description": site.about, "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def schema(resource: Resource) -> dict[str, object]:
    """Describe what is sent to add or change a record."""
    fields = {each.slug: field_schema(each) for each in resource.fields}
    return {"type": "object", "properties": fields, "additionalProperties": False}


def field_schema(field: Field) -> dict[str, object]:
    """Describe a field."""
    kind = JSON_TYPES.get(field.type, "string")
    found: dict[str, object] = {"type": kind if field.required else [kind, "null"]}
    if field.type == "date":
        found["format"] = "date"
    if field.type == "e-mail":
        found["format"] = "email"
    if field.longest:
        found["maxLength"] = field.longest
    if field.choices:
        found["enum"] = [*field.choices, *([] if field.required else [None])]
    return {**found, "description": field.hint}


def paths_of(resource: Resource) -> dict[str, object]:
    """Describe all that can be asked about a kind of record."""
    root, one, several = f"/api/{resource.path}", resource.singular, resource.plural
    offers = resource.offers
    every: dict[str, object] = {}
    single: dict[str, object] = {}
    if "list" in offers:
        every["get"] = operation(f"List {several}.", parameters=queries_of(resource))
    if "add" in offers:
        every["post"] = operation(f"Add a record: {one}.", resource, status="201")
    if "show" in offers:
        single["get"] = operation(f"Show one record: {one}.")
    if "edit" in offers:
        single["patch"] = operation(f"Change the given fields of one record: {one}.", resource)
    if "delete" in offers:
        single["delete"] = operation(f"Delete one record: {one}.")
    found: dict[str, object] = {}
    if every:
        found[root] = every
    if single:
        number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
        found[f"{root}/{{id}}"] = {"parameters": [number], **single}
    for name in resource.conditions:
        about = f"List the {several} that are {name}."
        found[f"{root}/{name}"] = {"get": operation(about, parameters=queries_of(resource))}
    return found | figures_of(resource) | files_of(resource)


def figures_of(resource: Resource) -> dict[str, object]:
    """Describe the figures."""
    found: dict[str, object] = {}
    for verb, fields in resource.figures.items():
        for name, summary in fields.items():
            known = [parameter(slug) for slug in resource.filters]
            if summary.groups:
                known.append(parameter("by", tuple(summary.groups)))
            place = f"/api/{resource.path}/{verb}" + (f"/{name}" if name else "")
            about = f"The {verb} of {name or resource.plural}."
            found[place] = {"get": operation(about, parameters=known)}
    return found


def files_of(resource: Resource) -> dict[str, object]:
    """Describe import and export."""
    root, csv = f"/api/{resource.path}", {"text/csv": {"schema": {"type": "string"}}}
    found: dict[str, object] = {}
    if "import" in resource.offers:
        about = f"Add the {resource.plural} of a CSV file, all or none."
        taken = operation(about, takes=True)
        taken["requestBody"] = {"required": True, "content": csv}
        found[f"{root}/import"] = {"post": taken}
    if "export" in resource.offers:
        given = operation(f"All {resource.plural} as CSV.")
        found[f"{root}/export"] = {"get": given}
    return found


def queries_of(resource: Resource) -> list[dict[str, object]]:
    """Describe the parameters of lists."""
    found = [parameter(slug) for slug in resource.filters]
    if resource.searched:
        found.append(parameter("search"))
    if resource.sorts:
        orders = tuple(sign + name for name in resource.sorts for sign in ("", "-"))
        found.append(parameter("sort", orders))
    return [*found, parameter("_limit"), parameter("_offset")]


def parameter(name: str, choices: tuple[str, ...] = ()) -> dict[str, object]:
    """Describe a parameter of an address."""
    kind: dict[str, object] = {"type": "string"}
    if choices:
        kind["enum"] = list(choices)
    return {"name": name, "in": "query", "schema": kind}


def operation(
    about: str,
    body: Resource | None = None,
    *,
    status: str = "200",
    takes: bool = False,
    parameters: list[dict[str, object]] | None = None,
) -> dict[str, object]:
    """Describe something that can be asked."""
    errors = {"application/json": {"schema": {"$ref": "#/components/schemas/errors"}}}
    found: dict[str, object] = {"summary": about}
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        place = {"$ref": f"#/components/schemas/{body.path}"}
        content = {"application/json": {"schema": place}}
        found["requestBody"] = {"required": True, "content": content}
    responses: dict[str, object] = {status: {"description": "Done."}}
    responses |= {code: {"description": why, "content": errors} for code, why in ERRORS.items()}
    if body is not None or takes:
        responses["415"] = {"description": "The body is of another type.", "content": errors}
    return {**found, "responses": responses}
