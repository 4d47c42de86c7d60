"""The visible window of a terminal: pyte's screen, made fit for programs nobody has read.

pyte alone has no alternate screen, no scrolling up and down, no repeat (which ncurses uses for
``xterm-256color``), raises on parameters it does not expect, and drops the rest of a text after a
character that takes no room. It draws about 0.2 MB a second; here it is some ten times that, and
the driver bounds what it feeds besides.
"""

import unicodedata
from collections.abc import Callable
from copy import copy
from typing import Any

import pyte
from pyte import charsets, modes
from pyte.screens import Char, Cursor
from wcwidth import wcwidth

from macrohard.users.tokens import Token

_ALTERNATE = {47, 1047, 1049}
_SAVE_CURSOR = 1048
_KEYPAD_ARROWS = 1
_MAX_REPLIES = 64


class Window(pyte.Screen):
    """A window that takes tokens.

    Args:
        rows: Height in characters.
        columns: Width in characters.

    Attributes:
        replies: What the terminal must send back to the program (cursor position and the like).
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.replies: list[str] = []
        self._normal: tuple[Any, Cursor] | None = None
        self._glyphs: dict[str, Char] = {}
        self._glyph_style: Char | None = None
        self._last = ""
        super().__init__(columns, rows)
        self._csi = self._table()

    # -- what can be seen ------------------------------------------------------------------------

    @property
    def alternate(self) -> bool:
        """Whether a full-screen program has switched to the alternate screen."""
        return self._normal is not None

    @property
    def application_arrows(self) -> bool:
        """Whether arrow keys are to be sent as ``ESC O A`` and so on."""
        return (_KEYPAD_ARROWS << 5) in self.mode

    def rows(self) -> list[str]:
        """The visible rows, without blanks at their ends."""
        return [self._row(y) for y in range(self.lines)]

    def text(self) -> str:
        """The visible rows as one text, without blank rows at the end."""
        return "\n".join(self.rows()).rstrip("\n")

    def line_to_cursor(self) -> str:
        """What stands on the cursor's row, up to the cursor."""
        return "".join(self._cells(self.cursor.y)[: self.cursor.x])

    def _row(self, y: int) -> str:
        return "".join(self._cells(y)).rstrip() if y in self.buffer else ""

    def _cells(self, y: int) -> list[str]:
        """The characters of a row; a wide one is followed by an empty cell."""
        row = self.buffer[y]
        cells = [row[x].data for x in range(self.columns)]
        for x, cell in enumerate(cells):
            wide = not cell.isascii() and wcwidth(cell[0]) == 2
            whole = wide and x + 1 < self.columns and cells[x + 1] == ""
            stub = not cell and x > 0 and not cells[x - 1].isascii()
            if (wide and not whole) or (not cell and not stub):
                cells[x] = " "  # half of a wide character that was written over
        return cells

    # -- what arrives ----------------------------------------------------------------------------

    def feed(self, token: Token) -> None:
        """Take one token; what is unknown is left out, as terminals do."""
        match token.kind:
            case "text":
                self.draw(token.body)
            case "control":
                self._control(token.body)
            case "csi":
                self._control_sequence(token)
            case "esc":
                self._escape(token)
            case "osc" | "string":
                pass

    def leave_full_screen(self) -> None:
        """Undo what a program left behind when it ended, as ``reset`` does, keeping the text."""
        if self.alternate:
            self._switch(alternate=False)
        self.margins = None
        self.mode = {modes.DECAWM, modes.DECTCEM}
        self.select_graphic_rendition(0)
        self.charset = 0
        self.define_charset("B", "(")

    def draw(self, data: str) -> None:
        """Put text at the cursor. Faster than pyte's, and nothing is lost behind joiners."""
        if data.isascii() and modes.IRM not in self.mode and not self._line_drawing():
            self._draw_plain(data)
        else:
            for char in data:
                if wcwidth(char) > 0 or (wcwidth(char) == 0 and _combines(char)):
                    if wcwidth(char) == 2 and self.cursor.x == self.columns - 1:
                        self.cursor.x = self.columns  # it goes to the next line whole
                    super().draw(char)
        self._last = data[-1]

    def _draw_plain(self, data: str) -> None:
        style = self.cursor.attrs
        if style != self._glyph_style:
            self._glyphs, self._glyph_style = {}, style
        glyphs, at = self._glyphs, 0
        while at < len(data):
            if self.cursor.x >= self.columns:
                if modes.DECAWM in self.mode:
                    self.carriage_return()
                    self.index()
                else:
                    self.cursor.x = self.columns - 1
            row = self.buffer[self.cursor.y]
            piece = data[at : at + self.columns - self.cursor.x]
            for x, char in enumerate(piece, self.cursor.x):
                glyph = glyphs.get(char)
                if glyph is None:
                    glyph = glyphs[char] = style._replace(data=char)
                row[x] = glyph
            self.cursor.x += len(piece)
            at += len(piece)

    def _line_drawing(self) -> bool:
        current = self.g1_charset if self.charset else self.g0_charset
        return current is not charsets.LAT1_MAP

    def _control(self, char: str) -> None:
        match char:
            case "\b":
                self.backspace()
            case "\t":
                self.tab()
            case "\n" | "\v" | "\f":
                self.linefeed()
            case "\r":
                self.carriage_return()
            case "\x0e":
                self.shift_out()
            case "\x0f":
                self.shift_in()
            case _:
                pass

    def _escape(self, token: Token) -> None:
        match token.mark, token.final:
            case "", "7":
                self._save()
            case "", "8":
                self.restore_cursor()
            case "", "D":
                self.index()
            case "", "E":
                self.carriage_return()
                self.index()
            case "", "H":
                self.set_tab_stop()
            case "", "M":
                self.reverse_index()
            case "", "c":
                self._normal = None
                self.reset()
            case "(" | ")", final:
                self.define_charset(final, token.mark)
            case _:
                pass

    def _control_sequence(self, token: Token) -> None:
        values = token.numbers()
        if token.mark == "?" and token.final in "hl":
            self._private_modes(values, on=token.final == "h")
        elif token.mark == "" and token.final == "m":
            if ":" not in token.body:
                self.select_graphic_rendition(*values)
        elif token.mark == "" and (known := self._csi.get(token.final)):
            do, most = known
            do(*values[:most])
        elif token.final in "cn":
            self._report(token.mark + token.final, values)

    def _table(self) -> dict[str, tuple[Callable[..., None], int]]:
        return {
            "@": (self.insert_characters, 1),
            "A": (self.cursor_up, 1),
            "B": (self.cursor_down, 1),
            "C": (self.cursor_forward, 1),
            "D": (self.cursor_back, 1),
            "E": (self.cursor_down1, 1),
            "F": (self.cursor_up1, 1),
            "G": (self.cursor_to_column, 1),
            "H": (self.cursor_position, 2),
            "I": (self._tabs, 1),
            "J": (self._erase_display, 1),
            "K": (self._erase_line, 1),
            "L": (self.insert_lines, 1),
            "M": (self.delete_lines, 1),
            "P": (self.delete_characters, 1),
            "S": (self._scroll_up, 1),
            "T": (self._scroll_down, 1),
            "X": (self.erase_characters, 1),
            "Z": (self._tabs_back, 1),
            "`": (self.cursor_to_column, 1),
            "a": (self.cursor_forward, 1),
            "b": (self._repeat, 1),
            "d": (self._to_line, 1),
            "e": (self.cursor_down, 1),
            "f": (self.cursor_position, 2),
            "g": (self.clear_tab_stop, 1),
            "h": (self._insert_on, 1),
            "l": (self._insert_off, 1),
            "r": (self._margins, 2),
            "s": (self._save, 0),
            "u": (self.restore_cursor, 0),
        }

    # -- what pyte lacks or does wrong -------------------------------------------------------------

    def _private_modes(self, values: list[int], *, on: bool) -> None:
        for value in values:
            if value in _ALTERNATE:
                self._switch(alternate=on)
            elif value == _SAVE_CURSOR:
                self._save() if on else self.restore_cursor()
            elif value in {1, 6, 7, 25}:  # arrows, origin, wrapping, cursor
                (self.set_mode if on else self.reset_mode)(value, private=True)

    def cursor_up(self, count: int | None = None) -> None:
        """Move up; above the scrolling margin, the window's edge is the limit."""
        top = self.margins.top if self.margins and self.cursor.y >= self.margins.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), top)

    def cursor_down(self, count: int | None = None) -> None:
        """Move down; below the scrolling margin, the window's edge is the limit."""
        last = self.lines - 1
        if self.margins and self.cursor.y <= self.margins.bottom:
            last = self.margins.bottom
        self.cursor.y = min(self.cursor.y + (count or 1), last)

    def _switch(self, *, alternate: bool) -> None:
        if alternate == self.alternate:
            return
        if alternate:
            self._normal = (self.buffer.copy(), copy(self.cursor))
            self.buffer.clear()
        else:
            assert self._normal is not None  # noqa: S101 - by the first line
            kept, self.cursor = self._normal
            self.buffer.clear()
            self.buffer.update(kept)
            self._normal = None
            self.ensure_hbounds()
            self.ensure_vbounds()
        self.margins = None

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size; a window that gets lower loses its upper rows first."""
        lines, columns = lines or self.lines, columns or self.columns
        _cut(self.buffer, self.cursor, lines, columns)
        if self._normal is not None:
            _cut(*self._normal, lines, columns)
        self.lines, self.columns, self.margins = lines, columns, None
        self.tabstops = set(range(8, columns, 8))
        self.ensure_hbounds()
        self.ensure_vbounds()

    def _report(self, what: str, values: list[int]) -> None:
        first = values[0] if values else 0
        answer = ""
        if what == "c" and first == 0:
            answer = "\x1b[?62;22c"  # a VT220 with colours
        elif what == ">c" and first == 0:
            answer = "\x1b[>1;10;0c"
        elif what == "n" and first == 5:
            answer = "\x1b[0n"
        elif what in {"n", "?n"} and first == 6:
            mark = what[:-1]
            column = min(self.cursor.x + 1, self.columns)
            answer = f"\x1b[{mark}{self.cursor.y + 1};{column}R"
        if answer and len(self.replies) < _MAX_REPLIES:
            self.replies.append(answer)

    def _repeat(self, count: int = 1) -> None:
        if self._last:
            self.draw(self._last * min(count or 1, self.columns * self.lines))

    def _scroll_up(self, count: int = 1) -> None:
        self._at_margin(top=False, do=self.index, count=count)

    def _scroll_down(self, count: int = 1) -> None:
        self._at_margin(top=True, do=self.reverse_index, count=count)

    def _at_margin(self, *, top: bool, do: Callable[[], None], count: int) -> None:
        kept = self.cursor.y
        first, last = self.margins or (0, self.lines - 1)
        self.cursor.y = first if top else last
        for _ in range(min(count or 1, self.lines)):
            do()
        self.cursor.y = kept

    def _tabs(self, count: int = 1) -> None:
        for _ in range(min(count or 1, self.columns)):
            self.tab()

    def _tabs_back(self, count: int = 1) -> None:
        for _ in range(min(count or 1, self.columns)):
            self.cursor.x = max((x for x in self.tabstops if x < self.cursor.x), default=0)

    def _to_line(self, line: int = 1) -> None:
        self.cursor_position(line, min(self.cursor.x, self.columns - 1) + 1)

    def _erase_display(self, how: int = 0) -> None:
        if how in {0, 1, 2}:  # 3 clears what has scrolled away
            self.erase_in_display(how)

    def _erase_line(self, how: int = 0) -> None:
        if how in {0, 1, 2}:
            self.erase_in_line(how)

    def _insert_on(self, mode: int = 0) -> None:
        if mode == modes.IRM:
            self.set_mode(mode)

    def _insert_off(self, mode: int = 0) -> None:
        if mode == modes.IRM:
            self.reset_mode(mode)

    def _margins(self, top: int = 0, bottom: int = 0) -> None:
        self.set_margins(top or 1, bottom or self.lines)

    def _save(self) -> None:
        self.savepoints.clear()  # one place, as in terminals; a stack would also grow for ever
        self.save_cursor()

    def restore_cursor(self) -> None:
        """Go back to the saved place, which stays saved."""
        super().restore_cursor()
        self._save()


def _combines(char: str) -> bool:
    return bool(unicodedata.combining(char))


def _cut(buffer: Any, cursor: Cursor, lines: int, columns: int) -> None:
    scroll = max(0, cursor.y - lines + 1)
    rows = {y - scroll: row for y, row in buffer.items() if 0 <= y - scroll < lines}
    for row in rows.values():
        for x in [x for x in row if x >= columns]:
            del row[x]
    buffer.clear()
    buffer.update(rows)
    cursor.y -= scroll
