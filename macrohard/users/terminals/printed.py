r"""What an action printed, line by line: the window without its edges.

The same stream that goes to the window is laid out here on a sheet that is as wide and as long as
needed, so that no line is wrapped and nothing scrolls away. Overwriting works as on a screen
(progress bars, ``\r``, cursor up); a cleared screen starts a new page below the old one.
"""

from macrohard.users.terminals.tokens import Token

KEEP_LINES = 4_000
"""Lines kept at the head and at the tail each; what is left out between them is counted."""

KEEP_CHARACTERS = 1_000_000
"""Characters told of all lines together; the middle of more is left out."""

_LINE_LIMIT = 100_000
"""Characters kept of one line."""


class Sheet:
    """The lines one action printed.

    Args:
        rows: Height of the window; how far up a program can go back.
        columns: Width of the window; how far right a program can move without writing.
        keep_lines: Lines kept at the head and at the tail each.

    Attributes:
        addressed: Whether the program drew on the whole screen, by rows and columns.
    """

    def __init__(self, rows: int, columns: int, keep_lines: int = KEEP_LINES) -> None:
        self._rows = rows
        self._columns = columns
        self._keep = keep_lines
        self._pending: list[str] = []
        self._head: list[str] = []
        self._lines = [""]
        self._left_out = 0
        self._y = 0
        self._x = 0
        self._page = 0
        self.addressed = False
        self._first_page = 0

    def text(self, *, without_pages: bool = False) -> str:
        """Everything, blanks at the ends of lines removed, with a note where lines are missing.

        Args:
            without_pages: Only what came before the program drew on the whole screen.
        """
        self._flush()
        lines = [*self._head]
        if self._left_out:
            lines.append(f"[… {self._left_out} lines left out …]")
        lines += self._lines[: self._first_page] if without_pages else self._lines
        text = "\n".join(line.rstrip() for line in lines).strip("\n")
        if len(text) <= KEEP_CHARACTERS:
            return text
        half = KEEP_CHARACTERS // 2
        missing = len(text) - 2 * half
        return f"{text[:half]}\n[… {missing} characters left out …]\n{text[-half:]}"

    @property
    def blank(self) -> bool:
        """Whether nothing visible was printed."""
        self._flush()
        return not self._head and not any(line.strip() for line in self._lines)

    def feed(self, token: Token) -> None:
        """Take one token."""
        match token.kind:
            case "text":
                self._write(token.body)
            case "control":
                self._control(token.body)
            case "csi" if token.mark == "":
                values = token.numbers()
                self._sequence(token.final, values, values[0] if values else 0)
            case _:
                pass

    def add_block(self, text: str) -> None:
        """Put a text on lines of its own, such as a screen that is about to vanish."""
        self._flush()
        for line in text.split("\n"):
            self._write(line)
            self._newline()

    def _write(self, text: str) -> None:
        if self._pending or self._x == len(self._lines[self._y]):
            # The common case, kept cheap: a line that grows by many small pieces.
            self._pending.append(text)
            self._x += len(text)
            return
        line = self._lines[self._y].ljust(self._x)
        line = line[: self._x] + text + line[self._x + len(text) :]
        self._lines[self._y] = line[:_LINE_LIMIT]
        self._x = min(self._x + len(text), _LINE_LIMIT)

    def _flush(self) -> None:
        if self._pending:
            line = self._lines[self._y] + "".join(self._pending)
            self._pending.clear()
            self._lines[self._y] = line[:_LINE_LIMIT]
            self._x = min(self._x, _LINE_LIMIT)

    def _newline(self) -> None:
        self._flush()
        self._down(1)
        self._x = 0

    def _down(self, count: int) -> None:
        self._y += count
        while self._y >= len(self._lines):
            self._lines.append("")
        if len(self._lines) > 2 * self._keep + self._rows:
            self._drop()

    def _drop(self) -> None:
        extra = len(self._lines) - self._keep - self._rows
        room = self._keep - len(self._head)
        self._head += self._lines[:room]
        self._left_out += max(0, extra - room)
        del self._lines[:extra]
        self._y = max(0, self._y - extra)
        self._page = max(0, self._page - extra)
        self._first_page = max(0, self._first_page - extra)

    def _control(self, char: str) -> None:
        match char:
            case "\n" | "\v" | "\f":
                self._newline()  # terminals need a \r as well; a judge does not
            case "\r":
                self._flush()
                self._x = 0
            case "\b":
                self._flush()
                self._x = max(0, self._x - 1)
            case "\t":
                self._write(" " * (8 - self._x % 8))
            case _:
                pass

    def _sequence(self, final: str, values: list[int], first: int) -> None:
        if final == "m":
            return
        self._flush()
        if final in "ABEF":
            self._move_down(final, first or 1)
        elif final in "CDG":
            steps = first or 1
            target = {"C": self._x + steps, "D": self._x - steps, "G": steps - 1}[final]
            self._x = self._column(target)
        elif final in "Hf":
            self._go(max(0, first - 1), values[1] - 1 if len(values) > 1 else 0)
        elif final == "J" and first == 2:
            self._new_page()
        elif final == "J" and first == 0:
            self._erase_line(0)
            del self._lines[self._y + 1 :]
        elif final == "K":
            self._erase_line(first)

    def _move_down(self, final: str, count: int) -> None:
        if final in "AF":
            self._y = max(self._page, self._y - count, self._y - self._rows)
        else:
            last = max(len(self._lines) - 1, self._page + self._rows - 1)
            self._down(max(0, min(count, last - self._y)))
        if final in "EF":
            self._x = 0

    def _column(self, wanted: int) -> int:
        return max(0, min(wanted, max(self._columns - 1, self._x)))

    def _go(self, row: int, column: int) -> None:
        # The top of the window is not known here. The first jump, and each jump home, starts a
        # page, so that a redrawn screen never overwrites what was printed before.
        if not self.addressed or (row == 0 and column <= 0):
            self._new_page()
        self._y = self._page
        self._down(min(row, self._rows - 1))
        self._x = 0
        self._x = self._column(column)

    def _new_page(self) -> None:
        started, self.addressed = not self.addressed, True
        if any(line.strip() for line in self._lines[self._page :]):
            if self._lines[-1].strip():
                self._lines.append("")
            self._page = self._y = len(self._lines) - 1
            self._down(0)
        if started:
            self._first_page = self._page

    def _erase_line(self, how: int) -> None:
        line = self._lines[self._y]
        if how == 0:
            self._lines[self._y] = line[: self._x]
        elif how == 1:
            self._lines[self._y] = " " * min(self._x + 1, len(line)) + line[self._x + 1 :]
        elif how == 2:
            self._lines[self._y] = ""
