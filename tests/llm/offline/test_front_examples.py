"""Example records: accepted by every rule, at its edge when wanted, the same each time."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from support.front_specs import ALL, ROOMS, STOCK, kind_of
from support.spec_strategies import Rendered, specs

from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.dialect.ast import BoundRule, DeleteRule, OverlapRule, RecordRule
from macrohard.llm.offline.oracle.base import build_base
from macrohard.llm.offline.oracle.nearness import distance, just_beyond, just_within
from macrohard.llm.offline.oracle.timeless import EARLY, LATE, Timeless, UnsettledError
from macrohard.llm.offline.oracle.trial import Trial


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_every_kind_has_examples_and_room_for_one_more(spec: str) -> None:
    app = parse_spec(spec)
    base = build_base(app)
    assert not base.barren
    for kind in app.kinds:
        assert base.of(kind)
        assert base.seeker.find(base.there, kind, turn=9) is not None


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_every_rule_can_be_broken_alone_and_kept_narrowly(spec: str) -> None:
    app = parse_spec(spec)
    base = build_base(app)
    for rule in app.rules:
        if isinstance(rule, DeleteRule):
            continue
        kind = app.kind(rule.kind)
        bad = just_beyond(base.seeker, base.there, kind, rule, turn=1)
        assert bad is not None, rule.text
        good = just_within(base.seeker, base.there, kind, rule, turn=1, beyond=bad)
        assert good is not None, rule.text
        number = base.there.world.used[kind.slug] + 1
        assert Trial(base.there, kind, bad, number).only(rule)
        assert Trial(base.there, kind, good, number).fine


def test_edges_are_found_to_the_unit() -> None:
    app, movement = kind_of(STOCK, "movement")
    base = build_base(app)
    (rule,) = (rule for rule in app.rules if isinstance(rule, BoundRule))
    bad = just_beyond(base.seeker, base.there, movement, rule, turn=1)
    good = just_within(base.seeker, base.there, movement, rule, turn=1, beyond=bad)
    assert bad is not None
    assert good is not None
    assert int(bad["quantity"]) == int(good["quantity"]) + 1
    assert {k: v for k, v in bad.items() if k != "quantity"} == {
        k: v for k, v in good.items() if k != "quantity"
    }


def test_a_span_just_within_touches_another() -> None:
    app, booking = kind_of(ROOMS, "booking")
    base = build_base(app)
    (rule,) = (rule for rule in app.rules if isinstance(rule, OverlapRule))
    good = just_within(base.seeker, base.there, booking, rule, turn=1, beyond=None)
    assert good is not None
    number = base.there.world.used["booking"] + 1
    assert distance(rule, Trial(base.there, booking, good, number)) == 0


def test_computed_sides_of_a_rule_are_brought_to_its_edge_too() -> None:
    spec = (
        "# Shop\n\n## Data\n\n### Sale\n- price: decimal, required, at least 0\n"
        "- pieces: integer, required, at least 1\n- total = price * pieces\n\n"
        "## Features\n- add, list sales\n\n## Rules\n- The total of a sale is at most 77.7\n"
    )
    app = parse_spec(spec)
    base = build_base(app)
    (rule,) = app.rules
    assert isinstance(rule, RecordRule)
    good = just_within(base.seeker, base.there, app.kinds[0], rule, turn=1, beyond=None)
    assert good is not None
    assert Decimal("77.6") < Decimal(good["price"]) * int(good["pieces"]) <= Decimal("77.7")


def test_the_same_app_gives_the_same_examples() -> None:
    first, second = (build_base(parse_spec(STOCK)) for _ in range(2))
    assert first.made == second.made


def test_nothing_expected_depends_on_the_day() -> None:
    spec = (
        "# Tasks\n\n## Data\n\n### Task\n- due: date, required\n- day: date, default today\n"
        "- age = today - due\n\n## Features\n- add, list tasks\n"
        '- list "late" tasks where due is before today\n\n'
        "## Rules\n- The day of a task is not in the future.\n"
    )
    app = parse_spec(spec)
    base = build_base(app)
    task = app.kinds[0]
    assert base.of(task)
    assert "age" not in base.there.json(task, 1)
    for made in base.made:
        assert not EARLY.strftime("%Y-%m-%d") < made.typed["due"] < LATE.strftime("%Y-%m-%d")
    with pytest.raises(UnsettledError):
        Timeless(app).add("task", {"due": "2024-01-01", "day": "2060-01-01"})


@settings(max_examples=15)
@given(specs())
def test_examples_of_random_specs_are_accepted_one_after_the_other(spec: Rendered) -> None:
    base = build_base(spec.app)
    there = Timeless(spec.app)
    for made in base.made:
        assert there.add(made.kind, made.typed) == made.number
