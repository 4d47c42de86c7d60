"""Small pieces shared by the strategies of random specs."""

from typing import Any, Protocol

from hypothesis import strategies as st

from macrohard.llm.offline.dialect.ast import Compare, CompareOp, Field, FieldRef


class Draw(Protocol):
    """What Hypothesis hands to a composite strategy."""

    def __call__(self, strategy: st.SearchStrategy[Any], /) -> Any:
        """Draw a value."""


def pick(draw: Draw, *options: Any) -> Any:
    """One of several wordings."""
    return draw(st.sampled_from(options))


def shuffled_bullet(draw: Draw) -> str:
    """A bullet in one of the ways Markdown has."""
    return str(pick(draw, "- ", "* ", "+ ", "1. ", "-   ", "- [ ] "))


def spoken_condition(draw: Draw, left: Field, right: Field) -> Compare:
    """A comparison of two fields."""
    op = draw(st.sampled_from(list(CompareOp)))
    return Compare(op, FieldRef(left.slug), FieldRef(right.slug))
