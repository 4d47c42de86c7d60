"""Reads YAML with line numbers, so that every complaint names file and line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from macrohard.cluster.units import Kind, parse_quantity
from macrohard.errors import ConfigError


class Section:
    """A mapping of a YAML file whose keys are read one by one and must all be known.

    Args:
        path: The file, for messages.
        node: The mapping as YAML's nodes.
        name: Where it stands, such as ``workload``.
    """

    def __init__(self, path: Path, node: yaml.MappingNode, name: str = "") -> None:
        self.path, self.name, self.line = path, name, node.start_mark.line + 1
        self._nodes: dict[str, tuple[yaml.Node, int]] = {}
        self._read: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{path}:{line}: a key must be a word")
            if key.value in self._nodes:
                raise ConfigError(f"{path}:{line}: {key.value} stands here twice")
            self._nodes[key.value] = (value, line)

    def fail(self, what: str, key: str = "") -> ConfigError:
        """An error at a key of this section, or at the section itself."""
        line = self._nodes[key][1] if key in self._nodes else self.line
        where = ".".join(part for part in (self.name, key) if part)
        return ConfigError(f"{self.path}:{line}: {where + ': ' if where else ''}{what}")

    @property
    def lines(self) -> dict[str, int]:
        """The line of each key."""
        return {key: line for key, (_, line) in self._nodes.items()}

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self._nodes

    def _value(self, key: str) -> Any:
        self._read.add(key)
        node, _ = self._nodes[key]
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail("must be a single value", key)
        return yaml.SafeLoader("").construct_object(node)

    def number(
        self,
        key: str,
        kind: Kind,
        default: float | None = None,
        *,
        least: float = 0.0,
        most: float = 1e15,
    ) -> float:
        """A quantity with its unit.

        Raises:
            ConfigError: Missing without a default, unreadable, or outside the bounds.
        """
        if key not in self._nodes:
            if default is None:
                raise self.fail(f"{key} is missing")
            return default
        value = self._value(key)
        try:
            number = parse_quantity(value, kind)
        except ConfigError as error:
            raise self.fail(str(error), key) from None
        if not least <= number <= most:
            raise self.fail(f"{value} is out of bounds, {least:g} to {most:g}", key)
        return number

    def count(
        self, key: str, default: int | None = None, *, least: int = 1, most: float = 1e6
    ) -> int:
        """A whole number such as ``16`` or ``8k``."""
        number = self.number(key, "count", default, least=least, most=most)
        if number != int(number):
            raise self.fail(f"{number:g} is no whole number", key)
        return int(number)

    def text(self, key: str, default: str | None = None, *, among: Sequence[str] = ()) -> str:
        """A word, one of some if so given."""
        if key not in self._nodes:
            if default is None:
                raise self.fail(f"{key} is missing")
            return default
        value = str(self._value(key))
        if among and value not in among:
            raise self.fail(f"{value!r} is none of {', '.join(among)}", key)
        return value

    def section(self, key: str) -> "Section":
        """A mapping inside; an empty one where it is missing."""
        self._read.add(key)
        where = ".".join(part for part in (self.name, key) if part)
        if key not in self._nodes:
            empty = yaml.MappingNode("tag:yaml.org,2002:map", [])
            empty.start_mark = yaml.Mark("", 0, self.line - 1, 0, "", 0)
            return Section(self.path, empty, where)
        node, _ = self._nodes[key]
        if not isinstance(node, yaml.MappingNode):
            raise self.fail("must have keys of its own, indented below it", key)
        return Section(self.path, node, where)

    def sections(self, key: str) -> list["Section"]:
        """A list of mappings."""
        self._read.add(key)
        if key not in self._nodes:
            return []
        node, _ = self._nodes[key]
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.fail("must be a list", key)
        parts = []
        for number, one in enumerate(node.value, 1):
            if not isinstance(one, yaml.MappingNode):
                raise self.fail(f"item {number} must have keys of its own", key)
            parts.append(Section(self.path, one, f"{key} {number}"))
        return parts

    def end(self) -> None:
        """Refuse keys nobody asked for.

        Raises:
            ConfigError: There is one; says which are known.
        """
        for key, (_, line) in self._nodes.items():
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                where = f"{self.name}." if self.name else ""
                raise ConfigError(
                    f"{self.path}:{line}: unknown key {where}{key}; known here: {known}"
                )


def text_of(path: Path) -> str:
    """The text of a file that a person named, without a byte order mark.

    Raises:
        ConfigError: Unreadable, or not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no text in UTF-8: {error.reason}") from error


def read_yaml(path: Path) -> Section:
    """The outermost mapping of a file.

    Raises:
        ConfigError: Unreadable, or not a mapping.
    """
    text = text_of(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}:1: a scenario has keys; this has none")
    return Section(path, node)
