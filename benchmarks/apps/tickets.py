"""A small web application by hand: tickets of a village hall. What is wrong with it, eyes alone see.

    python tickets.py --port 8000            # five things on its pages are drawn wrongly
    python tickets.py --port 8000 --sound    # the same without them

One file, the standard library, a JSON file beside it. It does what it should, its outline is as it
should be; the faults are in the style sheet and in the chart, each behind a name in ``FAULTS``.
"""

import argparse
import html
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

STORE = Path("tickets.json")
SHOWS = {"Choir": 180, "Play": 240, "Jazz": 320}
"""Price of a seat, in euro: a gala evening."""

STYLE = """
body { font: 16px/1.5 sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 44rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .3rem 1rem; text-align: left }
label { display: block; margin: .6rem 0 } input, select { font: inherit; display: block; min-width: 16rem }
.buy { position: relative; display: inline-block } button { font: inherit; padding: .5rem 1.2rem }
.paper { background: linear-gradient(#fff, #fafafa); padding: .5rem 1rem }
.news { background: #ffe9a8; padding: .4rem 1rem } .sum { display: inline-block; white-space: nowrap }
h2 { margin: 1.5rem 0 .2rem } .hint { margin: 0 }
"""
FAULTS = {
    "prices as white as their paper": ".paper td + td { color: #fdfdfd }",
    "a notice across the button's words": ".news { position: absolute; left: .6rem; top: .35rem; "
    "width: 9rem; height: 2rem; padding: 0; pointer-events: none }",
    "a total that is cut off": ".sum { width: 2.1em; overflow: hidden }",
    "a hint printed into its heading": ".hint { margin-top: -1.75rem }",
}
UPSIDE_DOWN = ' transform="scale(1,-1) translate(0,-160)"'


def load():
    """Read what is kept."""
    return json.loads(STORE.read_text()) if STORE.exists() else []


def page(title, body, sound):
    """A page."""
    faults = "" if sound else "\n".join(FAULTS.values())
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="/chart.svg"><style>{STYLE}{faults}</style></head>'
        f'<body><nav aria-label="Pages"><a href="/">Tickets</a> <a href="/bookings">Bookings</a>'
        f"</nav><main><h1>{title}</h1>{body}</main></body></html>"
    )


def start(sound, error="", name=""):
    """The first page."""
    prices = "".join(f"<tr><td>{show}</td><td>{price} €</td></tr>" for show, price in SHOWS.items())
    options = "".join(f"<option>{show}</option>" for show in SHOWS)
    told = f'<p role="alert">{html.escape(error)}</p>' if error else ""
    return page(
        "Tickets of the village hall",
        f'<div class="paper"><table><tr><th>Show</th><th>Price</th></tr>{prices}</table></div>'
        '<h2>Book seats</h2><p class="hint">Seats are kept for you until noon.</p>'
        f'{told}<form method="post" action="/book"><label>Your name<input name="name" '
        f'value="{html.escape(name)}" required></label><label>Show<select name="show">{options}'
        '</select></label><label>Seats (1 to 20)<input type="number" min="1" max="20" name="seats" '
        "required></label>"
        '<div class="buy"><button>Book now</button><div class="news">New: gala in May</div></div>'
        "</form>",
        sound,
    )


def seats_by_show():
    """Seats that are booked."""
    return {show: sum(b["seats"] for b in load() if b["show"] == show) for show in SHOWS}


def bookings(sound, note=""):
    """What is booked."""
    rows = "".join(
        f"<tr><td>{html.escape(b['name'])}</td><td>{b['show']}</td><td>{b['seats']}</td>"
        f"<td>{b['seats'] * SHOWS[b['show']]:,} €</td></tr>"
        for b in load()
    )
    total = sum(b["seats"] * SHOWS[b["show"]] for b in load())
    told = ", ".join(f"{show} {seats}" for show, seats in seats_by_show().items())
    note = f'<p role="status">{html.escape(note)}</p>' if note else ""
    return page(
        "Bookings",
        f"{note}<table><tr><th>Name</th><th>Show</th><th>Seats</th><th>Price</th></tr>{rows}</table>"
        f'<p>Total: <span class="sum">{total:,} €</span></p>'
        f'<img src="/chart.svg" width="360" height="160" alt="Seats booked: {told}">',
        sound,
    )


def chart(sound):
    """Seats by show, as bars."""
    seats = seats_by_show()
    most = max(*seats.values(), 1)
    bars = "".join(
        f'<rect x="{30 + 110 * n}" y="{130 - 100 * count / most:.0f}" width="80" '
        f'height="{100 * count / most:.0f}" fill="#2b6cb0"/><text x="{70 + 110 * n}" y="150" '
        f'text-anchor="middle" font-family="sans-serif" font-size="14">{show}: {count}</text>'
        for n, (show, count) in enumerate(seats.items())
    )
    flip = "" if sound else UPSIDE_DOWN
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="360" height="160" viewBox="0 0 360 160">'
        f'<g{flip}>{bars}<line x1="20" y1="130" x2="340" y2="130" stroke="#222"/></g></svg>'
    )


def handler(sound):
    """Answers requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            split = urlsplit(self.path)
            if split.path == "/":
                self.send(start(sound))
            elif split.path == "/bookings":
                self.send(bookings(sound, parse_qs(split.query).get("note", [""])[0]))
            elif split.path == "/chart.svg":
                self.send(chart(sound), kind="image/svg+xml")
            else:
                self.send(page("Not found", "<p>There is no such page.</p>", sound), 404)

        def do_POST(self):
            length = min(int(self.headers.get("Content-Length") or 0), 10_000)
            form = parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
            name, show, seats = (
                form.get(key, [""])[0].strip() for key in ("name", "show", "seats")
            )
            if not name or len(name) > 80 or not name.isprintable() or show not in SHOWS:
                self.send(start(sound, "Please give a name and a show.", name), 400)
            elif not (seats.isascii() and seats.isdigit() and 1 <= int(seats) <= 20):
                self.send(start(sound, "Seats: a number from 1 to 20.", name), 400)
            else:
                kept = [*load(), {"name": name, "show": show, "seats": int(seats)}]
                STORE.write_text(json.dumps(kept))
                self.send_response(303)
                self.send_header("Location", "/bookings?note=Booked.")
                self.end_headers()

        def send(self, text, status=200, kind="text/html; charset=utf-8"):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            return

    return Handler


def main():
    """Serve."""
    parser = argparse.ArgumentParser(description="Tickets of the village hall.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sound", action="store_true", help="without the faults")
    options = parser.parse_args()
    ThreadingHTTPServer(("127.0.0.1", options.port), handler(options.sound)).serve_forever()


if __name__ == "__main__":
    main()
