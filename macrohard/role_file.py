"""Reads the form of a role file: front matter between two ``---`` lines, then the prompt.

What the values mean is judged in :mod:`macrohard.roles`; here every value gets its line.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

_MAX_BYTES = 200_000
"""A role file is a page or two; more is a file of another kind."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a role file. ``line`` is 1-based, absent when it is about no line."""

    source: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        """``file:line: message``."""
        where = str(self.source) if self.line is None else f"{self.source}:{self.line}"
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Field:
    """A value of the front matter: a text, a tuple of texts, fields by key, or None for others."""

    value: "str | tuple[str, ...] | dict[str, Field] | None"
    line: int


@dataclass
class RoleFile:
    """A role file as it was read.

    Attributes:
        fields: Front matter by key.
        end_line: Line of the closing ``---``.
        prompt_line: Line on which the prompt starts.
    """

    path: Path
    fields: dict[str, Field] = field(default_factory=dict)
    end_line: int = 1
    prompt: str = ""
    prompt_line: int = 1
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int | None, message: str) -> Problem:
        """A problem with this file."""
        return Problem(self.path, line, message)


def read_role_file(path: Path) -> RoleFile:
    """Read one file. What cannot be read is in ``problems``, never raised."""
    file = RoleFile(path)
    text = _decode(file)
    if text is None:
        return file
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        file.problems.append(file.problem(1, "the first line must be --- (front matter)"))
        return file
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        file.problems.append(file.problem(1, "the front matter has no closing --- line"))
        return file
    file.end_line = end + 1
    body = lines[end + 1 :]
    blank = next((i for i, line in enumerate(body) if line.strip()), 0)
    file.prompt_line = file.end_line + 1 + blank
    file.prompt = "\n".join(body).strip()
    _read_front_matter(file, "\n".join(lines[1:end]))
    return file


def _decode(file: RoleFile) -> str | None:
    """The file's text with plain line ends, or None and a problem."""
    try:
        if file.path.stat().st_size > _MAX_BYTES:
            problem = f"is larger than {_MAX_BYTES // 1000} kB; a role file is a page or two"
            file.problems.append(file.problem(1, problem))
            return None
        data = file.path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        file.problems.append(file.problem(1, f"cannot be read: {reason}"))
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        file.problems.append(file.problem(line, "is not UTF-8 text; save the file as UTF-8"))
        return None


def _read_front_matter(file: RoleFile, text: str) -> None:
    """Fill ``fields``. Nodes are read instead of values, because only nodes know their line."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        problem = error.problem or error.context or "it cannot be read"
        file.problems.append(file.problem(line, f"the front matter is not YAML: {problem}"))
        return
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 2
        file.problems.append(file.problem(line, "the front matter holds a control character"))
        return
    except RecursionError:
        file.problems.append(file.problem(1, "the front matter is nested too deep"))
        return
    if not isinstance(node, yaml.MappingNode):
        file.problems.append(file.problem(1, "the front matter must be 'key: value' lines"))
        return
    file.fields.update(_fields(file, node))


def _fields(file: RoleFile, node: yaml.MappingNode) -> dict[str, Field]:
    """The keys of a mapping, each with its line; one that is set twice is a problem."""
    found: dict[str, Field] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 2
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.tag)
        if key in found:
            first = found[key].line
            file.problems.append(file.problem(line, f"{key!r} is already set on line {first}"))
        elif isinstance(value_node, yaml.MappingNode):
            found[key] = Field(_fields(file, value_node), line)
        else:
            found[key] = Field(_value(value_node), line)
    return found


def _value(node: yaml.Node) -> str | tuple[str, ...] | None:
    """A text, a tuple of texts, or None for any other shape."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        items = [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
        return tuple(items) if len(items) == len(node.value) else None
    return None
