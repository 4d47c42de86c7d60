"""Features: who can do what, in which words."""

from typing import Any

import pytest
from support.dialect_base import BASE, HEAD, kind_with, read, refusal, refused_text

from macrohard.llm.offline.dialect.ast import AggregateOp, Features, GroupBy
from macrohard.llm.offline.dialect.parser import parse_spec

ALL = {"add", "list", "show", "edit", "delete"}


def verbs(features: Features) -> set[str]:
    names = [*ALL, "import_csv", "export_csv"]
    return {name for name in names if getattr(features, name)}


@pytest.mark.parametrize(
    ("line", "slug", "expected"),
    [
        ("Add, list, show, edit and delete loans", "loan", ALL),
        ("Create, view, update and remove loans.", "loan", ALL - {"list"}),
        ("add and list every loan, item and person", "person", {"add", "list"}),
        ("Add and list everything", "movement", {"add", "list"}),
        ("People can add, list and show all records", "item", {"add", "list", "show"}),
        ("Loans: add, list; show", "loan", {"add", "list", "show"}),
        ("For loans: add and edit them", "loan", {"add", "edit"}),
        ("I can add loans and delete them", "loan", {"add", "delete"}),
        ("add, import and export loans as CSV", "loan", {"add", "import_csv", "export_csv"}),
        ("CSV import and export of loans", "loan", ALL | {"import_csv", "export_csv"}),
        ("Export loans to CSV", "loan", ALL | {"export_csv"}),
        (
            "Import loans from a CSV file and export items in CSV format",
            "item",
            ALL | {"export_csv"},
        ),
        ("Loans can be added and listed.", "loan", {"add", "list"}),
        ("Everything can be added, shown and deleted", "item", {"add", "show", "delete"}),
        ("People can be added; loans can be imported from CSV", "person", {"add"}),
        ("Import and export everything", "person", ALL | {"import_csv", "export_csv"}),
    ],
)
def test_verbs(line: str, slug: str, expected: set[str]) -> None:
    assert verbs(kind_with(line, slug).features) == expected


@pytest.mark.parametrize(
    ("line", "filters", "sorts"),
    [
        ("Filter loans by item and borrower; sort by start", "item borrower", "start"),
        (
            "Filter loans by item, by borrower, and sort them by start or end",
            "item borrower",
            "start end",
        ),
        ("Loans: filter by person, sort by cost", "borrower", "cost"),
        ("Add and list loans, filtered by done and sorted by end", "done", "end"),
        ("sort items by name, and loans by start", "", "start"),
        ("Loans can be filtered by item and sorted by start.", "item", "start"),
        ("Filter by borrower", "borrower", ""),
        ("loans: filter by item and done, sort by any field", "item done", None),
    ],
)
def test_filters_and_sorts(line: str, filters: str, sorts: str | None) -> None:
    kind = kind_with(line, "loan")
    expected = tuple(sorts.split()) if sorts is not None else tuple(f.slug for f in kind.fields)
    assert (kind.features.filters, kind.features.sorts) == (tuple(filters.split()), expected)


@pytest.mark.parametrize(
    "line",
    [
        "Search items by name and status",
        "Find items by name, status",
        "Search the name and status of items",
        "Search items in name and in status",
        "Search items by any text field",
        "Items can be searched by name and status",
        "Add people; search the name and status of items",
        "Items: search by name or status",
    ],
)
def test_searches(line: str) -> None:
    assert kind_with(line, "item").features.searches == ("name", "status")


TOTAL, COUNT, AVERAGE, MIN, MAX = AggregateOp
COST_BY = (TOTAL, "cost", (GroupBy("borrower"), GroupBy("start", "month"), GroupBy("end", "year")))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Total cost of loans by borrower, by month of start and by year of end", [COST_BY]),
        ("Show the total cost of loans per person, start month and end year", [COST_BY]),
        (
            "total of the cost of all loans grouped by borrower, month of start, year of end",
            [COST_BY],
        ),
        ("Loans: total cost by borrower, month of the start, and year of end", [COST_BY]),
        (
            "Total cost of loans by borrower; total cost of loans by month of start, year of end",
            [COST_BY],
        ),
        ("Count loans", [(COUNT, None, ())]),
        ("Count loans by year of start", [(COUNT, None, (GroupBy("start", "year"),))]),
        ("Count loans by year start", [(COUNT, None, (GroupBy("start", "year"),))]),
        ("Number of loans per item", [(COUNT, None, (GroupBy("item"),))]),
        (
            "How many loans per item and borrower",
            [(COUNT, None, (GroupBy("item"), GroupBy("borrower")))],
        ),
        (
            "Count, total and average quantity of loans by item",
            [
                (COUNT, None, (GroupBy("item"),)),
                (TOTAL, "quantity", (GroupBy("item"),)),
                (AVERAGE, "quantity", (GroupBy("item"),)),
            ],
        ),
        (
            "Total quantity, average cost and count of loans by item",
            [
                (TOTAL, "quantity", (GroupBy("item"),)),
                (AVERAGE, "cost", (GroupBy("item"),)),
                (COUNT, None, (GroupBy("item"),)),
            ],
        ),
        ("Minima and maxima of cost of loans", [(MIN, "cost", ()), (MAX, "cost", ())]),
        ("Earliest start and latest end of loans", [(MIN, "start", ()), (MAX, "end", ())]),
        ("Mean quantity and cost of loans", [(AVERAGE, "quantity", ()), (AVERAGE, "cost", ())]),
    ],
)
def test_aggregates(line: str, expected: list[Any]) -> None:
    found = kind_with(line, "loan").features.aggregates
    assert [(each.op, each.field, each.groups) for each in found] == expected


def test_a_total_without_a_field_is_that_of_the_only_number() -> None:
    app = read("- Total transfers by sender", section="Features")
    (total,) = app.kind("transfer").features.aggregates
    assert total.field == "amount"
    assert "The total of transfers is that of their amount." in app.assumptions


def test_month_means_the_only_date() -> None:
    (count,) = kind_with("Count movements by year and month", "movement").features.aggregates
    assert count.groups == (GroupBy("at", "year"), GroupBy("at", "month"))
    assert [group.argument for group in count.groups] == ["at:year", "at:month"]


@pytest.mark.parametrize(
    ("line", "name", "marks"),
    [
        ('List "late" loans where end is before today', "late", False),
        ('List loans "late" where end is before today', "late", False),
        ("List late loans when end is before today", "late", False),
        ('Mark loans as "very late" when end is before today', "very late", True),
        ("Mark loans as late if end is before today.", "late", True),
        ('Loans: mark as "late" when end is before today', "late", True),
        ('flag "late" loans whose end is before today', "late", True),
    ],
)
def test_named_conditions(line: str, name: str, marks: bool) -> None:
    (found,) = kind_with(line, "loan").features.conditions
    assert (found.name, found.marks, found.command) == (name, marks, name.replace(" ", "-"))


def test_headings_and_openings_say_of_what_the_lines_below_speak() -> None:
    app = read(
        "### Loans",
        "- add, list",
        "- sort by start",
        "### People and items",
        "- add",
        "- Movements:",
        "  - add, delete",
        "  - filter by item",
        "- Bookings: add",
        section="Features",
    )
    assert {kind.slug: verbs(kind.features) for kind in app.kinds} == {
        "loan": {"add", "list"},
        "person": {"add"},
        "item": {"add"},
        "movement": {"add", "list", "delete"},
        "booking": {"add"},
        "transfer": ALL,
    }
    assert app.kind("loan").features.sorts == ("start",)


def test_features_know_the_lines_that_asked_for_them() -> None:
    start = len(BASE.splitlines()) + 2
    features = (
        read(
            "Add loans. Filter loans by item",
            "and done. Show loans.",
            "- sort loans by end",
            section="Features",
        )
        .kind("loan")
        .features
    )
    assert features.lines == {
        "add": start + 1,
        "show": start + 2,
        "list": start + 1,
        "filter item": start + 1,
        "filter done": start + 1,
        "sort end": start + 3,
    }


def test_a_kind_nobody_mentions_can_do_all_five_and_that_is_assumed() -> None:
    app = parse_spec(HEAD + "### Thing\n- x: text\n")
    assert verbs(app.kinds[0].features) == ALL
    assert any("Things can be added, listed" in said for said in app.assumptions)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Do not add items", "I do not understand “Do not add items”"),
        ("Items cannot be deleted", "I do not understand “Items cannot be deleted”"),
        ("Add and list but not delete items", "“but not delete items”"),
        ("Paint items", "I do not understand “Paint items”"),
        ("Add gadgets", "“gadgets”: not a record kind"),
        ("Add itmes", "Did you mean “item"),
        ("Add", "of what? Name one of: people"),
        ("Add items quickly", "I do not understand “quickly”"),
        ("Filter items by colour", "item has no such field"),
        ("Filter items by pricee", "Did you mean “price”?"),
        ("Filter items", "filter by which fields"),
        ("Search items by price", "a search looks into text"),
        ("Total name of items", "total works on numbers only"),
        ("Minimum name of items", "min works on numbers and dates only"),
        ("Total weight of items", "item has no such field"),
        ("Total loans", "total of which field of loans: quantity or cost?"),
        ("Total bookings", "it has no number"),
        ("Total quantity by item", "loans and movements have such a field; say of which kind"),
        ("Count loans by month", "by month of which date of loan?"),
        ("Count items by month", "it has no date"),
        ("Count loans by month of item", "“item” is no date of loan"),
        ("Total cost of loans where done", "let people filter instead"),
        ("List loans where done", "give this list a name"),
        ('Mark loans "late"', "I do not understand"),
        ('List "list" loans where done', "that is a command already"),
        ('List "a b!" loans where done', "names are made of letters"),
        ('List "x" loans where done; list "X" loans where not done', "a second condition X"),
        ("Export loans as PDF", "I do not understand “as PDF”"),
        ("Loans: list", "neither add nor import"),
        ("### Gadgets", "not a record kind"),
    ],
)
def test_what_cannot_be_a_feature_is_said(line: str, said: str) -> None:
    bullet = line if line.startswith("#") else f"- {line}."
    assert said in refusal(bullet, section="Features")


def test_a_field_may_begin_with_a_word_that_joins() -> None:
    kind = "### Ware\n- name: text\n- in stock: integer\n- on: date\n"
    line = "- Filter wares by name, in stock and on.\n"
    ware = parse_spec(f"# Shop\nSells.\n## Data\n{kind}## Features\n{line}").kind("ware")
    assert ware.features.filters == ("name", "in_stock", "on")


def test_a_field_called_marks_clashes_only_with_marks() -> None:
    data = HEAD + "### Exam\n- marks: integer\n\n## Features\n- "
    assert parse_spec(data + 'List "good" exams where marks is above 5').kinds[0].fields
    assert "exam has marks already (line 12)" in str(
        refused_text(data + 'Add exams\n- Mark exams as "good" when marks is above 5')
    )


@pytest.mark.parametrize("line", ["Count open loans.", "Count limit of people."])
def test_a_field_is_not_counted_and_what_to_write_is_said(line: str) -> None:
    said = refusal(f"- {line}", section="Features")
    assert "records are counted, and " in said
    assert "Write “count people”, “count people by " in said
