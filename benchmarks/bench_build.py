"""Figures of the factory with the offline model, measured on this machine.

    python benchmarks/bench_build.py [example] [five] [imports] [overhead] [faults] [kills]

Each build is a process of its own, so its time and peak memory are those a person would see.
``faults`` and ``kills`` take minutes and print as they go; ``--kills N`` sets how many, ``--spec``
what they build: ``kills`` builds ``small.md``, which is beside this file, unless told otherwise.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "examples" / "specs"
EXAMPLE = SPECS / "expenses.md"
FIVE_KINDS = SPECS / "library.md"
SMALL = Path(__file__).parent / "small.md"
ROWS = (5_000, 20_000)
"""Sizes of the files that are imported."""


def build(spec: Path, out: Path, *options: str) -> tuple[float, float, dict[str, Any]]:
    """One build by the command line: wall seconds, peak megabytes of any process, record."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "macrohard", "build", str(spec), "--out", str(out), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    record = json.loads((out / "run.json").read_text())
    return seconds, usage.ru_maxrss / 1024, record


def size_mb(folder: Path) -> float:
    """Megabytes of all files below."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def tree(out: Path) -> str:
    """Hash of the built app's tree."""
    return subprocess.run(
        ["git", "rev-parse", "main^{tree}"],
        cwd=out / "app",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def show(title: str, spec: Path, scratch: Path, runs: int = 3) -> None:
    """Time some builds of one spec."""
    rows = []
    for number in range(runs):
        out = scratch / f"{spec.stem}-{number}"
        seconds, memory, record = build(spec, out)
        rows.append((seconds, memory))
    rows.sort()
    seconds, memory = rows[len(rows) // 2]
    print(
        f"{title}: median of {runs}: {seconds:.1f} s, {memory:.0f} MB peak; "
        f"{record['status']}, {record['satisfied']}/{record['scenarios']} users satisfied, "
        f"{record['cost']['calls']} calls, {kinds_of(out)} record kinds, "
        f"run directory {size_mb(out):.1f} MB",
        flush=True,
    )


def kinds_of(out: Path) -> int:
    """How many kinds of record a built app keeps: it has a module for each."""
    return sum(path.name != "__init__.py" for path in (out / "app").glob("*/records/*.py"))


def imports(scratch: Path) -> None:
    """CPU of imports into an app with a bound on what the rows refer to, by size of the file."""
    from macrohard.llm.offline.appgen import generate
    from macrohard.llm.offline.dialect import parse_spec

    app = parse_spec((SPECS / "workshop.md").read_text())
    for path, text in generate(app).items():
        place = scratch / "imports" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    command = [sys.executable, "-m", app.slug]
    for rows in ROWS:
        database = scratch / f"{rows}.db"
        file = scratch / f"{rows}.csv"
        lines = (f"1,{'in' if n % 2 == 0 else 'out'},{n % 7 + 1}" for n in range(rows))
        file.write_text("item,direction,quantity\n" + "\n".join(lines) + "\n1,in,20000\n")
        place = scratch / "imports"
        item = ["item", "add", "--name", "Bolt", "--price", "1"]
        subprocess.run([*command, "--db", str(database), *item], cwd=place, check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        load = [*command, "--db", str(database), "movement", "import", str(file)]
        subprocess.run(load, cwd=place, check=True)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        print(f"import of {rows + 1} movements of one bounded item: {seconds:.2f} s of CPU")


def faults(scratch: Path) -> None:
    """Ten builds with an erring model: rounds and final verdicts."""
    _, _, clean = build(EXAMPLE, scratch / "clean")
    wanted = tree(scratch / "clean")
    for seed in range(10):
        out = scratch / f"faults-{seed}"
        seconds, _, record = build(EXAMPLE, out, "--faults", "0.3", "--seed", str(seed))
        same = "same app" if tree(out) == wanted else "other text"
        print(
            f"faults 0.3 seed {seed}: {record['status']}, {record['round']} rounds, "
            f"{len(record['defects'])} defects, {record['satisfied']}/{record['scenarios']} "
            f"satisfied, {same}, {seconds:.1f} s (without faults: {clean['round']} round)",
            flush=True,
        )


def kills(scratch: Path, count: int, seed: int, spec: Path) -> None:
    """Kill builds with SIGKILL at random moments, resume, compare with an undisturbed build."""
    seconds, _, record = build(spec, scratch / "whole")
    wanted, calls = tree(scratch / "whole"), record["cost"]["calls"]
    chance = random.Random(seed)
    same = repeated = more = 0
    for number in range(count):
        out = scratch / f"kill-{number}"
        _kill_once(spec, out, chance.uniform(0.3, seconds))
        if not (out / "run.json").exists():
            build(spec, out)  # killed before there was a run
        else:
            subprocess.run(
                [sys.executable, "-m", "macrohard", "resume", str(out)],
                capture_output=True,
                check=False,
            )
        ended = json.loads((out / "run.json").read_text())
        good = ended["status"] == record["status"] and tree(out) == wanted
        same += good
        asked = [
            event["key"]
            for event in map(json.loads, (out / "events.jsonl").read_text().splitlines())
            if event["type"] == "call_finished" and not event["reused"]
        ]
        repeated += len(asked) - len(set(asked))
        more += max(0, ended["cost"]["calls"] - calls)
        if good:
            shutil.rmtree(out)
        else:
            print(f"kill {number}: {ended['status']}: {ended['error']}; kept in {out}")
        print(
            f"{spec.name}: kill -9 at {number + 1} of {count} random moments (seed {seed}): {same} "
            f"resumed to the same app; {repeated} repeated calls (same request made again), "
            f"{more} calls beyond those of an undisturbed build",
            flush=True,
        )


def _kill_once(spec: Path, out: Path, after: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "macrohard", "build", str(spec), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


class Busy:
    """Wall time during which at least one of the watched calls runs."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._running = 0
        self._since = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Count what is inside."""
        if not self._running:
            self._since = time.perf_counter()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self.seconds += time.perf_counter() - self._since


def watched(target: Any, busy: Busy, names: set[str]) -> Any:
    """A proxy of an object whose named coroutine methods are counted as busy."""

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            value = getattr(target, name)
            if name not in names:
                return value

            async def call(*arguments: Any, **options: Any) -> Any:
                with busy.watch():
                    result = await value(*arguments, **options)
                return watched(result, busy, names) if name in {"create", "terminal"} else result

            return call

        async def __aenter__(self) -> Any:
            await target.__aenter__()
            return self

        async def __aexit__(self, *error: object) -> None:
            with busy.watch():
                await target.__aexit__(*error)

    return Proxy()


def overhead(scratch: Path) -> None:
    """Wall time outside model, sandbox and driver, divided by calls."""
    from macrohard.api import abuild
    from macrohard.llm import open_model
    from macrohard.sandbox import choose

    busy = Busy()
    model = watched(open_model("offline"), busy, {"complete"})
    boxes = watched(
        choose("process", model_is_offline=True, allow_process=True),
        busy,
        {"create", "exec", "read", "write", "put_tree", "get_tree", "close", "terminal", "send"},
    )
    began = time.perf_counter()
    result = asyncio.run(abuild(EXAMPLE, out=scratch / "overhead", model=model, sandbox=boxes))
    wall = time.perf_counter() - began
    own = wall - busy.seconds
    print(
        f"orchestration: {wall:.2f} s wall, {busy.seconds:.2f} s in model and sandbox (driver "
        f"included), {own:.2f} s own, {result.cost.calls} calls: "
        f"{1000 * own / result.cost.calls:.1f} ms a call"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of that process: {peak:.0f} MB")


def main() -> None:
    """Run what was asked for; all but faults and kills by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["example", "five", "imports", "overhead"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spec", type=Path, default=SMALL, help="what kills builds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="macrohard-bench-") as folder:
        scratch = Path(folder)
        if "example" in options.what:
            show("example build", EXAMPLE, scratch)
        if "five" in options.what:
            show("five record kinds", FIVE_KINDS, scratch)
        if "imports" in options.what:
            imports(scratch)
        if "overhead" in options.what:
            overhead(scratch)
        if "faults" in options.what:
            faults(scratch)
        if "kills" in options.what:
            kills(scratch, options.kills, options.seed, options.spec)


if __name__ == "__main__":
    main()
