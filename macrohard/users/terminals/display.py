"""Turns what a pseudo-terminal sends into what a user sees, and knows when the prompt is back.

Each piece of the stream goes to the window (what is visible now), to the sheet (what this action
printed) and to the recording. The user's own typing, echoed by the terminal, and the prompt are
visible, but they are nothing that the program printed.
"""

import codecs
import time
from collections import deque

from macrohard.users.base import Observation, Problem, State
from macrohard.users.cast import Cast
from macrohard.users.terminals.printed import Sheet
from macrohard.users.terminals.screen import Window
from macrohard.users.terminals.shell import Mark, Prompt
from macrohard.users.terminals.tokens import Token, Tokenizer

WINDOW_BUDGET = 200_000
"""Characters of one action drawn as they come; of a flood past it only the end is drawn."""

_FLOOD_TAIL = 4_000
"""Tokens drawn at the end of a flood: far more than a window shows."""


class Display:
    """What one terminal shows.

    Args:
        rows: Height of the window.
        columns: Width of the window.
        cast: The recording.

    Attributes:
        prompt: How the shell that is shown marks its prompt.
        at_prompt: Whether the shell waits for a command.
        shell_pid: Process id of the shell, as its box counts.
        new_prompt: Whether its prompt came in this action.
        wants_more: Whether the shell waits for the rest of a command.
        reacted: Whether anything came in this action besides the echo of what was typed.
        full_screen_seen: Whether a program owned the screen at any time in this action.
        last_change_s: When something came last, in seconds of the monotonic clock.
    """

    def __init__(self, rows: int, columns: int, cast: Cast) -> None:
        self.window = Window(rows, columns)
        self.cast = cast
        self.connect(Prompt())
        self.begin()

    def connect(self, prompt: Prompt) -> None:
        """A new shell will be shown: nothing of it is shown before its first prompt."""
        self.prompt = prompt
        self.at_prompt = self.new_prompt = self.wants_more = False
        self.shell_pid = self._status = 0
        self._in_prompt = False
        self._hidden = True
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._tokens = Tokenizer()

    def begin(self) -> None:
        """A new action: what comes from here on is put down to it."""
        self.sheet = Sheet(self.window.lines, self.window.columns)
        self.reacted = self.new_prompt = False
        self.full_screen_seen = self.window.alternate
        self.last_change_s = time.monotonic()
        self._started_full_screen = self.window.alternate
        self._echo = ""
        self._echoed: list[Token] = []
        self._drawn = 0
        self._flood: deque[Token] = deque(maxlen=_FLOOD_TAIL)

    def expect(self, echo: str, *, commits: bool) -> None:
        """The user is about to type.

        Args:
            echo: What the terminal shows for it in its usual mode.
            commits: Whether a command may start or end by it.
        """
        self._echo = echo
        if commits:
            self.at_prompt = self.wants_more = False

    def resize(self, rows: int, columns: int) -> None:
        """The window has a new size."""
        self._draw_flood()
        self.window.resize(rows, columns)
        self.begin()
        self.cast.resized(rows, columns)

    @property
    def asks(self) -> bool:
        """Whether the cursor stands behind a text, as after a question."""
        self._draw_flood()
        return self.reacted and bool(self.window.line_to_cursor().strip())

    @property
    def silent(self) -> bool:
        """Whether nothing visible came in this action."""
        return self.sheet.blank and not self.full_screen_seen

    def look(self, *, ended: bool = False, problems: tuple[Problem, ...] = ()) -> Observation:
        """What there is to see now."""
        self._draw_flood()
        text = self.sheet.text()
        if self._full_screen:
            before = self.sheet.text(without_pages=self.sheet.addressed)
            text = "\n".join(part for part in (before, self.window.text()) if part)
        return Observation(
            text=text, screen=self.window.text(), state=self._state(ended), problems=problems
        )

    def _state(self, ended: bool) -> State:
        if ended:
            return State(at="ended")
        if self.at_prompt:
            return State(at="prompt", exit_status=self._status)
        if self.wants_more:
            return State(at="more")
        return State(at="full-screen" if self._full_screen else "running")

    @property
    def _full_screen(self) -> bool:
        """Whether a program runs that owns the screen, be it the alternate one or not."""
        return self.window.alternate or (self.sheet.addressed and not self.at_prompt)

    # -- what arrives ----------------------------------------------------------------------------

    def take(self, data: bytes) -> str:
        """Show what came.

        Returns:
            What the terminal must send back, such as the cursor's position.
        """
        self.last_change_s = time.monotonic()
        shown: list[str] = []
        for token in self._tokens.feed(self._decoder.decode(data)):
            mark = self.prompt.read(token)
            if mark is not None:
                self._take_mark(mark)
            elif not self._hidden:
                shown.append(token.raw)
                self._take_token(token)
        self.cast.output("".join(shown))
        replies, self.window.replies = "".join(self.window.replies), []
        # At the prompt, who asked has gone; the shell would take the answer for typing.
        return "" if self.at_prompt else replies

    def _take_mark(self, mark: Mark) -> None:
        self._echo = ""
        if mark.kind == "prompt":
            self._draw_flood()
            self._watch_full_screen(None)
            self._in_prompt, self._hidden = True, False
            self._status, self.shell_pid = mark.exit_status, mark.shell_pid
        elif mark.kind == "ready" and self._in_prompt:
            self._in_prompt = self.wants_more = False
            self.at_prompt = self.new_prompt = True
        elif mark.kind == "more":
            self.wants_more = True

    def _take_token(self, token: Token) -> None:
        if self._in_prompt or (self.wants_more and token.raw == "> "):
            self.window.feed(token)
            return
        if self._echo:
            rest = self._without_echo(token)
            if rest is None:
                return
            token = rest
        self.reacted = True
        if self.window.alternate or (token.kind == "csi" and token.mark == "?"):
            self._watch_full_screen(token)
        else:
            self.sheet.feed(token)
            self._draw(token)

    def _without_echo(self, token: Token) -> Token | None:
        raw, echo = token.raw, self._echo
        if echo.startswith(raw):
            self._echo = echo.removeprefix(raw)
            self._echoed.append(token)
            self.window.feed(token)
            return None
        if token.kind == "text" and raw.startswith(echo):
            self.window.feed(Token("text", echo, echo))
            self._echo = ""
            rest = raw.removeprefix(echo)
            return Token("text", rest, rest)
        for held in self._echoed:  # no echo after all: a program wrote what looked like one
            self.sheet.feed(held)
        self._echo = ""
        return token

    def _watch_full_screen(self, token: Token | None) -> None:
        """Feed a token that may enter or leave the alternate screen; None: the program is gone."""
        was = self.window.alternate
        before = self.window.text() if was and (token is None or token.kind != "text") else ""
        if token is None:
            self.window.leave_full_screen()
        else:
            self._draw_flood()
            self.window.feed(token)
        self.full_screen_seen = self.full_screen_seen or self.window.alternate
        if was and not self.window.alternate and not self._started_full_screen:
            # It came and went within one action: nobody has seen it yet.
            self.sheet.add_block(before)

    def _draw(self, token: Token) -> None:
        self._drawn += len(token.raw)
        if self._drawn <= WINDOW_BUDGET:
            self.window.feed(token)
        else:
            self._flood.append(token)

    def _draw_flood(self) -> None:
        while self._flood:
            self.window.feed(self._flood.popleft())
