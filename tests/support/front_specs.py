"""Specs for the tests of what precedes code: every type, bound, rule and feature once."""

from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.dialect.ast import App, Kind
from macrohard.llm.offline.parts.requirements import requirements_of
from macrohard.work import Requirements

STOCK = """\
# Workshop Stock

Keeps what is on the shelves of a workshop.

## Data

### Item
- name: text, required, unique, up to 40 characters
- code: text, required, unique, at most 8 characters
- unit: one of (piece, metre, kg), default piece
- price: decimal with 3 decimal places, at least 0
- reorder level: integer, default 5, at least 0, at most 1000
- stock = total of quantity of movements where direction is in - total of quantity of movements \
where direction is out
- value = stock * price

### Movement
- item: reference to Item, required
- direction: one of (in, out), required
- quantity: integer, required, at least 1
- day: date, required, default today
- remark: text

## Features
- Add, list, show, edit and delete items and movements.
- Filter movements by item and direction.
- Sort items by name and value.
- Search items by name and code.
- Total quantity of movements by item and by month.
- Average price of items by unit.
- Minimum and maximum price of items.
- Mark items as "low" when stock is below reorder level.
- Import and export items and movements as CSV.

## Rules
- A movement that would take the stock of an item below 0 is refused.
- Deleting an item deletes its movements.
"""

ROOMS = """\
# Room Booking

Rooms of a house and who uses them when.

## Data

### Room
- name: text, required, unique
- seats: integer, required, at least 1, at most 500
- hourly rate: decimal, at least 0, default 10.00

### Booking
- room: reference to Room, required
- guest: text, required
- contact: e-mail
- start: date-time, required
- end: date-time, required
- people: integer, required, at least 1
- paid: yes/no, default no
- spare = room.seats - people

## Features
- Add, list, show, edit and delete rooms and bookings.
- Filter bookings by room, paid.
- Sort bookings by start.
- Search bookings by guest.
- Count bookings by room and by month of start.
- List "unpaid" bookings where paid is no and people is above 10.

## Rules
- The end of a booking is after its start.
- A booking that overlaps another booking of the same room is refused.
- Deleting a room that has bookings is refused.
"""

SEATS = """\
# Theatre

## Data

### Show
- title: text, required
- capacity: integer, required, at least 1
- sold = total of places of tickets

### Ticket
- show: reference to Show, required
- row: integer, required, at least 1, at most 40
- number: integer, required, at least 1
- places: integer, default 1, at least 1

## Features
- Add, list, show and delete shows and tickets.

## Rules
- A ticket that would take the sold of a show above its capacity is refused.
- Two tickets of the same show, row and number are refused.
"""

TINY = """\
# Tea list

## Data

### Tea
- name: text, required, unique, up to 12 characters
- grams: integer, at least 0

## Features
- add, list, show, edit and delete teas
- total of grams of teas
"""

ALL = {"stock": STOCK, "rooms": ROOMS, "seats": SEATS, "tiny": TINY}


def read(text: str) -> tuple[App, Requirements]:
    """A spec as a tree, and its requirements."""
    app = parse_spec(text)
    return app, requirements_of(app, text)


def kind_of(text: str, slug: str) -> tuple[App, Kind]:
    """A spec as a tree, and one of its kinds."""
    app = parse_spec(text)
    return app, app.kind(slug)
