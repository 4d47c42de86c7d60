"""What roles are asked to hand in where the app may have windows.

These nouns are those of :mod:`macrohard.work` with one field more in the schemas that language
models are sent; what is handed in is read as the plain noun again. Builds without windows know
nothing of them, so their requests stay as they are.
"""

from typing import Annotated, Literal, TypeVar, cast

from pydantic import BaseModel, Field

from macrohard import work

N = TypeVar("N", bound=BaseModel)

_INTERFACE = (
    "How the user reaches the application. cli: a shell. desktop: its window, for an application "
    'with one; `type` of a step then holds lines such as: click "Add" / fill "Name" with '
    '"Drill" / choose "red" for "Colour" / press "Enter" / come back. What stands in the '
    "window is read off its picture; `see` looks for it. There is no exit code."
)
_WINDOW = "Argument list that opens its window, from the root of the app, where `run` does not."


class Scenario(work.Scenario):
    """A journey through the application, never shown to those who write it."""

    interface: Annotated[Literal["cli", "desktop"], Field(description=_INTERFACE)] = "cli"


class Scenarios(work.Scenarios):
    """Everything simulated users are asked to try."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]


class Design(work.Design):
    """How the application is cut, how its parts talk, how it is run and tested."""

    window: Annotated[tuple[str, ...], Field(description=_WINDOW)] = ()


_WITH_WINDOWS: dict[type[BaseModel], type[BaseModel]] = {
    work.Scenarios: Scenarios,
    work.Design: Design,
}


def offered(noun: type[N], *, windows: bool) -> type[N]:
    """The noun that a role is asked for, where there are windows and where there are none."""
    return cast("type[N]", _WITH_WINDOWS.get(noun, noun)) if windows else noun


def plain(noun: N) -> N:
    """What was handed in, as the noun that the factory knows."""
    base = next((known for known, own in _WITH_WINDOWS.items() if type(noun) is own), None)
    return cast("N", base.model_validate(noun.model_dump())) if base else noun
