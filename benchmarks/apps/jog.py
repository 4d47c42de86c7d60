"""A runner's log on the command line: ``python jog.py add 2026-03-01 10.2 52:30 --route Lake``.

Runs are kept in ``jog.json`` in the current folder.
"""

import argparse
import csv
import datetime
import json
import os
import sys

LOG = "jog.json"


class Wrong(Exception):
    """Something the runner should hear about."""


def load():
    """Read the log: the runs, and the next number."""
    if not os.path.exists(LOG):
        return {"next": 1, "runs": []}
    with open(LOG, encoding="utf-8") as file:
        return json.load(file)


def save(log):
    """Write the log."""
    with open(LOG + ".new", "w", encoding="utf-8") as file:
        json.dump(log, file, ensure_ascii=False, indent=1)
    os.replace(LOG + ".new", LOG)


def date(text):
    """Read a day."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise Wrong(f"the date must be as 2026-03-31, not {text!r}") from None


def distance(text):
    """Read kilometres, as metres."""
    try:
        metres = round(float(text) * 1000)
    except (ValueError, OverflowError):
        raise Wrong(f"the distance must be a number of kilometres, not {text!r}") from None
    if not 0 < metres < 1_000_000:
        raise Wrong("the distance must be above 0 and below 1000 km")
    return metres


def duration(text):
    """Read minutes and seconds, or hours too, as seconds."""
    parts = text.split(":")
    if not (2 <= len(parts) <= 3 and all(p.isascii() and p.isdigit() for p in parts)):
        raise Wrong(f"the time must be as 52:30 or 1:02:30, not {text!r}")
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part[:6])
    if not seconds:
        raise Wrong("the time must be above 0")
    return seconds


def name(text):
    """Read a route."""
    if not text.isprintable():
        raise Wrong(f"the route must be printable, not {text!r}")
    return text.strip()


def clock(seconds):
    """Write a time."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def find(log, number):
    """The run of a number."""
    for run in log["runs"]:
        if run["id"] == number:
            return run
    raise Wrong(f"there is no run {number}")


def line(run):
    """A run in one line."""
    return (
        f"{run['id']:>4}  {run['date']}  {run['metres'] / 1000:8.3f} km  "
        f"{clock(run['seconds'])}  {run['route']}"
    ).rstrip()


def add(options):
    """Enter a run."""
    log = load()
    run = {
        "id": log["next"],
        "date": date(options.date),
        "metres": distance(options.km),
        "seconds": duration(options.time),
        "route": name(options.route),
    }
    log["next"] += 1
    log["runs"].append(run)
    save(log)
    return f"Run {run['id']} is in the log."


def shown(log, words):
    """The runs on routes that hold the words, the earliest first."""
    runs = [run for run in log["runs"] if words.casefold() in run["route"].casefold()]
    return sorted(runs, key=lambda run: (run["date"], run["id"]))


def list_(options):
    """List the runs."""
    return "\n".join(map(line, shown(load(), options.route))) or "No runs."


def edit(options):
    """Change a run."""
    log = load()
    run = find(log, options.number)
    if options.date is not None:
        run["date"] = date(options.date)
    if options.km is not None:
        run["metres"] = distance(options.km)
    if options.time is not None:
        run["seconds"] = duration(options.time)
    if options.route is not None:
        run["route"] = name(options.route)
    save(log)
    return f"Run {run['id']} is changed."


def rm(options):
    """Take a run out."""
    log = load()
    log["runs"].remove(find(log, options.number))
    save(log)
    return f"Run {options.number} is gone."


def total(options):
    """Say how far and how long."""
    runs = shown(load(), options.route)
    metres = sum(run["metres"] for run in runs)
    return f"{len(runs)} runs, {metres / 1000:.3f} km, {clock(sum(r['seconds'] for r in runs))}"


def export(options):
    """Write the runs for a spreadsheet."""
    runs = shown(load(), "")
    try:
        with open(options.file, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["date", "km", "time", "route"])
            for run in runs:
                writer.writerow(
                    [run["date"], run["metres"] / 1000, clock(run["seconds"]), run["route"]]
                )
    except OSError as error:
        raise Wrong(f"cannot write {options.file!r}: {error.strerror}") from None
    return f"Wrote {len(runs)} runs."


def options():
    """What can be typed."""
    made = argparse.ArgumentParser(prog="jog", description="A runner's log.")
    made.set_defaults(act=list_, route="")
    verbs = made.add_subparsers(metavar="COMMAND")
    entry = verbs.add_parser("add", help="enter a run")
    entry.add_argument("date", help="a date, as 2026-03-31")
    entry.add_argument("km", help="kilometres, a number such as 10.2")
    entry.add_argument("time", help="minutes and seconds, as 52:30")
    entry.add_argument("--route", default="", help="where: a name")
    entry.set_defaults(act=add)
    listing = verbs.add_parser("list", help="list the runs")
    listing.add_argument("--route", default="", help="only those on routes that hold this text")
    listing.set_defaults(act=list_)
    change = verbs.add_parser("edit", help="change a run")
    change.add_argument("number", type=int, help="the number of the run")
    change.add_argument("--date", help="a date, as 2026-03-31")
    change.add_argument("--km", help="kilometres, a number such as 10.2")
    change.add_argument("--time", help="minutes and seconds, as 52:30")
    change.add_argument("--route", help="where: a name")
    change.set_defaults(act=edit)
    gone = verbs.add_parser("rm", help="take a run out")
    gone.add_argument("number", type=int, help="the number of the run")
    gone.set_defaults(act=rm)
    sums = verbs.add_parser("total", help="say how far and how long")
    sums.add_argument("--route", default="", help="only on routes that hold this text")
    sums.set_defaults(act=total)
    out = verbs.add_parser("export", help="write the runs as a CSV file")
    out.add_argument("file", help="the CSV file to write")
    out.set_defaults(act=export)
    return made


def main(words=None):
    """Run one command."""
    chosen = options().parse_args(words)
    try:
        print(chosen.act(chosen).encode(errors="backslashreplace").decode())
    except Wrong as why:
        print(f"jog: {why}".encode(errors="backslashreplace").decode(), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
