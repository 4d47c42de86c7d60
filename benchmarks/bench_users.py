"""Planted defects: how many simulated users find, and what they say of applications without any.

    python benchmarks/bench_users.py [pages] [commands] [--by other] [--no-browser] [--only WORD]

Users look round without a scenario (``macrohard try --explore``). A defect counts as found when a
finding of its kind is there that the same application without the defect does not have; every
finding about an application without a defect is printed as a false alarm. Users of pages first try
without a browser; where they find nothing, at a browser, then on a telephone. ``--by other`` takes
the defects of :mod:`benchmarks.planted_elsewhere`, by a hand that had not read the checks. Runs in
the process sandbox: the code is ours.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import planted, planted_elsewhere
from macrohard import try_app
from macrohard.config import Settings
from macrohard.exploring.findings import Finding


def findings(base: planted.Base, defect: planted.Defect | None, *, browser: bool) -> list[Finding]:
    """What users who look round find in an application."""
    with tempfile.TemporaryDirectory() as scratch:
        app, out = Path(scratch) / "app", Path(scratch) / "out"
        run, serve = planted.lay_out(base, app, defect)
        settings = Settings(
            sandbox="process", allow_process_sandbox=True, browser=browser, concurrency=2
        )
        result = try_app(app, run=run, serve=serve, settings=settings, out=out)
        return list(result.findings)


def telling(defect: planted.Defect, found: Iterable[Finding], known: set[str]) -> Finding | None:
    """The finding that tells of a defect."""
    new = [finding for finding in found if finding.title not in known]
    return next((finding for finding in new if finding.check in defect.checks), None)


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tables", nargs="*", default=["pages", "commands"])
    parser.add_argument("--no-browser", action="store_true", help="users of pages have none")
    parser.add_argument("--only", default="", metavar="WORD", help="defects with this in the title")
    parser.add_argument("--by", choices=("us", "other"), default="us", help="who planted")
    options = parser.parse_args()
    hand = planted if options.by == "us" else planted_elsewhere
    for table in options.tables:
        defects = hand.PAGES if table == "pages" else hand.COMMANDS
        chosen = [each for each in defects if options.only in f"{each.title} ({each.base})"]
        show(table, chosen, hand.BASES, browser=table == "pages" and not options.no_browser)


def show(
    table: str,
    defects: list[planted.Defect],
    bases: Mapping[str, planted.Base],
    *,
    browser: bool,
) -> None:
    """Try the applications of one table, without and with their defects."""
    print(f"{table}: applications without a defect", flush=True)
    known: dict[str, set[str]] = {}
    alarms = 0
    for name in dict.fromkeys(defect.base for defect in defects):
        start = time.perf_counter()
        found = findings(bases[name], None, browser=browser)
        known[name] = {finding.title for finding in found}
        alarms += len(found)
        print(
            f"  {name}: {len(found)} false alarms ({time.perf_counter() - start:.0f} s)", flush=True
        )
        for finding in found:
            print(f"    {finding.severity}, {finding.check}: {finding.title}", flush=True)
    hits: list[planted.Defect] = []
    print(f"{table}: applications with a planted defect", flush=True)
    for defect in defects:
        start = time.perf_counter()
        base = bases[defect.base]
        hit = None
        for drawn in (False, True) if browser else (False,):
            found = findings(base, defect, browser=drawn)
            hit = telling(defect, found, known[defect.base])
            if hit is not None:
                break
        hits += [defect] if hit is not None else []
        said = f"found: {hit.check}: {hit.title}" if hit else "NOT found"
        print(
            f"  {defect.title} ({base.name}): {said} ({time.perf_counter() - start:.0f} s)",
            flush=True,
        )
    for listed, what in ((True, "of the listed kinds"), (False, "of other kinds")):
        there = [defect for defect in defects if defect.listed is listed]
        if there:
            found_ = sum(defect.listed is listed for defect in hits)
            print(f"{table}: {found_} of {len(there)} {what} found", flush=True)
    print(f"{table}: {alarms} false alarms", flush=True)


if __name__ == "__main__":
    main()
