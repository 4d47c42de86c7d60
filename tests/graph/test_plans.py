import pytest

from macrohard.errors import ReplyError
from macrohard.graph.plans import ancestors, check_plan, in_order
from macrohard.roles import load_roles
from macrohard.work import Plan, WorkItem


def item(name: str, *depends_on: str, role: str = "backend-engineer") -> WorkItem:
    return WorkItem(id=name, title=name, role=role, description=name, depends_on=depends_on)


def test_order_respects_dependencies_and_then_the_plan() -> None:
    items = [item("c", "b"), item("a"), item("b"), item("d", "a")]
    assert [i.id for i in in_order(items)] == ["a", "b", "c", "d"]


def test_ancestors_near_and_far() -> None:
    items = {i.id: i for i in [item("a"), item("b", "a"), item("c", "b"), item("d")]}
    assert ancestors(items["c"], items) == {"a", "b"}


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((item("a"), item("a")), "twice: a"),
        ((item("a", "z"),), "unknown items: z"),
        ((item("a", "b"), item("b", "a")), "in a circle: "),
        ((item("a", role="novice"),), "no engineer"),
        ((item("old"),), "twice: old"),
    ],
)
def test_plans_that_cannot_be_worked_on_are_refused(
    items: tuple[WorkItem, ...], words: str
) -> None:
    with pytest.raises(ReplyError, match=words):
        check_plan(Plan(items=items), load_roles(), known=["old"])
