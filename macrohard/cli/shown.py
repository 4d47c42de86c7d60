"""Shows a run while it works, and how it ended."""

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from macrohard.cli.consoles import err, print_json
from macrohard.cli.finding import RUNS
from macrohard.errors import BudgetError, MacrohardError
from macrohard.journal import Event, Listener

if TYPE_CHECKING:
    from macrohard.api import BuildResult
    from macrohard.report.live import Progress


class Shown:
    """Shows a run while it works and how it ended, in the way that was asked for.

    Args:
        title: What is being built.
        folder: The run directory; None when the run is to name it.
        json_: Whether the result is printed as JSON.
        quiet: Whether nothing but errors is shown.
        earlier: Events of earlier starts of the run.
    """

    def __init__(
        self,
        title: str,
        folder: Path | None,
        *,
        json_: bool,
        quiet: bool,
        earlier: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._title = title
        self._folder = folder
        self._begun = False
        self._json = json_
        self._quiet = quiet
        self._earlier = earlier
        self._progress: Progress | None = None
        self._result: BuildResult | None = None

    @property
    def approver(self) -> Callable[[str], bool] | None:
        """Asks the person at the terminal; None where there is nobody to ask."""
        quiet = self._quiet or self._json
        return None if quiet or not sys.stdin.isatty() or not err().is_terminal else self._ask

    def take(self, event: dict[str, Any]) -> None:
        """Show one event."""
        if event["type"] == "run_started":
            self._begun = True
            self._folder = self._folder or RUNS / event["id"]
        if self._progress is not None:
            self._progress.take(event)

    def end(self, result: "BuildResult") -> None:
        """Keep the result to tell it on leaving."""
        self._result = result

    def __enter__(self) -> Self:
        if not self._quiet:
            from macrohard.report.live import Progress  # noqa: PLC0415 - rich is slow to import

            self._progress = Progress(err(), self._title, self._earlier)
            self._progress.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.__exit__(kind, error, trace)
        if self._result is not None:
            self._tell(self._result)
        elif isinstance(error, MacrohardError):
            self._tell_error(error)

    def _tell(self, result: "BuildResult") -> None:
        if not self._quiet:
            from macrohard.report.summary import print_summary  # noqa: PLC0415

            print_summary(err(), result.record, result.run_dir)
        if self._json:
            print_json({**result.record, "run_dir": str(result.run_dir)})
        if not result.accepted:
            raise typer.Exit(1)

    def _tell_error(self, error: MacrohardError) -> None:
        """Where the run is kept; the error itself is told by main, which every error reaches."""
        folder = str(self._folder) if self._begun else None
        best = self._best() if isinstance(error, BudgetError) else None
        if self._json:
            said = {"type": type(error).__name__, "message": str(error)}
            left = best["best"] if best else None
            print_json(
                {
                    "status": "error", "exit_code": error.exit_code, "error": said,
                    "run_dir": folder, "best": left,
                }
            )  # fmt: skip
        if best and not self._quiet:
            from macrohard.report.summary import print_summary  # noqa: PLC0415 - keeps help fast

            print_summary(err(), best, Path(str(folder)))
        if folder and not self._quiet:
            told = "macrohard resume" in str(error)
            way_on = "" if told else f" Go on with: macrohard resume {shlex.quote(folder)}"
            sys.stderr.write(f"The run is kept in {folder}.{way_on}\n")

    def _best(self) -> dict[str, Any] | None:
        """The record of the run, when a cap stopped it and an app was left."""
        from macrohard.record import FILE, read_record  # noqa: PLC0415 - keeps help fast

        if not self._begun or self._folder is None or not (self._folder / FILE).is_file():
            return None
        record = read_record(self._folder)
        return record if record.get("best") else None

    def _ask(self, stage: str) -> bool:
        """Yes goes on. Ctrl-C and the end of input are no: the run stops and can be resumed."""
        if self._progress is not None:
            self._progress.pause()
        # The event loop swallows SIGINT while it is blocked here.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            _forget_what_was_typed()
            sys.stderr.write(f"See documents/ in the run. Stage {stage} is done. Go on? [y/N] ")
            sys.stderr.flush()
            return sys.stdin.readline().strip().lower() in {"y", "yes"}
        except KeyboardInterrupt:
            return False
        finally:
            signal.signal(signal.SIGINT, before)
            if self._progress is not None:
                self._progress.go_on()


def _forget_what_was_typed() -> None:
    """Keys that were pressed before there was a question are no answer to it."""
    if sys.stdin.isatty():
        import termios  # noqa: PLC0415 - where there are terminals, there it is

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


@contextmanager
def listening(take: Listener, folder: Path | None, *, wanted: bool) -> Iterator[Listener]:
    """A listener that shows events and, where that is wanted, sends spans of them.

    Args:
        take: Shows an event.
        folder: The run directory; None when the run is to name it.
        wanted: Whether spans are sent.
    """
    if not wanted:
        yield take
        return
    from macrohard.telemetry import Exported  # noqa: PLC0415 - an extra

    with Exported(lambda run_id: folder or RUNS / run_id) as exported:

        def both(event: Event) -> None:
            take(event)
            exported.take(event)

        yield both
