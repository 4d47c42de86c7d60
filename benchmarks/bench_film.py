"""What recording the screen adds to a trial at a browser: wall time, CPU, megabytes.

    macrohard build examples/specs/tools.md --out runs/tools
    python benchmarks/bench_film.py runs/tools

The same walk through an application's pages, by turns with and without a film, beside the box; the
ratio of both is what counts, since both had the same machine. CPU is that of all processes that
the walk started: browser, server, Python, ffmpeg.
"""

import argparse
import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from macrohard.sandbox import choose
from macrohard.trying.target import find_target, lay_out
from macrohard.users import film
from macrohard.users.base import Open, Press
from macrohard.users.web.browser import BrowserDriver
from macrohard.users.web.chromium import Beside
from macrohard.users.web.served import Served

_SAY_LINKS = "[...document.links].map(a => new URL(a.href).pathname).slice(0, 8)"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Walk:
    """One trial.

    Attributes:
        actions: How many.
        acting_s: Wall time of the actions.
        closing_s: Wall time until the film lies there and the browser is gone.
        cpu_s: Of all processes, from the first action to the end.
        film_bytes: Size of the film.
    """

    actions: int
    acting_s: float
    closing_s: float
    cpu_s: float
    film_bytes: int


def main() -> None:
    """Print one row with films and one without."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", help="a run directory of an application with pages")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(compare(given.run, given.times))


async def compare(run: str, times: int) -> None:
    """Walk by turns, and print the medians."""
    rows: dict[bool, list[Walk]] = {False: [], True: []}
    for _ in range(times):
        for filmed in (False, True):
            rows[filmed].append(await walk(run, filmed=filmed))
    print("| film | ms/action | s at the end | CPU s | film MB |\n|---|---|---|---|---|")
    figures = {}
    for filmed, walks in rows.items():
        acting = median(1000 * each.acting_s / each.actions for each in walks)
        closing = median(each.closing_s for each in walks)
        cpu = median(each.cpu_s for each in walks)
        size = median(each.film_bytes for each in walks) / 1e6
        figures[filmed] = (acting, cpu)
        print(f"| {filmed} | {acting:.0f} | {closing:.1f} | {cpu:.1f} | {size:.2f} |")
    acting, cpu = (figures[True][n] / figures[False][n] for n in (0, 1))
    print(f"ratio: {acting:.2f} of the time of an action, {cpu:.2f} of the CPU of a trial")


async def walk(run: str, *, filmed: bool) -> Walk:
    """Look at some pages, with Tab through each."""
    target = find_target(run)
    boxes = choose("process", model_is_offline=True, allow_process=True)
    find = film.find_ffmpeg if filmed else lambda: None
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("macrohard.users.web.screencast.find_ffmpeg", find),
    ):
        try:
            async with await boxes.create(label="film") as box:
                env = await lay_out(box, target, None)
                async with Served(box, target.serve, label="film", env=env) as served:
                    return await _walk(served, Path(folder))
        finally:
            await boxes.close()


async def _walk(served: Served, folder: Path) -> Walk:
    actions, making = 0, 0.0

    async def make(*given: Any) -> Path | None:
        nonlocal making
        before = _children()
        made = await film.make_film(*given)
        making = _children() - before
        return made

    with patch("macrohard.users.web.screencast.make_film", make):
        async with BrowserDriver(served, Beside(), folder) as driver:
            before, begin = cpu_seconds(), time.monotonic()
            for path in await driver.ask(_SAY_LINKS):
                await driver.act(Open(address=path))
                for _ in range(3):
                    await driver.act(Press(keys="Tab"))
                actions += 4
            acted = time.monotonic()
            used = cpu_seconds() - before
    made = folder / film.FILM
    size = made.stat().st_size if made.exists() else 0
    return Walk(actions, acted - begin, time.monotonic() - acted, used + making, size)


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def cpu_seconds() -> float:
    """Of this process and all below it that live."""
    parents, used = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(used.get(pid, 0.0) for pid in ours)


if __name__ == "__main__":
    main()
