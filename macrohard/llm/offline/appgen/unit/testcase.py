"""Builds test classes."""

from collections.abc import Sequence
from dataclasses import dataclass

from macrohard.llm.offline.appgen.pysource import docstring, indent


@dataclass(frozen=True)
class Method:
    """A test.

    Attributes:
        name: Its name without ``test_``.
        about: What it shows.
        lines: Its statements.
    """

    name: str
    about: str
    lines: Sequence[str]


def test_class(name: str, base: str, about: str, methods: Sequence[Method]) -> str:
    """The source of a test class."""
    parts = [docstring(about)]
    parts += [method_source(method) for method in methods if method.lines]
    body = "\n\n".join(parts)
    return f"class {name}({base}):\n{indent(body)}"


def method_source(method: Method) -> str:
    """The source of a test method."""
    body = "\n".join([docstring(method.about, depth=2), *method.lines])
    return f"def test_{method.name}(self) -> None:\n{indent(body)}"
