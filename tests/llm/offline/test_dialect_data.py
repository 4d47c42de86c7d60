"""Record kinds: their forms, names and plurals."""

import pytest
from support.dialect_base import HEAD, refused_text

from macrohard.llm.offline.dialect.parser import parse_spec

TWO = {
    "headings": "### Stock item\n- name: text\n- price: decimal\n### Person\n- name: text\n",
    "deep headings": "#### **Stock item**\n* name: text\n* price: decimal\n"
    "#### Person:\n* name: text\n",
    "bullets": "- Stock item\n  - name: text\n  - price: decimal\n- **Person**:\n  - name: text\n",
    "tabs": "*\tStock item\n\t*\tname: text\n\t*\tprice: decimal\n*\tPerson\n\t*\tname: text\n",
    "sentences": "A stock item has a name (text) and a price (decimal). "
    "A person has a name (text).",
    "openings": "Each stock item has:\n1. name: text\n2. price: decimal\n\n"
    "A person has:\n\n- name: text\n",
    "one line each": "- Stock item: name (text), price (decimal)\n- Person has name (text)\n",
    "plural headings": "### Stock items\n- name: text\n- price: decimal\n"
    "### People\n- name: text\n",
    "said plurals": "### Stock item (plural: stock items)\n- name: text\n- price: decimal\n"
    "### Person, plural people\n- name: text\n",
    "tables": "### Stock item\n| Field | Type | Note |\n|:--|---|---|\n| name | text | |\n"
    "| price | decimal | - |\n\n### Person\n\n| name | text |\n|---|---|\n",
    "lead-ins": "Records:\n\n### Stock item\nFields:\n- name: text\n- price: decimal\n\n"
    "### Person\nIt has:\n- name: text\n",
    "wrapped": "### Stock item\n- name:\n  text\n- price: decimal\n\n"
    "### Person\n\n\n- name: text\n",
}


@pytest.mark.parametrize("data", TWO.values(), ids=TWO.keys())
def test_forms_of_kinds(data: str) -> None:
    app = parse_spec(HEAD + data)
    assert [
        (kind.name, kind.plural, kind.slug, [(f.name, f.type.value) for f in kind.fields])
        for kind in app.kinds
    ] == [
        ("stock item", "stock items", "stock_item", [("name", "text"), ("price", "decimal")]),
        ("person", "people", "person", [("name", "text")]),
    ]


def test_lines_are_those_of_the_spec() -> None:
    app = parse_spec(
        "# T\n\n## Data\n\n### A thing\n\n- x: text\n-\ty: text,\n  required\n- z: text\n"
    )
    kind = app.kind("thing")
    assert (kind.line, [field.line for field in kind.fields]) == (5, [7, 8, 10])


def test_a_plural_heading_is_an_assumption() -> None:
    app = parse_spec(HEAD + "### Boxes\n- x: text\n")
    assert (app.kinds[0].name, app.kinds[0].plural) == ("box", "boxes")
    assert "“Boxes” is the plural of the record kind “box”." in app.assumptions


@pytest.mark.parametrize("name", ["import", "class", "order", "select", "lambda", "from"])
def test_python_and_sql_words_can_be_names(name: str) -> None:
    app = parse_spec(HEAD + f"### {name}\n- {name}: text\n- x: text\n")
    kind = app.kinds[0]
    assert kind.slug.isidentifier()
    assert kind.slug.rstrip("_") == kind.command == name
    assert kind.fields[0].option == f"--{name}"


def test_accents_go_from_slugs_not_from_names() -> None:
    app = parse_spec(HEAD + "### Größe\n- Straße: text\n- Ærø: text\n")
    kind = app.kinds[0]
    assert (kind.name, kind.slug) == ("größe", "grosse")
    assert [(field.name, field.slug) for field in kind.fields] == [
        ("Straße", "strasse"),
        ("Ærø", "aero"),
    ]


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        ("", 5, "names no kind of record"),
        ("### A thing\n", 7, "thing has no fields"),
        ("### Thing\n- x: text\n### thing\n- y: text\n", 9, "the first is on line 7"),
        ("### Due date\n- x: text\n### due-date\n- y: text\n", 9, "a second record kind"),
        ("### Thing\n- due date: text\n- Due-Date: text\n", 9, "the first is on line 8"),
        ("### Thing\n- größe: text\n- grösse: text\n", 9, "a second field"),
        (
            "### Datum\n- x: text\n### Data\n- x: text\n### Dat\n- x: text\n",
            9,
            "a second record kind",
        ),
        (
            "### Wolf (plural: dogs)\n- x: text\n### Dog\n- x: text\n",
            9,
            "also a name of the record kind",
        ),
        ("- x: text\n- y: date\n", 7, "no record kind stands above it"),
        ("### Thing\nA word of explanation.\n- x: text\n", 8, "lines that begin with “>”"),
        ("### Thing\n- x: text\n|---|---|\n", 9, "below the first row of a table"),
        ("### Thing\n| x | text |\n| y | text |\n|---|---|\n", 10, "below the first row"),
        ("| x | text |\n", 7, "no record kind stands above this table"),
        ("### Thing\n- x: text\n\n| y | phone |\n", 10, "“phone” is no type I know"),
        ("We keep two kinds of things:\n- Thing: x (text)\n", 7, "I do not understand this line"),
        ("- **Thing**, which we keep\n  - x: text\n", 7, "I do not understand"),
        ("- **Thing** - which we keep\n  - x: text\n", 7, "lines that begin with “>”"),
        ("### Thing\n```\nx: text\n```\n", 8, "blocks of code are not read"),
        ("### 家\n- x: text\n", 7, "Latin letters"),
        ("### " + "k" * 200 + "\n- x: text\n", 7, "200 characters"),
        ("### and\n- x: text\n", 7, "holds sentences together"),
        ("### Thing\n- : text\n", 8, "has no name"),
        ("A thing has a name and a price (decimal).\n", 7, "the field name has no type"),
    ],
)
def test_what_cannot_be_data_is_said(data: str, line: int, said: str) -> None:
    error = refused_text(HEAD + data)
    assert said in str(error)
    assert error.line == line


def test_a_kind_has_at_most_200_fields() -> None:
    many = "".join(f"- f{i}: text\n" for i in range(201))
    assert "more than 200 fields" in str(refused_text(HEAD + f"### Thing\n{many}"))
    assert (
        len(parse_spec(HEAD + f"### Thing\n{many}".replace("- f200: text\n", "")).kinds[0].fields)
        == 200
    )
