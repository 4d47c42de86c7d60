"""``report.html``: a whole run on one page, made from ``run.json`` and ``events.jsonl`` alone.

The page needs nothing but itself: no script, no font, no request. Whatever came from a spec or a
model is escaped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macrohard.files import write_atomic
from macrohard.journal import Event, read_journal
from macrohard.record import read_record
from macrohard.report import sections, work_sections
from macrohard.report.markup import Markup, join, tag

FILE = "report.html"
_CSS = Path(__file__).with_name("page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


def write_report(run_dir: Path) -> Path:
    """Write the report of a run, in any state it is in, and return where it is.

    Raises:
        UsageError: The directory is no run.
        OSError: The page cannot be written.
    """
    record = read_record(run_dir)
    events = list(read_journal(run_dir / "events.jsonl"))
    target = run_dir / FILE
    write_atomic(target, render_page(record, events, run_dir))
    return target


def render_page(record: Mapping[str, Any], events: list[Event], run_dir: Path) -> str:
    """The page as text. ``run_dir`` is only looked at to link the evidence that is there."""
    named = [
        ("run-it", "Run it", sections.how_to_run(record)),
        ("users", "Simulated users", sections.users(record, run_dir)),
        ("tests", "Tests", sections.tests(record)),
        ("trace", "From requirement to release", work_sections.traceability(record)),
        ("items", "Work items", work_sections.items(record)),
        ("defects", "Defects and decisions", work_sections.defects(record, events)),
        ("stages", "Stages", work_sections.stages(record, events)),
        ("team", "Team", work_sections.team(record)),
        ("cost", "Cost", sections.cost(record)),
        ("options", "Options", sections.options(record)),
    ]
    shown = [(key, title, body) for key, title, body in named if body]
    title = f"{sections.name_of(record)}: {record['status']}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} (macrohard)"),
        tag("style", Markup(_CSS.read_text())),
    )
    links = [tag("li", tag("a", text, href=f"#{key}")) for key, text, _ in shown]
    body = tag(
        "body",
        tag("a", "Skip to the results", href="#main", class_="skip"),
        sections.header(record),
        tag("nav", tag("ul", *links), aria_label="Sections"),
        tag("main", *(_section(*part) for part in shown), id="main"),
        tag("footer", sections.footer(record, len(events))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _section(key: str, title: str, body: Markup) -> Markup:
    return tag("section", tag("h2", title, id=key), join([body]), aria_labelledby=key)
