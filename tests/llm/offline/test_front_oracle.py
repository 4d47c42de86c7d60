"""The oracle against values worked out by hand."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.front_specs import ROOMS, SEATS, STOCK, kind_of

from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    Arithmetic,
    Compare,
    CompareOp,
    Field,
    FieldRef,
    FieldType,
    GroupBy,
    Number,
)
from macrohard.llm.offline.oracle import writing
from macrohard.llm.offline.oracle.evaluate import evaluate, holds
from macrohard.llm.offline.oracle.reading import (
    Query,
    aggregate_value,
    csv_header,
    csv_row,
    grouped,
    record_json,
    select,
    shown,
)
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.values import (
    BadValueError,
    canonical,
    read_value,
    round_half_up,
)
from macrohard.llm.offline.oracle.world import World

NOON = datetime(2030, 6, 15, 12, 0)  # noqa: DTZ001


def field(kind: FieldType, **more: object) -> Field:
    return Field("a", "a", kind, 1, **more)  # type: ignore[arg-type]


def stock() -> World:
    app, _ = kind_of(STOCK, "item")
    world = World(app, NOON)
    writing.add(world, "item", {"name": "Bolt", "code": "B1", "price": "0.125"})
    writing.add(world, "item", {"name": "anvil", "code": "A1", "unit": "KG"})
    for direction, quantity, day in (("in", "10", "2024-01-31"), ("out", "4", "2024-02-01")):
        typed = {"item": "1", "direction": direction, "quantity": quantity, "day": day}
        writing.add(world, "movement", typed)
    return world


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        (field(FieldType.TEXT), "  two words ", "two words"),
        (field(FieldType.INTEGER), "-007", "-7"),
        (field(FieldType.DECIMAL), "12.5", "12.50"),
        (field(FieldType.DECIMAL, places=0), "3", "3"),
        (field(FieldType.DATE), "2024-02-29", "2024-02-29"),
        (field(FieldType.DATETIME), "2024-02-29T08:05", "2024-02-29 08:05"),
        (field(FieldType.YES_NO), "TRUE", "yes"),
        (field(FieldType.ONE_OF, choices=("On hold", "open")), "ON HOLD", "On hold"),
        (field(FieldType.EMAIL), "a@b.c", "a@b.c"),
        (field(FieldType.INTEGER, maximum=Decimal(7)), "7", "7"),
        (field(FieldType.TEXT), "   ", ""),
    ],
)
def test_values_are_kept_in_one_form(kind: Field, typed: str, stored: str) -> None:
    assert canonical(read_value(kind, typed)) == stored


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (field(FieldType.TEXT, max_length=3), "four"),
        (field(FieldType.TEXT), "a\tb"),
        (field(FieldType.INTEGER), "+1"),
        (field(FieldType.INTEGER), "9223372036854775808"),
        (field(FieldType.INTEGER), "\N{ARABIC-INDIC DIGIT ONE}"),
        (field(FieldType.DECIMAL), "1.005"),
        (field(FieldType.DECIMAL), "1e3"),
        (field(FieldType.DECIMAL), "1000000000000000"),
        (field(FieldType.DATE), "2023-02-29"),
        (field(FieldType.DATE), "2024-2-9"),
        (field(FieldType.DATETIME), "2024-02-29 24:00"),
        (field(FieldType.YES_NO), "maybe"),
        (field(FieldType.ONE_OF, choices=("a", "b")), "c"),
        (field(FieldType.EMAIL), "a@b@c.d"),
        (field(FieldType.EMAIL), "a@b"),
        (field(FieldType.INTEGER, minimum=Decimal(1)), "0"),
        (field(FieldType.DATE, maximum="2024-12-31"), "2025-01-01"),
    ],
)
def test_what_a_field_does_not_take_is_refused(kind: Field, typed: str) -> None:
    with pytest.raises(BadValueError):
        read_value(kind, typed)


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(0, 4))
def test_rounding_is_to_the_nearest_and_halves_go_away_from_zero(
    value: Fraction, places: int
) -> None:
    rounded = Fraction(round_half_up(value, places))
    step = Fraction(1, 10**places)
    assert abs(rounded - value) <= step / 2
    if abs(rounded - value) == step / 2:
        assert abs(rounded) > abs(value)


def test_stock_is_what_came_in_less_what_went_out() -> None:
    world = stock()
    bolt = world.record("item", 1)
    assert bolt is not None
    assert record_json(bolt) == {
        "id": 1, "name": "Bolt", "code": "B1", "unit": "piece", "price": "0.125",
        "reorder_level": 5, "stock": 6, "value": "0.750", "marks": [],
    }  # fmt: skip


def test_an_empty_operand_leaves_a_computed_field_empty() -> None:
    world = stock()
    anvil = world.record("item", 2)
    assert anvil is not None
    assert record_json(anvil)["value"] is None
    assert shown(anvil, "value") == "-"
    assert shown(anvil, "marks") == "low"


def test_arithmetic_is_exact_and_division_by_zero_is_empty() -> None:
    world = stock()
    bolt = world.record("item", 1)
    assert bolt is not None
    third = Arithmetic("/", Number(Decimal(1)), Number(Decimal(3)))
    assert evaluate(Arithmetic("*", third, Number(Decimal(3))), bolt) == 1
    assert evaluate(Arithmetic("/", FieldRef("stock"), Number(Decimal(0))), bolt) is None


def test_a_comparison_with_nothing_meets_no_condition_and_breaks_no_rule() -> None:
    world = stock()
    anvil = world.record("item", 2)
    assert anvil is not None
    above = Compare(CompareOp.GT, FieldRef("price"), Number(Decimal(0)))
    assert not holds(above, anvil)
    assert holds(above, anvil, lenient=True)


def test_stock_may_come_to_nought_and_not_below_on_any_way() -> None:
    world = stock()
    out = {"item": "1", "direction": "out", "day": "2024-03-01"}
    with pytest.raises(RefusedError):
        writing.add(world, "movement", {**out, "quantity": "7"})
    assert writing.add(world, "movement", {**out, "quantity": "6"}) == 3
    with pytest.raises(RefusedError):
        writing.edit(world, "movement", 1, {"quantity": "9"})
    with pytest.raises(RefusedError):
        writing.edit(world, "movement", 1, {"item": "2"})
    with pytest.raises(RefusedError):
        writing.delete(world, "movement", 1)


def test_deleting_takes_along_what_refers_to_it_and_ids_are_not_used_again() -> None:
    world = stock()
    assert writing.delete(world, "item", 1) == {"movement": 2}
    assert world.records("movement") == []
    typed = {"item": "2", "direction": "in", "quantity": "1"}
    assert writing.add(world, "movement", typed) == 3


def test_a_refused_write_changes_nothing() -> None:
    world = stock()
    before = {kind: dict(rows) for kind, rows in world.rows.items()}
    for typed in ({"name": "Bolt", "code": "X"}, {"name": "", "code": "X"}, {"name": "Y"}):
        with pytest.raises(RefusedError):
            writing.add(world, "item", typed)
    rows = [{"name": "Saw", "code": "S"}, {"name": "Saw", "code": "T"}]
    with pytest.raises(RefusedError):
        writing.add_all(world, "item", rows)
    assert world.rows == before
    assert writing.add(world, "item", {"name": "Saw", "code": "S"}) == 3


def test_a_record_cannot_refer_to_itself_before_it_is_there() -> None:
    app, _ = kind_of(
        "# T\n\n## Data\n\n### Part\n- name: text\n- whole: reference to Part\n\n"
        "## Features\n- add, list parts\n",
        "part",
    )
    world = World(app, NOON)
    with pytest.raises(RefusedError):
        writing.add(world, "part", {"whole": "1"})


def test_a_text_may_say_today_by_default_and_means_the_word() -> None:
    app, _ = kind_of(
        '# T\n\n## Data\n\n### Note\n- label: text, default "today"\n- day: date, default today\n\n'
        "## Features\n- add, list notes\n",
        "note",
    )
    world = World(app, NOON)
    writing.add(world, "note", {})
    (note,) = world.records("note")
    assert record_json(note) == {"id": 1, "label": "today", "day": "2030-06-15"}


def test_spans_may_touch_and_not_overlap() -> None:
    app, _ = kind_of(ROOMS, "booking")
    world = World(app, NOON)
    for name in ("Blue", "Red"):
        writing.add(world, "room", {"name": name, "seats": "10"})

    def book(start: str, end: str, room: str = "1") -> int:
        typed = {"room": room, "guest": "Ann", "people": "2", "start": start, "end": end}
        return writing.add(world, "booking", typed)

    book("2024-01-01 10:00", "2024-01-01 12:00")
    for start, end in (("11:59", "13:00"), ("09:00", "10:01"), ("10:30", "11:00")):
        with pytest.raises(RefusedError):
            book(f"2024-01-01 {start}", f"2024-01-01 {end}")
    assert book("2024-01-01 12:00", "2024-01-01 13:00") == 2
    assert book("2024-01-01 10:30", "2024-01-01 11:00", room="2") == 3
    with pytest.raises(RefusedError):
        book("2024-01-02 10:00", "2024-01-02 10:00")


def test_a_measure_may_reach_its_bound_and_fields_are_unique_together() -> None:
    app, _ = kind_of(SEATS, "ticket")
    world = World(app, NOON)
    writing.add(world, "show", {"title": "Lear", "capacity": "3"})
    ticket = {"show": "1", "row": "1", "number": "1", "places": "2"}
    writing.add(world, "ticket", ticket)
    with pytest.raises(RefusedError):
        writing.add(world, "ticket", {**ticket, "places": "1"})
    with pytest.raises(RefusedError):
        writing.add(world, "ticket", {**ticket, "number": "2"})
    assert writing.add(world, "ticket", {**ticket, "number": "2", "places": "1"}) == 2


def test_lists_filter_sort_and_search_as_the_contract_says() -> None:
    world = stock()
    item, movement = world.app.kind("item"), world.app.kind("movement")
    writing.add(world, "item", {"name": "Clamp", "code": "C1", "price": "0.125"})

    def ids(query: Query, kind: str = "item") -> list[int]:
        chosen = item if kind == "item" else movement
        return [record.id for record in select(world, chosen, query)]

    assert ids(Query(sort="name")) == [2, 1, 3]
    assert ids(Query(sort="value")) == [3, 1, 2]
    assert ids(Query(sort="value", descending=True)) == [1, 3, 2]
    assert ids(Query(search="A")) == [2, 3]
    assert ids(Query(condition="low")) == [2, 3]
    assert ids(Query(filters=(("direction", "OUT"),)), "movement") == [2]
    assert ids(Query(filters=(("item", "1"),)), "movement") == [1, 2]


def test_sorting_down_keeps_equals_in_order_of_id() -> None:
    world = stock()
    item = world.app.kind("item")
    for name in ("C", "D"):
        writing.add(world, "item", {"name": name, "code": name, "price": "0.125"})
    found = select(world, item, Query(sort="stock", descending=True))
    assert [record.id for record in found] == [1, 2, 3, 4]


def test_aggregates_over_all_and_by_group() -> None:
    world = stock()
    movement, item = world.app.kind("movement"), world.app.kind("item")
    records = select(world, movement, Query())
    assert aggregate_value(movement, AggregateOp.TOTAL, "quantity", records) == 14
    assert aggregate_value(movement, AggregateOp.COUNT, None, []) == 0
    prices = select(world, item, Query())
    assert aggregate_value(item, AggregateOp.AVERAGE, "price", prices) == Decimal("0.125")
    assert aggregate_value(item, AggregateOp.AVERAGE, "price", []) is None
    assert str(aggregate_value(item, AggregateOp.TOTAL, "price", [])) == "0.000"
    (total,) = (a for a in movement.features.aggregates if a.op is AggregateOp.TOTAL)
    by_month = grouped(world, movement, total, GroupBy("day", "month"), Query())
    assert by_month == [("2024-01", 10), ("2024-02", 4)]


def test_csv_has_the_id_and_stored_fields_alone() -> None:
    world = stock()
    anvil = world.record("item", 2)
    assert anvil is not None
    assert csv_header(anvil.kind) == ["id", "name", "code", "unit", "price", "reorder_level"]
    assert csv_row(anvil) == ["2", "anvil", "A1", "kg", "", "5"]
