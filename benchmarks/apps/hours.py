"""A small command-line program by hand, which no generator wrote: hours spent on tasks.

    python hours.py add "Paint the fence" --hours 3

One file, the standard library, a JSON file beside it. The benchmark of simulated users plants
defects in it.
"""

import argparse
import json
import sys
from pathlib import Path

STORE = Path("hours.json")


def load():
    """Read what is kept."""
    return json.loads(STORE.read_text()) if STORE.exists() else {"next": 1, "tasks": {}}


def save(data):
    """Keep it."""
    STORE.write_text(json.dumps(data))


def clean(text):
    """Refuse what cannot be shown on one line."""
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise SystemExit("error: a name is one line of at most 200 characters that can be printed")
    return text.strip()


def amount(text):
    """Read hours."""
    try:
        hours = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError("hours are a number") from None
    if not 0 < hours < 100_000:
        raise argparse.ArgumentTypeError("hours are between 0 and 100000")
    return hours


def add(options, data):
    """Add a task."""
    number = str(data["next"])
    data["next"] += 1
    data["tasks"][number] = {"name": clean(options.name), "hours": options.hours}
    return f"Added task {number}."


def edit(options, data):
    """Change a task."""
    task = find(data, options.id)
    if options.hours is not None:
        task["hours"] = options.hours
    return f"Changed task {options.id}."


def delete(options, data):
    """Delete a task."""
    find(data, options.id)
    del data["tasks"][options.id]
    return f"Deleted task {options.id}."


def listed(options, data):
    """List the tasks."""
    lines = [
        f"{number}  {task['name']}  {task['hours']:g}" for number, task in data["tasks"].items()
    ]
    return "\n".join(lines) or "No tasks."


def total(options, data):
    """Add up the hours."""
    return f"{sum(task['hours'] for task in data['tasks'].values()):g}"


def find(data, number):
    """Find a task."""
    if number not in data["tasks"]:
        raise SystemExit(f"error: there is no task {number!r}")
    return data["tasks"][number]


def parser():
    """Say what can be typed."""
    made = argparse.ArgumentParser(prog="python hours.py", description="Hours spent on tasks.")
    verbs = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = verbs.add_parser("add", help="add a task")
    one.add_argument("name", metavar="NAME", help="what it is")
    one.add_argument("--hours", type=amount, required=True, metavar="N", help="hours, a number")
    one.set_defaults(act=add)
    one = verbs.add_parser("edit", help="change a task")
    one.add_argument("id", metavar="ID", help="its number")
    one.add_argument("--hours", type=amount, metavar="N", help="hours, a number")
    one.set_defaults(act=edit)
    one = verbs.add_parser("delete", help="delete a task")
    one.add_argument("id", metavar="ID", help="its number")
    one.set_defaults(act=delete)
    verbs.add_parser("list", help="list the tasks").set_defaults(act=listed)
    verbs.add_parser("total", help="add up the hours").set_defaults(act=total)
    return made


def main():
    """Do what was typed."""
    options = parser().parse_args()
    data = load()
    told = options.act(options, data)
    save(data)
    print(told)


if __name__ == "__main__":
    sys.exit(main())
