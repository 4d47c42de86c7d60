"""A grid of characters: pyte's screen, made fit for programs nobody has read.

pyte alone has no alternate screen, no scrolling up and down, no repeat (which ncurses uses for
``xterm-256color``), forgets the saved cursor once it was used, moves the cursor into the scrolling
region from below it, and drops the rest of a text after a character that takes no room. Plain
text is drawn some three times faster here.
"""

import unicodedata
from collections.abc import Callable
from copy import copy
from typing import Any

import pyte
from pyte import charsets, modes
from pyte.screens import Char, Cursor
from wcwidth import wcwidth

_KEYPAD_ARROWS = 1


class Grid(pyte.Screen):
    """What a terminal keeps: characters, a cursor, modes, and a second grid behind the first.

    Args:
        rows: Height in characters.
        columns: Width in characters.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._normal: tuple[Any, Cursor] | None = None
        self._glyphs: dict[str, Char] = {}
        self._glyph_style: Char | None = None
        self._last = ""
        super().__init__(columns, rows)

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

    # -- what changes it ---------------------------------------------------------------------

    def leave_full_screen(self) -> None:
        """Undo what a program left behind when it ended, as ``reset`` does, keeping the text."""
        if self.alternate:
            self.switch(alternate=False)
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

    def switch(self, *, alternate: bool) -> None:
        """Show the alternate grid, empty, or the normal one as it was."""
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

    def repeat(self, count: int = 1) -> None:
        """Draw the last character again."""
        if self._last:
            self.draw(self._last * min(count or 1, self.columns * self.lines))

    def scroll_up(self, count: int = 1) -> None:
        """Move everything within the margins up."""
        self._at_margin(top=False, do=self.index, count=count)

    def scroll_down(self, count: int = 1) -> None:
        """Move everything within the margins down."""
        self._at_margin(top=True, do=self.reverse_index, count=count)

    def _at_margin(self, *, top: bool, do: Callable[[], None], count: int) -> None:
        kept = self.cursor.y
        first, last = self.margins or (0, self.lines - 1)
        self.cursor.y = first if top else last
        for _ in range(min(count or 1, self.lines)):
            do()
        self.cursor.y = kept

    def tab_on(self, count: int = 1) -> None:
        """Go on by tab stops."""
        for _ in range(min(count or 1, self.columns)):
            self.tab()

    def tab_back(self, count: int = 1) -> None:
        """Go back by tab stops."""
        for _ in range(min(count or 1, self.columns)):
            self.cursor.x = max((x for x in self.tabstops if x < self.cursor.x), default=0)

    def to_line(self, line: int = 1) -> None:
        """Go to a row, in the same column."""
        self.cursor_position(line, min(self.cursor.x, self.columns - 1) + 1)

    def erase_display(self, how: int = 0) -> None:
        """Erase below (0), above (1) or all (2)."""
        if how in {0, 1, 2}:  # 3 clears what has scrolled away
            self.erase_in_display(how)

    def erase_line(self, how: int = 0) -> None:
        """Erase to the right (0), to the left (1) or all (2)."""
        if how in {0, 1, 2}:
            self.erase_in_line(how)

    def insert_on(self, mode: int = 0) -> None:
        """Switch inserting on; other modes are left as they are."""
        if mode == modes.IRM:
            self.set_mode(mode)

    def insert_off(self, mode: int = 0) -> None:
        """Switch inserting off."""
        if mode == modes.IRM:
            self.reset_mode(mode)

    def scroll_within(self, top: int = 0, bottom: int = 0) -> None:
        """Set the margins; 0 is the window's edge."""
        self.set_margins(top or 1, bottom or self.lines)

    def save_place(self) -> None:
        """Save the cursor."""
        self.savepoints.clear()  # one place, as in terminals; a stack would also grow for ever
        self.save_cursor()

    def restore_cursor(self) -> None:
        """Go back to the saved place, which stays saved."""
        super().restore_cursor()
        self.save_place()


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
