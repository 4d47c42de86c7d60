"""The visible window of a terminal: takes tokens, and answers what programs ask a terminal.

Parameters are bounded and counted here, so that no sequence can raise; what is unknown is left
out, as terminals do.
"""

from collections.abc import Callable

from macrohard.users.terminals.grid import Grid
from macrohard.users.terminals.tokens import Token

_ALTERNATE = {47, 1047, 1049}
_SAVE_CURSOR = 1048
_PLAIN_MODES = {1, 6, 7, 25}
"""DEC private modes that are kept: arrow keys, origin, wrapping, cursor (xterm's ctlseqs)."""

_MAX_REPLIES = 64


class Window(Grid):
    """A window that takes tokens.

    Args:
        rows: Height in characters.
        columns: Width in characters.

    Attributes:
        replies: What the terminal must send back to the program (cursor position and the like).
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.replies: list[str] = []
        super().__init__(rows, columns)
        self._csi = self._table()

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
                self.save_place()
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
            "I": (self.tab_on, 1),
            "J": (self.erase_display, 1),
            "K": (self.erase_line, 1),
            "L": (self.insert_lines, 1),
            "M": (self.delete_lines, 1),
            "P": (self.delete_characters, 1),
            "S": (self.scroll_up, 1),
            "T": (self.scroll_down, 1),
            "X": (self.erase_characters, 1),
            "Z": (self.tab_back, 1),
            "`": (self.cursor_to_column, 1),
            "a": (self.cursor_forward, 1),
            "b": (self.repeat, 1),
            "d": (self.to_line, 1),
            "e": (self.cursor_down, 1),
            "f": (self.cursor_position, 2),
            "g": (self.clear_tab_stop, 1),
            "h": (self.insert_on, 1),
            "l": (self.insert_off, 1),
            "r": (self.scroll_within, 2),
            "s": (self.save_place, 0),
            "u": (self.restore_cursor, 0),
        }

    def _private_modes(self, values: list[int], *, on: bool) -> None:
        for value in values:
            if value in _ALTERNATE:
                self.switch(alternate=on)
            elif value == _SAVE_CURSOR:
                self.save_place() if on else self.restore_cursor()
            elif value in _PLAIN_MODES:
                (self.set_mode if on else self.reset_mode)(value, private=True)

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
