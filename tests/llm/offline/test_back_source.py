"""Differences between files, found and mended by function."""

from hypothesis import given
from hypothesis import strategies as st

from macrohard.llm.offline.parts.evidence import Place
from macrohard.llm.offline.parts.mending import change, focus_on, put_right, whole
from macrohard.llm.offline.parts.source import (
    MODULE,
    hunks,
    imported_files,
    mend,
    piece_at,
    pieces,
)
from macrohard.llm.offline.scene import Action

WANTED = '''"""Sums."""

LIMIT = 10


def check(number):
    """Refuse big numbers."""
    if number > LIMIT:
        raise ValueError("too big")
    return number


class Till:
    """Holds money."""

    def total(self, items):
        """Add up."""
        return sum(items)

    def count(self, items):
        """Count."""
        return len(items)
'''
BROKEN = WANTED.replace("> LIMIT", ">= LIMIT").replace("sum(items)", "max(items)")


def edited(text: str, actions: list[Action]) -> str:
    """What the edit tools make of a text."""
    for action in actions:
        if action.tool == "write_file":
            text = action.arguments["content"]
        else:
            assert text.count(action.arguments["old"]) == 1
            text = text.replace(action.arguments["old"], action.arguments["new"])
    return text


def test_pieces_are_functions_methods_and_classes() -> None:
    names = [piece.name for piece in pieces(WANTED)]
    assert names == ["check", "Till", "Till.total", "Till.count"]
    assert piece_at(pieces(WANTED), 8) == "check"
    assert piece_at(pieces(WANTED), 18) == "Till.total"
    assert piece_at(pieces(WANTED), 3) == MODULE


def test_hunks_know_their_function() -> None:
    assert [hunk.piece for hunk in hunks(BROKEN, WANTED)] == ["check", "Till.total"]


def test_a_statement_that_is_gone_is_found_in_its_function() -> None:
    gone = WANTED.replace('    if number > LIMIT:\n        raise ValueError("too big")\n', "")
    assert [hunk.piece for hunk in hunks(gone, WANTED)] == ["check"]


def test_only_the_function_that_is_pointed_at_is_mended() -> None:
    line = BROKEN[: BROKEN.index("max(items)")].count("\n") + 1
    focuses = focus_on([Place("till.py", line, "total")], {"till.py": BROKEN})
    changed = put_right(focuses, {"till.py": BROKEN}, {"till.py": WANTED})
    assert changed == {"till.py": WANTED.replace("> LIMIT", ">= LIMIT")}


def test_a_whole_file_is_mended_when_only_the_file_is_named() -> None:
    changed = put_right(whole(["till.py"]), {"till.py": BROKEN}, {"till.py": WANTED})
    assert changed == {"till.py": WANTED}


def test_of_a_file_that_does_not_parse_the_slip_next_to_the_line_is_mended() -> None:
    unreadable = BROKEN.replace("def check(number):", "def check(number)")
    focuses = focus_on([Place("till.py", 6)], {"till.py": unreadable})
    changed = put_right(focuses, {"till.py": unreadable}, {"till.py": WANTED})
    assert changed == {"till.py": BROKEN}


def test_a_file_that_is_right_is_left_alone() -> None:
    assert put_right(whole(["till.py"]), {"till.py": WANTED}, {"till.py": WANTED}) == {}


lines = st.lists(st.sampled_from(["a\n", "b\n", "    c\n", "\n", "def f():\n"]), max_size=12)


@given(lines, lines)
def test_mending_every_hunk_gives_the_wanted_text(old: list[str], new: list[str]) -> None:
    before, after = "".join(old), "".join(new)
    assert mend(before, hunks(before, after)) == after


@given(lines, lines)
def test_tool_calls_give_the_wanted_text(old: list[str], new: list[str]) -> None:
    before, after = "".join(old), "".join(new)
    assert edited(before, change("x.py", before, after)) == after


def test_a_small_change_is_an_edit_and_not_a_new_file() -> None:
    actions = change("till.py", BROKEN, WANTED)
    assert [action.tool for action in actions] == ["edit_file", "edit_file"]
    assert edited(BROKEN, actions) == WANTED


def test_imports_are_found_in_every_form() -> None:
    files = {
        "app/__init__.py": "",
        "app/db.py": "import sqlite3\n",
        "app/rules.py": "from . import db\nfrom .db import connect\n",
        "app/cli.py": "import app.db\nfrom app import rules\n",
    }
    assert imported_files("app/cli.py", files) == ("app/db.py", "app/__init__.py", "app/rules.py")
    assert "app/db.py" in imported_files("app/rules.py", files)
    assert imported_files("app/db.py", files) == ()
