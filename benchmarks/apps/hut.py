"""A mountain hut's guest book: who stays when, what it comes to, and notes on the wall.

    python hut.py --port 8000

One file, one JSON document beside it (``hut.json``), nothing to install.
"""

import argparse
import csv
import datetime
import io
import json
import os
import secrets
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

BOOK = "hut.json"
ROWS = 8
PRICE = 18  # francs, a person and night
LOCK = threading.RLock()

CSS = """
body { overflow-wrap: anywhere; font: 17px/1.5 sans-serif; margin: 0 auto; max-width: 50rem; padding: 0 1rem; color: #222;
  background: #fff; }
nav a { margin-right: 1rem; display: inline-block; padding: .4rem 0; }
a { color: #0a4b8c; }
h1 { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid #888;
  overflow-wrap: anywhere; vertical-align: top; }
label { display: block; font-weight: bold; margin-top: .7rem; }
input, textarea { font: inherit; width: 100%; max-width: 28rem; box-sizing: border-box; }
button { font: inherit; padding: .4rem 1rem; margin: .5rem 0; }
.bad { color: #9b1111; font-weight: bold; }
"""


class Refused(Exception):
    """What was sent cannot be taken."""


def load():
    """Read the book."""
    if not os.path.exists(BOOK):
        return {"next": 1, "guests": {}, "notes": {}}
    with open(BOOK, encoding="utf-8") as file:
        return json.load(file)


def save(book):
    """Write the book whole, beside the old one, then instead of it."""
    with open(BOOK + ".new", "w", encoding="utf-8") as file:
        json.dump(book, file, ensure_ascii=False, indent=1)
    os.replace(BOOK + ".new", BOOK)


class Hut:
    """The book in memory, and every change to it."""

    def __init__(self):
        self.book = load()
        self.used = {}

    def number(self):
        """Take the next number."""
        taken = self.book["next"]
        self.book["next"] += 1
        return str(taken)

    def add_guest(self, guest):
        """Enter a guest."""
        number = self.number()
        self.book["guests"][number] = {**guest, "paid": False, "version": 1}
        save(self.book)
        return number

    def change_guest(self, number, guest, version):
        """Change what is known of a guest, unless somebody else just did."""
        before = self.book["guests"][number]
        if version != str(before["version"]):
            raise Refused("Somebody else changed this guest meanwhile: look at it again.")
        before.update(guest, version=before["version"] + 1)
        save(self.book)

    def pay(self, number):
        """A guest has paid."""
        self.book["guests"][number]["paid"] = True
        save(self.book)

    def remove(self, kind, number):
        """Take a guest or a note out of the book."""
        del self.book[kind][number]
        save(self.book)

    def add_note(self, note):
        """Put a note on the wall."""
        number = self.number()
        self.book["notes"][number] = note
        save(self.book)
        return number

    def change_note(self, number, note):
        """Write a note anew."""
        self.book["notes"][number] = note
        save(self.book)

    def found(self, words):
        """Guests whose name holds the words, the next to arrive first."""
        guests = [
            (number, guest)
            for number, guest in self.book["guests"].items()
            if words.casefold() in guest["name"].casefold()
        ]
        return sorted(guests, key=lambda pair: (pair[1]["arrival"], int(pair[0])))

    def once(self, form, act):
        """Do what a form asks for once, however often it is sent."""
        token = form.get("token", "")
        if token in self.used:
            return self.used[token]
        place = act()
        self.used[token] = place
        return place


def cost(guest):
    """What a stay comes to."""
    return guest["nights"] * guest["people"] * PRICE


def whole(form, name, most):
    """Read a whole number from 1 on."""
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Refused(f"{name.capitalize()} must be a whole number from 1 to {most}.")
    return int(text)


def plain(form, name, longest):
    """Read a text that must be given."""
    text = " ".join(form.get(name, "").split())
    if not text or len(text) > longest:
        raise Refused(f"{name.capitalize()} must be given, in at most {longest} characters.")
    return text


def day(form, name):
    """Read a day."""
    try:
        return datetime.date.fromisoformat(form.get(name, "").strip()).isoformat()
    except ValueError:
        raise Refused(f"{name.capitalize()} must be a date such as 2026-07-31.") from None


def read_guest(form):
    """Read a guest from a form."""
    return {
        "name": plain(form, "name", 60),
        "arrival": day(form, "arrival"),
        "nights": whole(form, "nights", 30),
        "people": whole(form, "people", 12),
    }


def read_note(form):
    """Read a note from a form."""
    return {"title": plain(form, "title", 60), "text": form.get("text", "").strip()[:2000]}


def page(title, *parts):
    """A whole page."""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - Hut'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{CSS}</style></head><body><header><nav aria-label="Main"><a href="/">Hut</a>'
        '<a href="/guests">Guests</a><a href="/notes">Notes</a></nav></header>'
        f"<main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>"
    )


def field(name, value="", kind="text", hint=""):
    """A field with its label."""
    about = f' <small id="{name}-hint">({hint})</small>' if hint else ""
    tied = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<label for="{name}">{name.capitalize()}{about}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(str(value))}"{tied}>'
    )


def area(name, value=""):
    """A field of several lines with its label."""
    return (
        f'<label for="{name}">{name.capitalize()}</label>'
        f'<textarea id="{name}" name="{name}" rows="5">{escape(value)}</textarea>'
    )


def form(action, button, *parts, wrong=""):
    """A form that changes something."""
    told = f'<p class="bad" role="alert">{escape(wrong)}</p>' if wrong else ""
    return (
        f'<form method="post" action="{action}">{told}'
        f'<input type="hidden" name="token" value="{secrets.token_hex(8)}">{"".join(parts)}'
        f'<p><button type="submit">{button}</button></p></form>'
    )


def guest_form(action, button, guest, wrong=""):
    """The form of a guest."""
    return form(
        action,
        button,
        field("name", guest.get("name", ""), hint="up to 60 characters"),
        field("arrival", guest.get("arrival", ""), hint="YYYY-MM-DD"),
        field("nights", guest.get("nights", ""), hint="1 to 30"),
        field("people", guest.get("people", ""), hint="1 to 12"),
        f'<input type="hidden" name="version" value="{guest.get("version", "")}">',
        wrong=wrong,
    )


def note_form(action, button, note, wrong=""):
    """The form of a note."""
    return form(
        action, button, field("title", note.get("title", ""), hint="up to 60 characters"),
        area("text", note.get("text", "")), wrong=wrong,
    )  # fmt: skip


def home(hut):
    """What there is, in figures."""
    guests = hut.book["guests"].values()
    open_ = sum(cost(each) for each in guests if not each["paid"])
    return page(
        "Hut",
        f"<p>Guests: {len(guests)}</p><p>Notes: {len(hut.book['notes'])}</p>",
        f"<p>Nights: {sum(each['nights'] * each['people'] for each in guests)}</p>",
        f"<p>Income: {sum(map(cost, guests))} francs</p><p>Not paid yet: {open_} francs</p>",
    )


def guests_page(hut, query):
    """The guests, some at a time."""
    words = query.get("q", "")
    found = hut.found(words)
    pages = max(1, -(-len(found) // ROWS))
    asked = query.get("page", "1")
    number = min(max(int(asked[:6]) if asked.isascii() and asked.isdigit() else 1, 1), pages)
    rows = "".join(
        f'<tr><td><a href="/guests/{key}">{escape(guest["name"])}</a></td>'
        f"<td>{guest['arrival']}</td><td>{guest['nights']}</td><td>{cost(guest)}</td></tr>"
        for key, guest in found[(number - 1) * ROWS : number * ROWS]
    )
    turn = "".join(
        f'<a href="/guests?page={place}&amp;q={quote(words)}">{text}</a> '
        for text, place in (("Earlier", number - 1), ("Later", number + 1))
        if 1 <= place <= pages
    )
    return page(
        "Guests",
        '<p><a href="/guests/new">New guest</a> | <a href="/guests.csv">Download</a></p>',
        '<form method="get" action="/guests"><label for="q">Name holds</label>'
        f'<input id="q" name="q" value="{escape(words)}"><button>Search</button></form>',
        "<table><thead><tr><th>Name</th><th>Arrival</th><th>Nights</th><th>Francs</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if rows
        else "<p>No guests.</p>",
        f"<p>{len(found)} guests, page {number} of {pages} {turn}</p>",
    )


def guest_page(hut, number):
    """One guest."""
    guest = hut.book["guests"][number]
    pay = "" if guest["paid"] else form(f"/guests/{number}/pay", "Paid")
    return page(
        guest["name"],
        f"<p>Arrival {guest['arrival']}, {guest['nights']} nights, {guest['people']} people: "
        f"{cost(guest)} francs, {'paid' if guest['paid'] else 'not paid'}</p>",
        f'<p><a href="/guests/{number}/edit">Change</a></p>',
        pay,
        form(f"/guests/{number}/delete", "Delete this guest"),
    )


def edit_guest_page(hut, number):
    """The form to change a guest."""
    guest = hut.book["guests"][number]
    return page("Change a guest", guest_form(f"/guests/{number}/edit", "Save", guest))


def new_guest_page():
    """The form for a new guest."""
    return page("New guest", guest_form("/guests/new", "Enter", {}))


def notes_page(hut):
    """The wall."""
    items = "".join(
        f'<li><a href="/notes/{number}">{escape(note["title"])}</a></li>'
        for number, note in hut.book["notes"].items()
    )
    return page("Notes", '<p><a href="/notes/new">New note</a></p>', f"<ul>{items}</ul>")


def note_page(hut, number):
    """One note."""
    note = hut.book["notes"][number]
    return page(
        note["title"],
        f"<p>{escape(note['text'])}</p>",
        f'<p><a href="/notes/{number}/edit">Change</a></p>',
        form(f"/notes/{number}/delete", "Delete this note"),
    )


def edit_note_page(hut, number):
    """The form to change a note."""
    note = hut.book["notes"][number]
    return page("Change a note", note_form(f"/notes/{number}/edit", "Save", note))


def new_note_page():
    """The form for a new note."""
    return page("New note", note_form("/notes/new", "Put up", {}))


def guests_csv(hut):
    """All guests for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "arrival", "nights", "people", "paid"])
    for _, guest in hut.found(""):
        writer.writerow([guest[name] for name in ("name", "arrival", "nights", "people", "paid")])
    return text.getvalue()


def show(hut, path, query):
    """Find the page of an address; KeyError where there is none."""
    match path.strip("/").split("/"):
        case [""]:
            return home(hut)
        case ["guests"]:
            return guests_page(hut, query)
        case ["guests", "new"]:
            return new_guest_page()
        case ["guests", number]:
            return guest_page(hut, number)
        case ["guests", number, "edit"]:
            return edit_guest_page(hut, number)
        case ["notes"]:
            return notes_page(hut)
        case ["notes", "new"]:
            return new_note_page()
        case ["notes", number]:
            return note_page(hut, number)
        case ["notes", number, "edit"]:
            return edit_note_page(hut, number)
    raise KeyError(path)


def change(hut, path, sent):
    """Do what a form asks for; return where that leads to."""
    match path.strip("/").split("/"):
        case ["guests", "new"]:
            return f"/guests/{hut.add_guest(read_guest(sent))}"
        case ["guests", number, "edit"]:
            hut.change_guest(number, read_guest(sent), sent.get("version"))
            return f"/guests/{number}"
        case ["guests", number, "pay"]:
            hut.pay(number)
            return f"/guests/{number}"
        case [("guests" | "notes") as kind, number, "delete"]:
            hut.remove(kind, number)
            return f"/{kind}"
        case ["notes", "new"]:
            return f"/notes/{hut.add_note(read_note(sent))}"
        case ["notes", number, "edit"]:
            hut.book["notes"][number]
            hut.change_note(number, read_note(sent))
            return f"/notes/{number}"
    raise KeyError(path)


def again(path, sent, wrong):
    """The form that was refused, with why."""
    if path.startswith("/notes"):
        return page("Please mend", note_form(path, "Send", sent, wrong))
    return page("Please mend", guest_form(path, "Send", sent, wrong))


class Desk(BaseHTTPRequestHandler):
    """Answers requests."""

    def do_GET(self):
        """Show a page."""
        address = urlsplit(self.path)
        query = {name: texts[-1] for name, texts in parse_qs(address.query).items()}
        with LOCK:
            if address.path == "/guests.csv":
                return self.answer(200, guests_csv(self.server.hut), "text/csv; charset=utf-8")
            try:
                return self.answer(200, show(self.server.hut, address.path, query))
            except KeyError:
                return self.answer(404, page("Not found", "<p>There is nothing here.</p>"))

    def do_POST(self):
        """Take a form."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 100_000))
        pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        sent = {name: texts[-1] for name, texts in pairs.items()}
        with LOCK:
            hut = self.server.hut
            try:
                place = hut.once(sent, lambda: change(hut, self.path, sent))
            except Refused as why:
                return self.answer(400, again(self.path, sent, str(why)))
            except KeyError:
                return self.answer(404, page("Not found", "<p>There is nothing here.</p>"))
        self.send_response(303)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def answer(self, status, text, kind="text/html; charset=utf-8"):
        """Send a page."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The server with its book."""

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Desk)
        self.hut = Hut()


def main():
    """Serve."""
    options = argparse.ArgumentParser(description="A mountain hut's guest book.")
    options.add_argument("--port", type=int, default=8000)
    with Server(options.parse_args().port) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
