"""Rules: every form in many wordings, and what is no rule."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.dialect_base import BASE, read, refusal, rules_of

from macrohard.llm.offline.dialect.ast import (
    BoolOp,
    BoundRule,
    Compare,
    CompareOp,
    DeleteRule,
    Expression,
    FieldRef,
    IsEmpty,
    Number,
    OverlapRule,
    RecordRule,
    Rule,
    TextValue,
    Through,
    Today,
    UniqueRule,
    YesNo,
)

D = Decimal

EQ, NE, LT, GT, LE, GE = (
    CompareOp.EQ, CompareOp.NE, CompareOp.LT, CompareOp.GT, CompareOp.LE, CompareOp.GE,
)  # fmt: skip
ENDS = Compare(GE, FieldRef("end"), FieldRef("start"))
FEW = Compare(LE, FieldRef("quantity"), Number(D(10)))
GIVEN = BoolOp(
    "or",
    (Compare(NE, FieldRef("done"), YesNo(True)), IsEmpty("returned", negated=True)),
)


@pytest.mark.parametrize(
    ("sentence", "condition"),
    [
        ("The end of a loan is not before its start", ENDS),
        ("Each loan: end is on or after start", ENDS),
        ("Loan: end >= start", ENDS),
        ("Every loan's end must not be before its start", ENDS),
        ("For each loan, the end is not before the start", ENDS),
        ("a loan whose end is before its start is refused", ENDS),
        ("Loans where end is before start are not allowed", ENDS),
        ("end is not before start", ENDS),
        ("each loan: quantity is at most 10", FEW),
        ("A loan with a quantity above 10 is refused", FEW),
        ("the quantity of a loan does not exceed 10", FEW),
        ("If done is yes, returned is given", GIVEN),
        ("when done, then returned is not empty", GIVEN),
        ("returned is required if done is yes", GIVEN),
        ("Loan end is not before loan start", ENDS),
        ("A loan where done is yes and returned is empty is refused", GIVEN),
        (
            "each loan: item.status is not lent out",
            Compare(NE, Through("item", "status"), TextValue("lent out")),
        ),
    ],
)
def test_rules_about_one_record(sentence: str, condition: Compare) -> None:
    (rule,) = rules_of(sentence)
    assert (type(rule), rule.kind) == (RecordRule, "loan")
    assert isinstance(rule, RecordRule)
    assert rule.condition == condition
    assert rule.text == sentence


def _bound(kind: str, *rest: str, op: CompareOp, bound: Expression) -> Rule:
    via, target, measure = rest
    return BoundRule(kind, via, target, measure, op, bound, "", 0)


STOCK = _bound("movement", "item", "item", "stock", op=GE, bound=Number(D(0)))
LIMIT = _bound("loan", "borrower", "person", "open_loans", op=LE, bound=FieldRef("limit"))
ALWAYS = replace(STOCK, stands=True)


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("A movement that would take the stock of an item below 0 is refused", STOCK),
        ("a movement which would bring an item's stock under zero is not allowed", STOCK),
        ("A movement that would make the stock of its item negative is refused", STOCK),
        ("The stock of an item is never below 0", ALWAYS),
        ("The stock of an item must not go below 0", ALWAYS),
        ("Each item: stock is at least 0", ALWAYS),
        ("An item whose stock is below 0 is refused", ALWAYS),
        ("each item: stock is above -1", ALWAYS),
        ("A loan that would take the open loans of a person above their limit is refused", LIMIT),
        ("A loan that would push the open loans of the borrower over the limit is refused", LIMIT),
        ("open loans is at most limit", replace(LIMIT, stands=True)),
    ],
)
def test_bounds_on_what_other_records_change(sentence: str, meant: Rule) -> None:
    (rule,) = rules_of(sentence)
    assert vars(rule) == {**vars(meant), "text": sentence, "line": rule.line}


def _overlap(kind: str, start: str, end: str, *same: str) -> dict[str, object]:
    return {"kind": kind, "start": start, "end": end, "same": same}


ROOM = _overlap("booking", "from_", "to", "room")


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("A booking that overlaps another booking of the same room is refused", ROOM),
        ("Two bookings of the same room must not overlap", ROOM),
        ("Bookings of the same room never overlap.", ROOM),
        ("No two bookings with the same room may overlap", ROOM),
        ("Overlapping bookings of the same room are refused", ROOM),
        ("A booking which overlaps an existing booking for the same room is not allowed", ROOM),
        (
            "An item cannot have overlapping loans from start to end",
            _overlap("loan", "start", "end", "item"),
        ),
        ("Two bookings must not overlap", _overlap("booking", "from_", "to")),
        (
            "Bookings of the same room and desk cannot overlap (from to to)",
            _overlap("booking", "from_", "to", "room", "desk"),
        ),
        (
            "Two loans of the same item must not overlap from start to returned",
            _overlap("loan", "start", "returned", "item"),
        ),
    ],
)
def test_overlaps(sentence: str, meant: dict[str, object]) -> None:
    (rule,) = rules_of(sentence)
    assert isinstance(rule, OverlapRule)
    assert {key: getattr(rule, key) for key in meant} == meant


@pytest.mark.parametrize(
    ("sentence", "fields"),
    [
        ("Two bookings of the same room and desk are refused", ("room", "desk")),
        ("No two bookings have the same room, desk and from", ("room", "desk", "from_")),
        ("No two bookings may share the same room and desk", ("room", "desk")),
        ("Two bookings must not have the same desk", ("desk",)),
        ("A booking with the same room and desk as another is refused", ("room", "desk")),
        ("room and desk of a booking are unique together", ("room", "desk")),
        ("Each booking: room and desk are unique together.", ("room", "desk")),
        ("The combination of room and desk is unique for bookings", ("room", "desk")),
        ("The room of a booking is unique", ("room",)),
        ("room and desk together must be unique", ("room", "desk")),
    ],
)
def test_fields_unique_together(sentence: str, fields: tuple[str, ...]) -> None:
    (rule,) = rules_of(sentence)
    assert isinstance(rule, UniqueRule)
    assert (rule.kind, rule.fields) == ("booking", fields)


PERSON_LOANS = [("person", "loan", "borrower")]
ITEM_BOTH = [("item", "loan", "item"), ("item", "movement", "item")]


@pytest.mark.parametrize(
    ("sentence", "cascade", "meant"),
    [
        ("Deleting a person who has loans is refused", False, PERSON_LOANS),
        ("Deleting people who have loans is not allowed", False, PERSON_LOANS),
        ("A person who has loans cannot be deleted", False, PERSON_LOANS),
        ("A person with loans must not be deleted", False, PERSON_LOANS),
        ("Deleting a person is refused while they have loans", False, PERSON_LOANS),
        ("Deleting an item that has loans or movements is refused", False, ITEM_BOTH),
        ("Deleting a person deletes their loans too", True, PERSON_LOANS),
        ("Deleting a person also deletes all of their loans", True, PERSON_LOANS),
        ("When a person is deleted, their loans are deleted as well", True, PERSON_LOANS),
        ("If a person is removed, so are their loans", True, PERSON_LOANS),
        ("Deleting an item deletes its loans and movements", True, ITEM_BOTH),
        (
            "Deleting a person deletes their transfers",
            True,
            [("person", "transfer", "sender"), ("person", "transfer", "receiver")],
        ),
    ],
)
def test_deletions(sentence: str, cascade: bool, meant: list[tuple[str, str, str]]) -> None:
    rules = rules_of(sentence)
    assert all(isinstance(rule, DeleteRule) and rule.cascade is cascade for rule in rules)
    assert [(r.target, r.kind, r.via) for r in rules if isinstance(r, DeleteRule)] == meant


def test_a_reference_without_a_rule_refuses_and_that_is_assumed() -> None:
    said = read("- Deleting an item deletes its loans", section="Rules").assumptions
    assert "Deleting a person that loans refer to (by borrower) is refused." in said
    assert "Deleting an item that movements refer to (by item) is refused." in said
    assert not any("Deleting an item that loans" in each for each in said)


def test_several_sentences_and_their_lines() -> None:
    start = len(BASE.splitlines()) + 2
    app = read(
        "- Deleting an item deletes its loans, and deleting a person who has loans is refused.",
        "- Each loan: end is after start. Each movement: quantity is at",
        "  most 5; quantity of a loan is at most 10.",
        "### Bookings",
        "- from is before to",
        section="Rules",
    )
    assert [(type(r).__name__, r.kind, r.line - start) for r in app.rules] == [
        ("DeleteRule", "loan", 1),
        ("DeleteRule", "loan", 1),
        ("RecordRule", "loan", 2),
        ("RecordRule", "movement", 2),
        ("RecordRule", "loan", 3),
        ("RecordRule", "booking", 5),
    ]


def test_a_rule_said_twice_is_one_rule() -> None:
    rules = rules_of("Each loan: end is after start", "the end of a loan is later than its start")
    assert len(rules) == 1


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Be kind", "I do not understand “Be kind”"),
        ("Each loan: weight is above 3", "loan has no such field"),
        ("Each gadget: quantity is above 3", "I do not understand"),
        ("quantity is above 3", "of which kind: loan or movement? Begin with “each loan:”"),
        ("name is unique", "of which kind: person or item"),
        (
            "A movement that would take the stock of an item below 0",
            "end this rule with “is refused”",
        ),
        (
            "A movement that would take the weight of an item below 0 is refused",
            "item has no such field",
        ),
        ("A movement that would take the stock below 0 is refused", "of what?"),
        ("A movement that would take the stock of an item to 0 is refused", "“below” or “above”"),
        ("A booking that would take the stock of an item below 0 is refused", "but on movements"),
        ("A loan that would take the price of an item below 0 is refused", "from item alone"),
        ("quantity of a loan is at most item.stock", "can only say that it is at least or at most"),
        ("each item: stock is not 5", "can only say that it is at least or at most"),
        ("A booking that overlaps another of the same room", "end this rule with “is refused”"),
        ("Two loans of the same item must not overlap", "has these dates: start, end and returned"),
        ("Two bookings must not overlap from room to desk", "are no span"),
        ("Two items of the same name must not overlap", "has these dates: none"),
        ("Two loans of the same cost are refused", "cost is computed"),
        ("Two bookings of the same room", "end this rule with “are refused”"),
        ("Two bookings of the same floor are refused", "booking has no such field"),
        ("Deleting a gadget is refused", "not a record kind"),
        ("Deleting an item that has no loans is refused", "“no loans is refused”: not a record"),
        ("A person with no loans cannot be deleted", "I do not understand"),
        ("A person who has loans can be deleted", "I do not understand"),
        ("Deleting an item does not delete its loans", "I do not understand"),
        ("Two bookings of the same room are allowed", "I do not understand"),
        ("A booking that overlaps another is allowed", "end this rule with “is refused”"),
        ("end is after start, unless done", "I do not understand"),
        ("Deleting an item is refused", "leave delete out of their features"),
        ("Deleting an item that has bookings is refused", "bookings do not refer to items"),
        ("Deleting an item deletes its gadgets", "not a record kind"),
        ("Deleting an item that has loans is fun", "I do not understand “is fun”"),
        ("A person with loans cannot be deleted on Sundays", "I do not understand “on Sundays”"),
        ("Two bookings of the same room or desk are refused", "must one of them be the same"),
        ("Two bookings of the same room or desk must not overlap", "write a rule for each"),
        ("room and desk of a booking are unique", "each by itself, or together?"),
        ("Each loan: quantity is between 5 and 3", "nothing is between"),
    ],
)
def test_what_is_no_rule_is_said(sentence: str, said: str) -> None:
    assert said in refusal(f"- {sentence}.", section="Rules")


def test_contradicting_deletions_are_refused() -> None:
    said = refusal(
        "- Deleting an item deletes its loans",
        "- Deleting an item that has loans is refused",
        section="Rules",
    )
    assert "this contradicts line" in said


def test_a_rule_under_a_heading_holds_for_every_kind_of_the_heading() -> None:
    lines = ["### Loans and movements", "- quantity is at least 1"]
    assert [rule.kind for rule in read(*lines, section="Rules").rules] == ["loan", "movement"]
    lines = ["### Loans and bookings", "- quantity is at least 1"]
    assert "booking has no such field" in refusal(*lines, section="Rules")


@pytest.mark.parametrize(
    "sentence",
    [
        "Each new loan: start is after today",
        "A new loan: its start is in the future",
        "New loans: start is after today",
        "The start of a new loan is in the future",
        "A new loan whose start is not after today is refused",
        "When a loan is added, its start is after today",
    ],
)
def test_rules_about_new_records(sentence: str) -> None:
    (rule,) = rules_of(sentence)
    assert isinstance(rule, RecordRule)
    assert rule.only_new
    assert (rule.kind, rule.text) == ("loan", sentence)
    assert rule.condition == Compare(CompareOp.GT, FieldRef("start"), Today())


def test_a_kind_may_be_called_new() -> None:
    (rule,) = read(
        "### New loan", "- rate: integer", "## Rules", "- Each new loan: rate is 3"
    ).rules
    assert isinstance(rule, RecordRule)
    assert (rule.kind, rule.only_new) == ("new_loan", False)


def test_what_others_change_is_not_bounded_for_new_records_only() -> None:
    assert "leave “new” out" in refusal("- Each new item: stock is at least 0", section="Rules")


@pytest.mark.parametrize(
    "sentence",
    [
        "A person cannot have two loans at the same time from start to end",
        "A person can never have more than one loan at once from start to end",
    ],
)
def test_one_at_a_time(sentence: str) -> None:
    (rule,) = rules_of(sentence.replace(" at the same time from", " from").replace(" at once", ""))
    (said,) = rules_of(sentence)
    assert isinstance(said, OverlapRule)
    assert (said.kind, said.start, said.end, said.same) == ("loan", "start", "end", ("borrower",))
    assert replace(said, text="") == replace(rule, text="")
