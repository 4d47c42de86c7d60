"""The report page: complete, self-contained, escaped, and of use in any state of a run."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from support.records import RECORD, record_with, trial, write_run

from macrohard.errors import UsageError
from macrohard.report import write_report
from macrohard.report.page import render_page

VOID = {"meta", "link", "br", "hr", "img", "wbr"}
HOSTILE = "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x1b[2J\ud800"


class Page(HTMLParser):
    """Reads a page strictly: every element must be closed, by its own tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        found = {name: value or "" for name, value in attrs}
        self.attributes += list(found.items())
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            # A possible line break is no space.
            self.words += data if self.tags[-1] == "wbr" or data.endswith("_") else f"{data} "


def page_of(folder: Path, **changes: Any) -> Page:
    return Page(write_report(write_run(folder, **changes)).read_text())


def test_everything_people_ask_for_is_on_the_page(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    for said in (
        "shop", "released", "specs/tools.md", "1 of 2", "99 of 101", "$0.3100",
        "python -m shop --help", "python -m unittest", "novice 1 of 1", "a traceback appeared",
        "S1.C1", "test_total_by_month",
        "when the total is asked for, then the total leaves",
        "Spec lines 12, 14", "no unit test ran", "The total counts drafts",
        "expected: 12.50", "another round", "One defect is open.", "Stock is a sum over movements.",
        "--max-usd", "2.5", "data-engineer", "without a test or scenario: S1.C2", "ab" * 32,
    ):  # fmt: skip
        assert said in page.words, said


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert not any("//" in link for link in page.links)
    policies = [value for name, value in page.attributes if name == "content"]
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    text = (tmp_path / "report.html").read_text()
    assert "@import" not in text
    assert "url(" not in text


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            assert (tmp_path / unquote(link)).is_file(), link
    folder = "trials/r2-X1-novice/"
    links = [link.removeprefix(folder) for link in page.links if link.startswith(folder)]
    assert links[:2] == ["transcript.md", "film.webm"], "what people look at comes first"
    assert "session.cast" in links


def test_the_page_can_be_read_by_all(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert '<html lang="en">' in text
    assert text.count("<table>") == text.count("<caption>") == page.tags.count("table")
    assert page.tags.count("h1") == 1
    assert "prefers-color-scheme: dark" in text
    assert "#main" in page.links
    assert ("name", "viewport") in page.attributes
    verdicts = re.findall(r'<span class="badge (?:good|bad)">([^<]+)</span>', text)
    assert {"released", "satisfied", "not satisfied", "merged", "failed"} <= set(verdicts)


def hostile(value: Any) -> Any:
    """The same structure with every free text replaced."""
    if isinstance(value, dict):
        return {key: hostile(one) for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return HOSTILE if isinstance(value, str) and not value.startswith("2024-") else value


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    record = hostile(RECORD)
    record["cost"]["by_item"] = {HOSTILE: record["cost"]["by_item"]["W1"]}
    event = {"type": "decision", "round": 1, "decision": HOSTILE, "reason": HOSTILE}
    text = render_page(record, [event], tmp_path)
    page = Page(text)
    assert not {"script", "img"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "\x1b" not in text
    assert page.words.count("alert(1)") > 50
    text.encode()


@pytest.mark.parametrize("evidence", ["../outside", "/etc", "trials/../../outside", ""])
def test_evidence_outside_of_the_run_is_not_linked(tmp_path: Path, evidence: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    one = {**trial("r2-X1-novice", 2, "novice", satisfied=True), "evidence": evidence}
    page = page_of(tmp_path / "run", trials=[one])
    assert all(link.startswith("#") for link in page.links)


@pytest.mark.parametrize("status", ["running", "interrupted", "failed", "stopped"])
def test_a_run_that_has_hardly_begun_has_a_page(tmp_path: Path, status: str) -> None:
    empty = {
        "stages": [], "items": [], "tests": {}, "trials": [], "satisfied": 0, "scenarios": 0,
        "defects": [], "traceability": [], "app": None, "finished": None, "rounds": [], "team": [],
        "error": "the model's provider did not answer",
    }  # fmt: skip
    page = page_of(tmp_path, status=status, **empty)
    assert status in page.words
    assert "the model's provider did not answer" in page.words
    assert "none tried" in page.words
    assert "Traceability" not in page.words
    assert "python -m shop" not in page.words


def test_a_run_stopped_before_its_users_tells_of_the_round_before(tmp_path: Path) -> None:
    first = [
        {**trial("r1-X1-novice", 1, "novice", satisfied=True), "evidence": ""},
        {**trial("r1-X2-careful", 1, "careful", satisfied=False), "evidence": ""},
    ]
    page = page_of(tmp_path, status="interrupted", trials=first, satisfied=0, scenarios=0, round=2)
    assert "1 of 2 in round 1; none tried yet in 2" in " ".join(page.words.split())
    assert "none tried " not in page.words.replace("none tried yet", "")


def test_the_first_reasons_are_seen_and_the_rest_folded(tmp_path: Path) -> None:
    sad = trial("r2-X1-novice", 2, "novice", satisfied=False)
    page = page_of(tmp_path, trials=[{**sad, "reasons": [f"reason {n}" for n in range(8)]}])
    text = (tmp_path / "report.html").read_text()
    assert "<li>reason 2</li></ul><details><summary>5 more</summary>" in text
    assert all(f"reason {number}" in page.words for number in range(8))


def test_a_commit_stands_beside_its_item(tmp_path: Path) -> None:
    assert re.search(r"W1\s+w1000000\s+,\s+W3\s+w3000000", page_of(tmp_path).words)


def test_an_app_that_was_not_accepted_says_so_where_it_is_run(tmp_path: Path) -> None:
    page = page_of(tmp_path, status="not accepted")
    assert "built, but not accepted" in page.words
    assert "python -m shop --help" in page.words


def test_stages_that_never_ended_and_odd_times_are_drawn(tmp_path: Path) -> None:
    stages = [
        {"stage": "intake", "round": 1, "started": "2024-03-05T10:00:00+00:00", "finished": None}
    ]
    page = page_of(tmp_path, stages=stages)
    assert "not finished" in page.words


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a run"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_records_of_this_version_need_no_optional_parts(tmp_path: Path) -> None:
    record = record_with()
    for key in ("rounds", "team", "waves"):
        del record[key]
    assert "Round by round" not in Page(render_page(record, [], tmp_path)).words
