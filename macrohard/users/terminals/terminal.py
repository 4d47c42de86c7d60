"""A simulated user's terminal: a shell on a pseudo-terminal inside a box.

A command is over when the shell says so (see ``shell.py``), never because the
screen has been quiet. A program that waits for input is known by what the kernel says of it
(``foreground.py``). Only where that is not known, and of programs that own the
screen or are sent single keys, silence is taken for the end of what they want to show.
"""

import asyncio
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from macrohard.errors import SandboxError
from macrohard.sandbox.base import WORKSPACE, Sandbox, Terminal
from macrohard.users.base import Action, Observation, Press, Problem, Resize, TypeLine, Wait
from macrohard.users.cast import Cast
from macrohard.users.keys import check_typed, keys_to_send
from macrohard.users.terminals.display import Display
from macrohard.users.terminals.foreground import Doing, foreground
from macrohard.users.terminals.shell import ENVIRONMENT, SHELL, Prompt

_COMMITS = "\r\x03\x04\x1a\x1c"
"""Enter, and the keys that end, stop or suspend: after them the prompt may come back."""

_POLL_S = 0.05
_PAUSE_S = 0.005


@dataclass(frozen=True)
class Timing:
    """How long a user waits, in seconds.

    Attributes:
        prompt_s: For the prompt after a line.
        hang_s: For a command that has printed nothing at all, before it counts as hung.
        start_s: For the first prompt of a shell.
        reaction_s: For the answer of a full-screen program, or to single keys, to begin.
        quiet_s: Silence after which a full-screen program has drawn what it wants to draw.
        question_s: Silence after which a program that left the cursor behind a text is taken to
            wait for an answer, where nothing better is known.
        ask_s: Silence after which, and interval at which, the kernel is asked.
    """

    prompt_s: float = 5.0
    hang_s: float = 10.0
    start_s: float = 20.0
    reaction_s: float = 1.0
    quiet_s: float = 0.4
    question_s: float = 1.0
    ask_s: float = 0.25


@dataclass(frozen=True)
class Desk:
    """Where a user sits.

    Attributes:
        rows: Height of the window.
        columns: Width of the window.
        env: Variables besides :data:`macrohard.users.terminals.shell.ENVIRONMENT`.
        shell: Argument list of an interactive POSIX shell.
        title: Title of the recording.
        timing: How long the user waits for what.
    """

    rows: int = 30
    columns: int = 100
    env: tuple[tuple[str, str], ...] = ()
    shell: tuple[str, ...] = SHELL
    title: str = ""
    timing: Timing = Timing()


class TerminalDriver:
    """Drives one shell in a box. Use as an async context manager.

    Args:
        box: Where the shell runs.
        cwd: Folder it starts in, relative to the workspace of the box.
        desk: Where the user sits.

    Attributes:
        cast: The recording so far.
    """

    def __init__(self, box: Sandbox, *, cwd: str = "", desk: Desk | None = None) -> None:
        self._box = box
        self._cwd = cwd
        self._desk = desk or Desk()
        self.cast = Cast(self._desk.rows, self._desk.columns, title=self._desk.title)
        self._display = Display(self._desk.rows, self._desk.columns, self.cast)
        self._terminal: Terminal | None = None
        self._ended = False
        self._typed_ahead = False
        self._doing: Doing = "unknown"
        self._asked_s = 0.0
        self._workspace = WORKSPACE

    async def __aenter__(self) -> Self:
        self._workspace = await _find_workspace(self._box)
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the shell and everything started from it."""
        if self._terminal is not None:
            terminal, self._terminal = self._terminal, None
            await terminal.close()

    async def observe(self) -> Observation:
        """What is visible now."""
        self._display.begin()
        await self._read(0.0)
        return await self._look()

    async def act(self, action: Action) -> Observation:
        """Do one thing, wait for its effect, and look.

        Raises:
            UserActionError: Keys or text that cannot be typed.
            SandboxError: The box failed.
        """
        seen = await self._act(action)
        self.cast.marker("acted")  # so that a film finds what belongs to which action
        return seen

    async def _act(self, action: Action) -> Observation:
        match action:
            case TypeLine(text=text):
                check_typed(text)
                return await self._type([text, "\r"])
            case Press(keys=keys):
                arrows = self._display.window.application_arrows
                return await self._type(keys_to_send(keys, application_arrows=arrows))
            case Wait(seconds=seconds):
                self._display.begin()
                await self._wait(seconds)
            case Resize(rows=rows, columns=columns):
                self._display.resize(rows, columns)
                self._device.resize(rows, columns)
                await self._settle(commits=False, new=False)
        return await self._look()

    @property
    def _device(self) -> Terminal:
        if self._terminal is None:
            raise SandboxError("The terminal is not open; use the driver as a context manager.")
        return self._terminal

    async def _open(self) -> None:
        desk, prompt = self._desk, Prompt()
        self._terminal = await self._box.terminal(
            list(desk.shell),
            rows=self._display.window.lines,
            columns=self._display.window.columns,
            env={**ENVIRONMENT, **dict(desk.env)},
            cwd=self._cwd,
        )
        self._ended = False
        self._display.connect(prompt)
        await self._device.send(f"{prompt.setup()}\r".encode())
        deadline = time.monotonic() + desk.timing.start_s
        while not self._display.at_prompt:
            await self._read(_POLL_S)
            if self._ended or time.monotonic() > deadline:
                raise SandboxError(
                    f"No prompt came from {desk.shell[0]!r} in the box within "
                    f"{desk.timing.start_s:g} s; the box needs a POSIX shell."
                )

    async def _type(self, keys: list[str]) -> Observation:
        commits = any(key in _COMMITS for key in keys)
        new = commits and self._display.at_prompt
        typed = "".join(keys)
        if "\r" in typed and not self._display.at_prompt:
            self._typed_ahead = True
        self._display.begin()
        self._display.expect("".join(map(_echo, keys)), commits=commits)
        self.cast.typed(typed)
        await self._device.send(typed.encode())
        hangs = await self._settle(commits=commits, new=new)
        said = f"no output and no prompt for {self._desk.timing.hang_s:g} seconds"
        return await self._look((Problem(kind="hang", text=said),) if hangs else ())

    async def _look(self, problems: tuple[Problem, ...] = ()) -> Observation:
        seen = self._display.look(ended=self._ended, problems=problems)
        if self._ended:
            await self.close()
            await self._open()
        texts = {"text": seen.text, "screen": self._display.window.text()}
        if self._workspace != WORKSPACE:
            # Every box has its own; what a user reads must not depend on it.
            texts = {k: text.replace(self._workspace, WORKSPACE) for k, text in texts.items()}
        return seen.model_copy(update=texts)

    # -- waiting ---------------------------------------------------------------------------------

    async def _settle(self, *, commits: bool, new: bool) -> bool:
        """Read until the action has had its effect.

        Args:
            commits: Whether the keys may have started or ended something.
            new: Whether they may have started a command.

        Returns:
            Whether a new command seems to hang.
        """
        timing, start = self._desk.timing, time.monotonic()
        self._doing, self._asked_s = "unknown", start
        while True:
            now = time.monotonic()
            quiet = now - max(start, self._display.last_change_s)
            if self._ended or await self._has_settled(quiet, commits=commits):
                return False
            if now - start >= timing.prompt_s:
                if not (new and self._display.silent):
                    return False
                if now - start >= timing.hang_s:
                    return True
            await self._read(_POLL_S)

    async def _has_settled(self, quiet: float, *, commits: bool) -> bool:
        timing, display = self._desk.timing, self._display
        if display.new_prompt:
            return self._prompt_stays(quiet)
        if display.wants_more:
            return quiet >= timing.quiet_s
        patience = timing.quiet_s if display.reacted else timing.reaction_s
        if display.window.alternate:
            drawn = quiet >= patience and bool(display.window.text())
            return drawn and await self._ask_kernel() != "computes"
        if not commits and not display.full_screen_seen:
            return quiet >= patience
        if quiet < timing.ask_s:
            return False
        doing = await self._ask_kernel()
        asks = doing == "unknown" and quiet >= timing.question_s and display.asks
        return asks or (doing == "reads" and not await self._read(0.0))

    async def _ask_kernel(self) -> Doing:
        now = time.monotonic()
        if now - max(self._asked_s, self._display.last_change_s) >= self._desk.timing.ask_s:
            self._doing = await foreground(self._box, self._display.shell_pid)
            self._asked_s = time.monotonic()
        return self._doing

    def _prompt_stays(self, quiet: float) -> bool:
        """A line typed while a program ran may be what the shell runs just now."""
        if self._typed_ahead and quiet < self._desk.timing.quiet_s:
            return False
        self._typed_ahead = False
        return True

    async def _wait(self, seconds: float) -> None:
        """Read for a while; a command that ends meanwhile ends the wait."""
        deadline = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            quiet = now - self._display.last_change_s
            if self._ended or (self._display.new_prompt and self._prompt_stays(quiet)):
                return
            await self._read(max(0.0, min(deadline - now, _POLL_S)))
            if now >= deadline:
                return

    async def _read(self, timeout_s: float) -> bool:
        """Take in what came; whether anything did."""
        data = await self._device.read(timeout_s)
        if data:
            reply = self._display.take(data)
            if reply:
                await self._device.send(reply.encode())
            return True
        # After the end, read() may return at once; the news of the end needs a turn of the loop.
        await asyncio.sleep(_PAUSE_S)
        self._ended = not self._device.alive
        return False


def _echo(key: str) -> str:
    """What a terminal in its usual mode shows for a key."""
    if key == "\r":
        return "\r\n"
    return "".join(_caret(char) for char in key)


def _caret(char: str) -> str:
    return f"^{chr(ord(char) ^ 0x40)}" if (char < " " and char != "\t") or char == "\x7f" else char


async def _find_workspace(box: Sandbox) -> str:
    """Where the workspace is as programs in the box see it."""
    found = await box.exec(["sh", "-c", 'printf %s "$MACROHARD_WORK"'], timeout_s=10)
    return found.stdout or WORKSPACE
