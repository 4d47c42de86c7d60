"""Progress while a run works: a view that refreshes on a terminal, lines anywhere else."""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from macrohard.config import STAGES
from macrohard.journal import Event
from macrohard.report.plain import tell
from macrohard.report.tally import Doing, Tally
from macrohard.report.words import clean, duration, money, plural, tokens

_MARKS = {"waiting": ("·", "dim"), "working": ("▶", "bold cyan"), "done": ("✓", "green")}
_ASCII_MARKS = {"waiting": ".", "working": ">", "done": "x"}
_STYLES = {
    "merged": "green",
    "ready": "green",
    "passed": "green",
    "satisfied": "green",
    "failed": "red",
    "blocked": "yellow",
    "conflict": "yellow",
    "not satisfied": "red",
}
_RESERVED_ROWS = 9
"""Rows of the view that are not items: head, stages, tests, totals, margins."""
_COLUMNS, _TITLE = 4, 2
"""Of the table of items and trials: how many, and which one is the title."""


class Progress:
    """Shows a run to a person, event by event. Use as a context manager.

    Args:
        console: Where to; a terminal gets the live view.
        title: What is being built.
        earlier: Events of earlier starts of the same run.
    """

    def __init__(self, console: Console, title: str, earlier: Iterable[Event] = ()) -> None:
        self._console = console
        self._tally = Tally()
        for event in earlier:
            self._tally.take(event)
        self._began = time.monotonic()
        self._live: Live | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            view = _View(self._tally, clean(title), self._began)
            self._live = Live(view, console=console, refresh_per_second=4, transient=True)

    def take(self, event: Event) -> None:
        """Show one event."""
        self._tally.take(event)
        if self._live is None or event["type"] == "notice":
            line = tell(event)
            if line:
                elapsed = time.monotonic() - self._began
                text = f"{elapsed:8.1f}s  {line}"
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def pause(self) -> None:
        """Clear the view, so that a person can be asked something."""
        if self._live is not None:
            self._live.stop()

    def go_on(self) -> None:
        """Show the view again."""
        if self._live is not None:
            self._live.start()

    def __enter__(self) -> Self:
        self.go_on()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()


class _View:
    """What the live view draws each time: read from the tally, never changed by it."""

    def __init__(self, tally: Tally, title: str, began: float) -> None:
        self._tally = tally
        self._title = title
        self._began = began

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ascii_only = options.ascii_only
        room = max(3, (options.max_height or console.height) - _RESERVED_ROWS)
        stages = _stages(self._tally, options.max_width, ascii_only=ascii_only)
        parts: list[Text | Table] = [self._head(), stages]
        parts.append(_doings(self._tally, room, ascii_only=ascii_only))
        parts.append(_results(self._tally))
        parts.append(self._totals(options.max_width))
        yield Group(*parts)

    def _head(self) -> Text:
        tally = self._tally
        elapsed = duration(time.monotonic() - self._began)
        head = Text.assemble((self._title, "bold"), f"  round {tally.round}  {elapsed}")
        head.truncate(200)
        return head

    def _totals(self, width: int) -> Text:
        """Calls, tokens, cost and who is at work, in as many lines as needed."""
        tally = self._tally
        parts = [plural(tally.calls, "call")]
        if tally.reused:
            parts.append(f"{tally.reused:,} reused")
        parts += [f"{tokens(tally.tokens)} tokens", money(tally.usd)]
        if tally.at_work:
            parts.append(plural(len(tally.at_work), "agent") + " at work")
        if tally.last_role:
            parts.append(f"last answer from {clean(tally.last_role)}")
        lines = [parts[0]]
        for part in parts[1:]:
            if len(lines[-1]) + 2 + len(part) > width:
                lines.append(part)
            else:
                lines[-1] += f"  {part}"
        return Text("\n".join(lines), style="dim", overflow="ellipsis", no_wrap=True)


def _stages(tally: Tally, width: int, *, ascii_only: bool) -> Text:
    """Every stage with its mark, in as many lines as needed; a mark stays with its stage."""
    lines = Text()
    used = 0
    for stage in STAGES:
        state = tally.stages[stage]
        if stage == "assets" and state == "waiting":
            continue  # most apps have no pictures
        mark, style = _MARKS[state]
        chip = f"{_ASCII_MARKS[state] if ascii_only else mark} {stage} "
        if used and used + len(chip) > width:
            lines.append("\n")
            used = 0
        lines.append(chip, style=style)
        used += len(chip)
    return lines


def _doings(tally: Tally, room: int, *, ascii_only: bool) -> Table:
    """Those at work first, then what ended last, as many as there is room for."""
    mine = [item for item in tally.items.values() if item.round == tally.round]
    every = [*mine, *tally.checks_of_round, *tally.trials_of_round]
    working = [one for one in every if not one.outcome]
    ended = sorted((one for one in every if one.outcome), key=lambda one: one.ended)
    shown = working[:room]
    left = room - len(shown)
    shown += ended[max(0, len(ended) - left) :] if left > 0 else []
    rows = [_row(one, ascii_only=ascii_only) for one in shown]
    table = Table.grid(padding=(0, 2), expand=True)
    for column in range(_COLUMNS):
        # In a narrow window the title gives way; ids, roles and outcomes stay whole.
        longest = max((row[column].cell_len for row in rows), default=0)
        if column == _TITLE:
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        else:
            table.add_column(no_wrap=True, overflow="ellipsis", width=min(longest, 22))
    for row in rows:
        table.add_row(*row)
    hidden = len(every) - len(shown)
    if hidden > 0:
        table.add_row("", "", Text(f"and {hidden} more", style="dim"), "")
    return table


def _row(one: Doing, *, ascii_only: bool) -> tuple[Text, Text, Text, Text]:
    working = not one.outcome
    mark = (">" if ascii_only else "▶") if working else " "
    return (
        Text(f"{mark} {clean(one.name)}", style="cyan" if working else ""),
        Text(clean(one.who)),
        Text(clean(one.title)),
        Text(clean(one.outcome or "at work"), style=_STYLES.get(one.outcome, "cyan")),
    )


def _results(tally: Tally) -> Text:
    line = Text()
    for suite, (passed, failed) in tally.tests.items():
        style = "red" if failed else "green"
        line.append(f"{suite} tests {passed} of {passed + failed}  ", style=style)
    trials = [trial for trial in tally.trials_of_round if trial.outcome]
    if trials:
        happy = sum(1 for trial in trials if trial.outcome == "satisfied")
        style = "green" if happy == len(trials) else "red"
        line.append(f"users satisfied {happy} of {len(trials)}  ", style=style)
    if tally.defects:
        line.append(plural(tally.defects, "defect") + " so far", style="yellow")
    return line
