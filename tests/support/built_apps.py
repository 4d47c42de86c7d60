"""Specs, the apps that are generated from them, and ways to run these."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from macrohard.llm.offline.appgen import generate
from macrohard.llm.offline.dialect import App, parse_spec

LEDGER = """\
# Pocket ledger

What one person spends.

## Data

### Entry (plural: entries)
- day: date, default today
- sum: decimal, required, at least 0.01, at most 5000
- heading: one of (Food, rent, fun), default Food
- remark: text, up to 12 characters
- settled: yes/no, default no

## Features
- Add, list, show, edit and delete entries
- Filter entries by heading, settled and remark
- Sort entries by sum, day and remark
- Search entries by remark
- Total, average, min and max sum of entries by heading and by month of day
- Count entries by settled and by year of day
- List large entries: sum is above 100
- Import and export entries as CSV
"""
"""One kind, everything that needs no other."""

DEPOT = """\
# Depot

Parts that come in and go out of a depot, and who has reserved a bay.

## Data

### Vendor
- name: text, required, unique, up to 40 characters
- contact: e-mail

### Part
- name: text, required, unique
- vendor: reference to vendor
- price: decimal, required, at least 0
- least: integer, default 0, at least 0
- came in = total pieces of moves where way is in
- went out = total pieces of moves where way is out
- balance = came in - went out
- worth = balance * price
- typical move = average pieces of moves
- last move = latest moved on of moves
- vendor name = vendor.name

### Move
- part: reference to part, required
- moved on: date, required, default today
- way: one of (in, out), required
- pieces: integer, required, at least 1
- cost = pieces * part.price
- share = cost / part.worth * 100

### Booking
- part: reference to part, required
- begin: date-time, required
- end: date-time
- guest: text, required
- weight: decimal, 3 decimal places, at least 0.001, at most 999.999

## Features
- Add, list, show, edit and delete vendors, parts, moves and bookings
- Filter moves by part and way
- Filter parts by vendor and balance
- Sort parts by name, balance and worth, moves by moved on and pieces
- Search parts by name, bookings by guest
- Total and average pieces of moves by part, way and month of moved on
- Total worth of parts
- Min and max price of parts by vendor
- Count moves by way and year of moved on
- Import and export vendors, parts, moves as CSV
- Mark parts as "scarce" when balance is below least
- List recent moves: moved on is after today - 7

## Rules
- A move that would take the balance of a part below 0 is refused
- A booking that overlaps another booking of the same part is refused
- In a booking, end is after begin
- Two moves of the same part, moved on and way are refused
- Deleting a part deletes its moves
- Deleting a vendor who has parts is refused
"""
"""Four kinds that refer to each other, with every sort of rule and of computed field."""

ROOMS = """\
# Rooms

## Data

### Room
- name: text, required, unique
- seats: integer, required, from 1 to 500

### Meeting
- room: reference to room, required
- title: text, required
- start: date, required
- stop: date, required
- guests: integer, required, at least 0
- days = stop - start + 1
- free seats = room.seats - guests
- reminder = start - 3

## Features
- Add, list, show, edit and delete rooms and meetings
- Sort meetings by start, days and free seats
- Count meetings by room
- Total guests of meetings

## Rules
- In a meeting, stop is not before start
- In a meeting, guests is at most room.seats
- No two meetings may overlap in the same room from start to stop
- Deleting a room deletes its meetings
"""
"""Rules that look through references, and days that are counted."""

WORDS = """\
# Class

Python and SQL words everywhere.

## Data

### Order
- select: text, required, unique
- from: date, required
- group: integer, at least 0
- class: one of (def, None, True), default None
- table: decimal, not negative
- is open: yes/no
- index = group * 2
- values: text
- return: date-time

### Import (plural: imports)
- order: reference to Order, required
- lambda: integer, from -5 to 5, default 0
- self: text

### Type
- int: integer
- str: text, required
- import: reference to Import

## Features
- Add, list, show, edit and delete everything.
- Sort orders by group and table.
- Total table of orders by class.
- Count imports by order.
- Import and export orders as CSV.
- List "global" orders where group is above 3.

## Rules
- The return of an order is not before its from.
- Each import: lambda is at most order.group.
- Deleting an order deletes its imports. Deleting an import deletes its types.
"""
"""Names that mean something to Python, SQL or the generated code; dates beside date-times."""

SPECS = {"ledger": LEDGER, "depot": DEPOT, "rooms": ROOMS, "words": WORDS}


def app_of(spec: str) -> App:
    """The tree of a spec."""
    return parse_spec(spec, "spec.md")


def write_files(files: Mapping[str, str], folder: Path) -> Path:
    """Write files below a folder and return it."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder


def build(spec: str, folder: Path) -> Path:
    """Generate the app of a spec into a folder and return it."""
    return write_files(generate(app_of(spec)), folder)


def run_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with an app's folder as its own; warnings are errors."""
    command = [sys.executable, "-B", "-W", "error", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run_unit_tests(folder: Path, pattern: str = "test*.py") -> subprocess.CompletedProcess[str]:
    """Run an app's own unit tests as its README says."""
    discover = ("-m", "unittest", "discover", "-s", "tests", "-t", ".", "-p", pattern)
    return run_python(folder, *discover)
