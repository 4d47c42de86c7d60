"""What evidence points at."""

from macrohard.llm.offline.parts.evidence import Command, Place, commands, places, symptom

PATHS = ("shop/db.py", "shop/items/rules.py", "shop/rules.py", "tests/test_db.py", "README.md")

TRACE = """\
Traceback (most recent call last):
  File "/work/app/tests/test_db.py", line 12, in test_total
    self.assertEqual(db.total(), 3)
  File "/work/app/shop/db.py", line 40, in total
    return sum(rows, extra)
  File "/usr/lib/python3.11/other/db.py", line 3, in sum
TypeError: total() takes 1 positional argument but 'x' were given
"""


def test_a_traceback_points_at_files_lines_and_functions() -> None:
    assert places(TRACE, PATHS) == (
        Place("tests/test_db.py", 12, "test_total"),
        Place("shop/db.py", 40, "total"),
    )


def test_pytest_and_reviewers_write_paths_with_colons() -> None:
    text = "shop/db.py:7: in connect\nE   OSError: no\nreviewer: shop/rules.py:3: no docstring"
    assert places(text, PATHS) == (Place("shop/db.py", 7, "connect"), Place("shop/rules.py", 3))


def test_the_longest_path_that_fits_is_meant() -> None:
    text = 'File "/tmp/x/shop/items/rules.py", line 2'
    assert places(text, PATHS) == (Place("shop/items/rules.py", 2),)


def test_a_path_that_is_only_named_is_a_place_without_a_line() -> None:
    assert places("README.md does not name the command", PATHS) == (Place("README.md"),)


def test_a_longer_name_is_not_the_file() -> None:
    assert places("see old_db.py and shop/db.python", PATHS) == ()


def test_commands_are_read_past_options() -> None:
    text = (
        "$ python -m shop --db /tmp/x.db stock-item add --name x\n"
        "ran: python -m shop stock-item list --json\n"
        "python -m other thing list"
    )
    assert commands(text, "shop") == (Command("stock-item", "add"), Command("stock-item", "list"))


def test_the_symptom_is_the_last_exception_without_its_values() -> None:
    assert symptom(TRACE).startswith("TypeError: total() takes _ positional argument")
    assert symptom("E   AssertionError: 'a' != 'b'") == "AssertionError: _ != _"
    assert symptom("all went well") == ""
