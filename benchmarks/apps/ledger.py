"""A small web application by hand, which no generator wrote: who paid what in a shared flat.

    python ledger.py --port 8000

One file, the standard library, SQLite beside it; its buttons and its style are its own. The
benchmark of simulated users plants defects in it.
"""

import argparse
import secrets
import sqlite3
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STYLE = """
body { font: 1rem/1.5 sans-serif; margin: 0 auto; max-width: 44rem; padding: 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3rem; text-align: left; }
td { overflow-wrap: anywhere; }
input, button { font: inherit; padding: .3rem; max-width: 100%; box-sizing: border-box; }
button { background: #244b8a; color: #fff; border: 0; padding: .4rem .8rem; }
p.told { background: #e8f2e8; padding: .5rem; } p.wrong { background: #fbe9e7; padding: .5rem; }
"""
SCRIPT = """
document.getElementById('more').addEventListener('click', function () {
  document.getElementById('about').hidden = !document.getElementById('about').hidden;
});
"""


def connect():
    """Open the database."""
    base = sqlite3.connect("ledger.sqlite3")
    base.execute(
        "CREATE TABLE IF NOT EXISTS payment (id INTEGER PRIMARY KEY, who TEXT, what TEXT, cents INTEGER)"
    )
    base.execute("CREATE TABLE IF NOT EXISTS sent (once TEXT PRIMARY KEY)")
    return base


def page(title, body, script=""):
    """Put a page together."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        '<nav aria-label="Main"><a href="/">Payments</a> <a href="/new">New payment</a></nav>'
        f"<main><h1>{escape(title)}</h1>{body}</main>{script}</body></html>"
    )


def money(cents):
    """Write an amount."""
    return f"{cents // 100}.{cents % 100:02}"


def fields(who="", what="", amount=""):
    """Write the fields of a payment, and what makes the form count once."""
    return (
        f'<input type="hidden" name="once" value="{secrets.token_hex(16)}">'
        f'<p><label for="who">Paid by</label><br><input id="who" name="who" required value="{escape(who)}"></p>'
        f'<p><label for="what">What for</label><br><input id="what" name="what" value="{escape(what)}"></p>'
        f'<p><label for="amount">Amount</label><br>'
        f'<input id="amount" name="amount" required inputmode="decimal" value="{escape(amount)}"></p>'
    )


def read(form):
    """Read what was typed; the second part says what is wrong with it."""
    who, what, amount = (form.get(name, [""])[0].strip() for name in ("who", "what", "amount"))
    try:
        cents = round(float(amount) * 100)
    except (ValueError, OverflowError):
        return None, "Amount must be a number such as 12.50."
    if not who or len(who) > 80 or len(what) > 200:
        return None, "Say in at most 80 characters who paid, and in at most 200 what for."
    if not 0 < cents <= 10_000_000:
        return None, "Amount must be between 0.01 and 100000."
    return (who, what, cents), ""


class Handler(BaseHTTPRequestHandler):
    """Answers requests."""

    def do_GET(self):
        """Show a page."""
        path = urlsplit(self.path).path
        told = parse_qs(urlsplit(self.path).query).get("told", [""])[0]
        parts = [part for part in path.split("/") if part]
        if path == "/":
            self.show(self.listed(told))
        elif path == "/new":
            form = (
                f'<form method="post" action="/new">{fields()}<button>Add payment</button></form>'
            )
            self.show(page("New payment", form))
        elif len(parts) == 1 and (row := self.find(parts[0])):
            self.show(self.one(row))
        else:
            self.show(page("Not found", "<p>There is no such page.</p>"), 404)

    def do_POST(self):
        """Change something."""
        size = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(min(size, 100_000)).decode("utf-8", "replace"))
        parts = [part for part in urlsplit(self.path).path.split("/") if part]
        if parts == ["new"]:
            self.add(form)
        elif len(parts) == 2 and (row := self.find(parts[0])) and parts[1] in {"save", "delete"}:
            self.change(row, parts[1], form)
        else:
            self.show(page("Not found", "<p>There is no such page.</p>"), 404)

    def add(self, form):
        """Add a payment."""
        given, wrong = read(form)
        if given is None:
            typed = [form.get(name, [""])[0] for name in ("who", "what", "amount")]
            told = f'<p class="wrong" role="alert">{escape(wrong)}</p>'
            body = f'{told}<form method="post" action="/new">{fields(*typed)}<button>Add payment</button></form>'
            self.show(page("New payment", body), 400)
            return
        with connect() as base:
            new = base.execute(
                "INSERT OR IGNORE INTO sent VALUES (?)", form.get("once", [None])[:1]
            )
            if new.rowcount:
                base.execute("INSERT INTO payment (who, what, cents) VALUES (?, ?, ?)", given)
        self.lead("/?told=Added.")

    def change(self, row, verb, form):
        """Change or delete a payment."""
        if verb == "delete":
            with connect() as base:
                base.execute("DELETE FROM payment WHERE id = ?", (row[0],))
            self.lead("/?told=Deleted.")
            return
        given, wrong = read(form)
        if given is None:
            self.show(page("Payment", f'<p class="wrong" role="alert">{escape(wrong)}</p>'), 400)
            return
        with connect() as base:
            base.execute(
                "UPDATE payment SET who = ?, what = ?, cents = ? WHERE id = ?", (*given, row[0])
            )
        self.lead(f"/{row[0]}")

    def find(self, name):
        """Find a payment."""
        if not name.isascii() or not name.isdigit() or len(name) > 9:
            return None
        return connect().execute("SELECT * FROM payment WHERE id = ?", (int(name),)).fetchone()

    def listed(self, told):
        """Show all payments and their sum."""
        rows = connect().execute("SELECT * FROM payment ORDER BY id").fetchall()
        lines = "".join(
            f'<tr><td><a href="/{number}">{escape(who)}</a></td><td>{escape(what)}</td><td>{money(cents)}</td></tr>'
            for number, who, what, cents in rows
        )
        total = money(sum(row[3] for row in rows))
        said = (
            f'<p class="told" role="status">{escape(told)}</p>'
            if told in {"Added.", "Deleted."}
            else ""
        )
        table = (
            f"<table><caption>Payments</caption><thead><tr><th>Paid by</th><th>What for</th><th>Amount</th></tr>"
            f"</thead><tbody>{lines}</tbody><tfoot><tr><th>Total</th><td></td><td>{total}</td></tr></tfoot></table>"
        )
        about = (
            '<p><button type="button" id="more">What is this?</button></p>'
            '<p id="about" hidden>A list of who paid what in this flat.</p>'
        )
        script = f"<script>{SCRIPT}</script>"
        return page("Payments", f"{said}{table if rows else '<p>Nothing yet.</p>'}{about}", script)

    def one(self, row):
        """Show one payment, to change or delete."""
        number, who, what, cents = row
        return page(
            f"Payment {number}",
            f'<form method="post" action="/{number}/save">{fields(who, what, money(cents))}<button>Save</button></form>'
            f'<form method="post" action="/{number}/delete"><button>Delete payment</button></form>'
            f"<p>{escape(who)} paid {money(cents)}.</p>",
        )

    def show(self, text, status=200):
        """Send a page."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def lead(self, address):
        """Lead to another page."""
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler).serve_forever()
