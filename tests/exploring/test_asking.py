"""Random requests, by what an API says of itself."""

import json
import random
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.exploring.asking import explore_requests
from macrohard.exploring.findings import Explorer
from macrohard.exploring.openapi import Description
from macrohard.users.base import Action, Ask, Observation, Problem, State

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "size": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
}
THING = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
REFUSED = {"description": "No.", "content": {}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shed", "version": "1"},
    "paths": {
        "/things": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/new"}}
                    },
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": THING}}},
                    "400": REFUSED,
                },
            }
        },
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
            "get": {"responses": {"2XX": {"description": "It."}, "404": REFUSED}},
        },
    },
    "components": {"schemas": {"new": SCHEMA}},
}
Answer = Callable[[Ask], tuple[int, Any]]


class Api:
    """An API that keeps to its document, unless a defect is planted."""

    document = True
    content_type = "application/json"

    def __init__(self, defect: Answer | None = None) -> None:
        self.asked: list[Ask] = []
        self._defect = defect
        self._kept = 0

    async def observe(self) -> Observation:
        return Observation(text="", screen="", state=State(at="answer"))

    async def act(self, action: Action) -> Observation:
        assert isinstance(action, Ask)
        self.asked.append(action)
        status, body = self._answer(action)
        text = f"{status} Said\n{json.dumps(body, indent=1)}"
        problems = (Problem(kind="error", text=f"status {status}"),) if status >= 500 else ()
        state = State(at="answer", http_status=status, content_type=self.content_type)
        return Observation(text=text, screen=text, state=state, problems=problems)

    def _answer(self, action: Ask) -> tuple[int, Any]:
        if action.path == "/openapi.json" and self.document:
            return 200, DOCUMENT
        if self._defect and (said := self._defect(action)):
            return said
        if action.method == "GET":
            known = action.path.removeprefix("/things/") in map(str, range(1, self._kept + 1))
            return (200, {}) if known else (404, {})
        try:
            jsonschema.validate(json.loads(action.body), SCHEMA)
        except (ValueError, jsonschema.ValidationError):
            return 400, {}
        self._kept += 1
        return 201, {"id": self._kept}


async def found(defect: Answer | None = None, seed: int = 0) -> tuple[list[str], list[Ask]]:
    api = Api(defect)
    user = Explorer(api, "api")
    coverage = await explore_requests(user, seed)
    assert (coverage.met, coverage.what) == (2, "operations")
    return [f"{each.check} {each.severity}: {each.title}" for each in user.findings], api.asked


async def test_an_api_that_keeps_to_its_document_is_asked_both_ways_and_nothing_is_found() -> None:
    titles, asked = await found()
    assert titles == []
    answers = [Api()._answer(each)[0] for each in asked if each.method == "POST"]
    assert {201, 400} == set(answers)


@pytest.mark.parametrize(
    ("defect", "title"),
    [
        (lambda a: (201, {"id": "one"}) if a.method == "POST" else None, "schema major: POST"),
        (lambda a: (201, {"id": 1}) if a.method == "POST" else None, "accepts major: POST /things"),
        (
            lambda a: (418, {}) if a.method == "GET" else None,
            "undocumented minor: GET /things/{id}",
        ),
        (lambda a: (500, {}) if "not" in a.body else None, "error major: status 500"),
    ],
)
async def test_each_planted_defect_is_found(defect: Answer, title: str) -> None:
    titles, _ = await found(defect)
    assert any(each.startswith(title) for each in titles), titles


async def test_the_same_seed_asks_the_same_and_another_something_else() -> None:
    assert (await found(seed=3))[1] == (await found(seed=3))[1] != (await found(seed=4))[1]


async def test_an_api_without_a_document_is_told_as_not_looked_at() -> None:
    api = Api()
    api.document = False
    coverage = await explore_requests(Explorer(api, "api"))
    assert (coverage.met, coverage.done) == (0, 0)
    assert "no OpenAPI document" in coverage.left[0]


async def test_what_never_succeeds_is_told_as_not_tried() -> None:
    coverage = await explore_requests(Explorer(Api(lambda a: (400, {}) if a.body else None), "api"))
    assert (coverage.met, coverage.done) == (2, 0)
    assert coverage.left[0].startswith("POST /things: none of ")


async def test_another_type_and_a_method_that_nothing_is_said_of_are_found() -> None:
    def defect(asked: Ask) -> tuple[int, Any] | None:
        return (200, {}) if asked.method in {"PUT", "PATCH", "DELETE"} else None

    titles, _ = await found(defect)
    assert [each.partition(" /")[0].rpartition(" ")[0] for each in titles] == [
        "undocumented minor:"
    ]
    html = Api()
    html.content_type = "text/html"
    user = Explorer(html, "api")
    await explore_requests(user)
    told = {(each.check, each.severity) for each in user.findings}
    assert ("content type", "major") in told


SCALARS = st.sampled_from(
    [{"type": "string", "minLength": 3}, {"type": ["integer", "null"]}, {"enum": ["a", 1]},
     {"type": "number", "minimum": 2, "maximum": 4}, {"type": "boolean"}, {"const": 7}]
)  # fmt: skip
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 1}, inner),
        st.builds(
            lambda known: {"type": "object", "properties": known, "required": sorted(known)[:1]},
            st.dictionaries(st.sampled_from("abc"), inner),
        ),
        st.builds(lambda one: {"anyOf": [one]}, inner),
    ),
    max_leaves=4,
)


@given(SCHEMAS, st.integers(0, 99))
def test_made_up_values_hold_their_schema_and_wrong_ones_break_it(
    schema: dict[str, Any], seed: int
) -> None:
    described = Description({})
    value = described.value(schema, random.Random(seed))
    assert described.breach(value, schema) == ""
    wrong = described.wrong(schema, random.Random(seed))
    if wrong is not None:
        assert described.breach(wrong, schema) != ""


WORDS = st.sampled_from(["paths", "get", "/x", "responses", "parameters", "content", "$ref"])
DOCUMENTS = st.recursive(
    st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(WORDS, s)
)


@given(DOCUMENTS)
def test_no_document_breaks_its_reader(document: Any) -> None:
    described = Description(document if isinstance(document, dict) else {"paths": document})
    assert isinstance(described.operations, tuple)


async def test_where_others_have_data_nothing_is_changed_but_what_was_made_here() -> None:
    api = Api()
    api._kept, api.document = 3, False  # of others; the document is another one
    paths = {**DOCUMENT["paths"], "/reset": {"post": {"responses": {}}}}
    one = {**paths["/things/{id}"], "delete": {"responses": {"2XX": REFUSED, "404": REFUSED}}}
    one["put"] = {"requestBody": paths["/things"]["post"]["requestBody"], "responses": {}}
    settings = {"/settings": {"put": {"responses": {}}}}
    document = {**DOCUMENT, "paths": {**paths, "/things/{id}": one, **settings}}

    def answer(action: Ask) -> tuple[int, Any] | None:
        if action.path == "/openapi.json":
            return 200, document
        return (204, None) if action.method in {"PUT", "DELETE"} else None

    api._defect = answer  # type: ignore[assignment]
    user = Explorer(api, "api")
    coverage = await explore_requests(user, own_alone=True)
    changed = [a.path.partition("?")[0] for a in api.asked if a.method in {"PUT", "DELETE"}]
    assert len(changed) > 5
    assert {int(path.removeprefix("/things/")) for path in changed} <= set(range(4, 99))
    others = [line.partition(":")[0] for line in coverage.left if line.endswith("belong to others")]
    assert others == ["PUT /settings"]
