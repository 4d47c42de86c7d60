"""The shape of a spec: titles, sections, notes, interfaces, and how problems are told."""

import sys

import pytest
from support.dialect_base import BASE, refused_text

from macrohard.errors import SpecError
from macrohard.llm.offline.dialect import App, parse_spec

THINGS_CAN = (
    "Things can be added, listed, shown, edited and deleted (the spec does not say which of these)."
)
THING = "## Data\n\n### Thing\n- x: text\n"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Expenses", "expenses"),
        ("Shared expenses!", "shared_expenses"),
        ("**Bob's** books & more", "bobs_books_more"),
        ("Café Größenwahn", "cafe_grossenwahn"),
        ("Calendar", "calendar_app"),
        ("JSON", "json_app"),
        ("Class", "class_app"),
        ("Pytest", "pytest_app"),
        ("3 rooms", "app_3_rooms"),
    ],
)
def test_titles_become_package_names(title: str, slug: str) -> None:
    app = parse_spec(f"# {title}\n\n{THING}")
    assert app.slug == slug
    assert slug.isidentifier()
    assert slug not in sys.stdlib_module_names


@pytest.mark.parametrize(
    "head",
    [
        "# Things\n\nKeeps them.\n\nWell.\n\n",
        "# Things #\nKeeps them.\n> a note\n\nWell.\n",
        "Things\n======\n\nKeeps them.\n\n---\n\nWell.\n\n",
        "# Things:\n## Purpose\n\nKeeps them.\n<!-- not\n\n## this --> \nWell.\n",
        "\n\n# Things\n\nKeeps\nthem.\n\nWell.\n".replace("Keeps\nthem", "Keeps them"),
    ],
)
def test_forms_of_title_and_purpose(head: str) -> None:
    app = parse_spec(head + THING)
    assert (app.title, app.purpose) == ("Things", "Keeps them.\n\nWell.")


def test_a_purpose_may_hold_anything() -> None:
    prose = "Some *prose*:\n\n- bullets\n- filter by nothing\n\n### headings\n\n```\ncode\n```\n"
    assert "filter by nothing" in parse_spec(f"# Things\n\n{prose}\n{THING}").purpose


def test_sections_may_be_first_level_headings_or_underlined_and_in_any_order() -> None:
    text = (
        "# Things\n\nRules\n-----\n- x is not empty\n\n"
        "# Data\n## Thing\n- x: text\n\n# FEATURES:\n- add things\n"
    )
    app = parse_spec(text)
    assert (app.kinds[0].name, len(app.rules), app.kinds[0].features.delete) == ("thing", 1, False)


def test_what_is_not_said_is_assumed_and_told() -> None:
    assert parse_spec(f"# Things\n{THING}").assumptions == (
        "The application is used on the command line.",
        THINGS_CAN,
        "The purpose: Keeps things.",
    )


@pytest.mark.parametrize(
    "line", ["Command line", "- command-line program.", "* A CLI", "the terminal only", "1. Shell"]
)
def test_the_command_line(line: str) -> None:
    app = parse_spec(f"# Things\n\n{THING}\n## Interface\n\n{line}\n")
    assert app.interfaces == ("cli",)
    assert not any("command line" in said for said in app.assumptions)


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        ("- Web pages", ("web",)),
        ("- REST API", ("api",)),
        ("A command line, a JSON API and a web app.", ("cli", "web", "api")),
        ("1. browser\n2. browser", ("web",)),
    ],
)
def test_interfaces_are_read_in_any_combination(lines: str, read: tuple[str, ...]) -> None:
    app = parse_spec(f"# Things\n\n{THING}\n## Interface\n{lines}\n")
    assert app.interfaces == read


def test_a_window_comes_with_the_command_line_that_opens_it() -> None:
    app = parse_spec(f"# Things\n\n{THING}\n## Interface\n- Desktop\n")
    assert app.interfaces == ("cli", "desktop")
    assert "The window is opened from a command line, which can do the same." in app.assumptions
    text = f"# Things\n\n{THING.replace('Thing', 'Window')}\n## Interface\n- desktop app\n"
    assert "cannot be called window" in str(refused_text(text))


def test_a_kind_that_would_hide_the_server_is_refused() -> None:
    text = f"# Things\n\n{THING.replace('Thing', 'Serve')}\n## Interface\n- web\n"
    assert "cannot be called serve" in str(refused_text(text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mobile app", "does not build a mobile or full-screen interface yet"),
        ("web pages and a tui", "--model"),
        ("telepathy", "I do not understand “telepathy”."),
    ],
)
def test_other_interfaces_are_errors_of_their_line(line: str, said: str) -> None:
    error = refused_text(f"# Things\n\n{THING}\n## Interface\n- command line\n- {line}\n")
    assert said in str(error)
    assert error.line == 10


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no title"),
        ("hello\n", 1, "there is no ## Data section"),
        (f"\n\n{THING}", 1, "no title"),
        (f"Before.\n\n# Things\n\n{THING}", 3, "before everything else"),
        (f"# Things\n\n# Others\n\n{THING}", 3, "a second title; the first is on line 1"),
        (f"# Things\n\n{THING}\n## Fetaures\n- add\n", 8, "Did you mean “features”?"),
        (f"# Things\n\n{THING}\n## Roadmap\n- fly\n", 8, "What I understand here: ## Data"),
        (f"# Things\n\n{THING}\n## Data\n", 8, "the first is on line 3"),
        (f"# {'T' * 200}\n{THING}", 1, "at most 60"),
        (f"# 家計簿\n{THING}", 1, "Latin letters"),
        (f"# Things\n\n<!-- open\n{THING}", 3, "never closed"),
        (f"# Things\n\n{THING}\n```\n", 8, "blocks of code"),
        (f"# Things\n\n{THING}\x00", 7, "U+0000"),
        (f"# Things\n\n{THING}- y\u2028: text", 7, "U+2028"),
        (f"# Things\n{THING}- y: {'text ' * 1000}", 6, "at most 4000"),
        ("# T\n## Data\n" + "### X\n" * 10001, 10001, "are too many"),
    ],
)
def test_what_is_no_spec_is_said(text: str, line: int, said: str) -> None:
    error = refused_text(text)
    assert said in str(error)
    assert error.line == line


def test_all_problems_are_told_at_once_in_order_each_with_its_line() -> None:
    error = refused_text(
        BASE + "## Features\n- Add gadgets\n- Filter items by colour\n\n## Rules\n- be kind\n"
        "\n## Interface\n- mobile\n"
    )
    last = len(BASE.splitlines())
    numbers = [int(line.split(":")[1]) for line in str(error).splitlines()]
    assert numbers == [last + 2, last + 3, last + 6, last + 9]
    assert error.line == last + 2
    assert error.source == "my.md"
    assert all(line.startswith("my.md:") for line in str(error).splitlines())


def test_more_than_ten_problems_are_counted() -> None:
    error = refused_text(f"# Things\n{THING}" + "".join(f"- f{i}: fone\n" for i in range(14)))
    lines = str(error).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 4 more problems like these."
    assert str(error).count("What I understand here") == 1


def test_a_wrapped_line_is_told_by_the_line_the_words_stand_on() -> None:
    error = refused_text(BASE + "## Features\n- Add items and\n  filter them by\n  colour\n")
    assert error.line == len(BASE.splitlines()) + 4


def _dropped(text: str) -> str:
    """The spec with only the lines that say something, at their places."""
    kept = []
    comment = False
    for line in text.split("\n"):
        opens = "<!--" in line
        note = comment or opens or line.strip().startswith(">")
        comment = (comment or opens) and "-->" not in line
        kept.append("" if note else line)
    return "\n".join(kept)


def test_notes_and_blank_lines_change_nothing() -> None:
    noted = []
    for line in BASE.splitlines():
        noted += [line, *(["> a note"] if line.startswith("#") else [])]
        if not line:
            noted += ["<!-- a comment", "over lines -->", ""]
    text = "\n".join(noted)
    assert _dropped(text) != text
    app = parse_spec(text)
    assert isinstance(app, App)
    assert parse_spec(_dropped(text)) == app
    assert parse_spec(_dropped(text).rstrip()) == app


def test_line_ends_do_not_matter() -> None:
    app = parse_spec(BASE)
    assert parse_spec("\ufeff" + BASE.replace("\n", "\r\n")) == app
    assert parse_spec(BASE.replace("\n", "\r")) == app


def test_the_error_is_for_people() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(BASE.replace("limit: integer", "limit: intiger"), "pool.md")
    assert str(caught.value) == (
        "pool.md:9: “intiger, default 3” is no type I know. Did you mean “integer”? "
        "Record kinds: person, item, loan, movement, booking and transfer. "
        "What I understand here: text, integer, decimal, date, date-time, yes/no, "
        "one of (a, b, c), e-mail, reference to KIND, and = EXPRESSION for a computed field."
    )


def lines_told(text: str) -> list[int]:
    return [int(line.split(":")[1]) for line in str(refused_text(text)).splitlines()]


def test_errors_of_all_sections_are_told_in_the_order_of_their_lines() -> None:
    text = "# Pool\nKeeps.\n## Features\n- Fly things.\n## Rules\n- Sing.\n## Interface\n- Song\n"
    data = "## Data\n### Thing\n- m: flurb\n- n: integer\n- o = p + 1\n"
    assert lines_told(text + data) == [4, 6, 8, 11, 13]


def test_what_comes_of_a_line_of_data_that_is_told_is_not_told_as_well() -> None:
    data = "# Pool\nKeeps.\n## Data\n### Thing\n- m: flurb\n- n: integer\n- o = m + 1\n"
    more = "## Features\n- Total m of things by n.\n- Filter things by m and flub.\n"
    rules = "## Rules\n- Each thing: o is above 3.\n- Each thing: n is above flub.\n"
    assert lines_told(data + more + rules) == [5, 13]


@pytest.mark.parametrize("broken", ["- id: text", "- x and y: text", "### ???", "- §: text"])
def test_where_a_name_is_missing_only_what_needs_no_names_is_told(broken: str) -> None:
    text = f"# Pool\nKeeps.\n## Data\n### Thing\n- m: text\n{broken}\n## Features\n- Sort by x.\n"
    assert lines_told(f"{text}## Interface\n- Song\n") == [6, 10]


@pytest.mark.parametrize(
    "text", ["# Pong\n\nA game.\n\n## Play\n\n- Bounce.\n", "A game of balls.\n"]
)
def test_a_spec_of_something_else_is_first_told_what_is_built(text: str) -> None:
    said = refused_text(text).reason
    assert said.startswith("the embedded model builds record-keeping applications only")
