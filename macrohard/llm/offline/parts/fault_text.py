"""Places in a Python file, in characters, and small changes made there."""

import ast
from dataclasses import dataclass

from macrohard.llm.offline.parts.source import MODULE


@dataclass(frozen=True)
class Mistake:
    """One possible change of a file.

    Attributes:
        kind: Name of the mistake.
        start: Offset of the first character that changes.
        end: Offset behind the last one.
        text: What stands there instead.
        piece: The function it is in.
    """

    kind: str
    start: int
    end: int
    text: str
    piece: str = MODULE

    def made_in(self, source: str) -> str:
        """The file with the mistake."""
        return source[: self.start] + self.text + source[self.end :]


class SourceText:
    """A file, its tree, and where the nodes of the tree stand in its characters."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, byte: int) -> int:
        """Offset of a place that the tree gives as a line and a UTF-8 byte in it."""
        before = self._lines[line - 1].encode()[:byte]
        return self._starts[line - 1] + len(before.decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node stands."""
        end_line, end_byte = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_byte)

    def line_start(self, offset: int) -> int:
        """Offset of the beginning of the line an offset is in."""
        return self.source.rfind("\n", 0, offset) + 1

    def line_of(self, offset: int) -> int:
        """The line an offset is in."""
        return self.source.count("\n", 0, offset) + 1
