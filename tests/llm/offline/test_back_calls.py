"""From a command to the functions it runs."""

from macrohard.llm.offline.parts.calls import reached, references, run_by
from macrohard.llm.offline.parts.evidence import Command, failing_command, telling_words
from macrohard.llm.offline.parts.source import callers, changed_names

FILES = {
    "shop/__init__.py": "",
    "shop/text.py": "LIMIT = 3\n\n\ndef short(text):\n    return text[:LIMIT]\n",
    "shop/records/__init__.py": "",
    "shop/records/stock_item.py": (
        "from shop.text import short\n\n\n"
        "class Item:\n    def label(self):\n        return short(self.name)\n\n\n"
        "def load(row):\n    return Item(row)\n\n\n"
        "def save(item):\n    return item\n"
    ),
    "shop/commands/__init__.py": "",
    "shop/commands/stock_item.py": (
        "from shop.records import stock_item as records\n\n\n"
        "def parser():\n    return declare_add(1)\n\n\n"
        "def declare_add(verbs):\n    parser = verbs\n    return parser, run_add\n\n\n"
        "def run_add(options):\n    return records.save(options)\n\n\n"
        "def run_list(options):\n    return [records.load(each) for each in options]\n"
    ),
    "shop/commands/sale.py": "def run_list(options):\n    return options\n",
}
COMMANDS = "shop/commands/stock_item.py"
RECORDS = "shop/records/stock_item.py"


def test_a_command_runs_what_its_verb_names_and_all_that_it_reaches() -> None:
    assert run_by(Command("stock-item", "list"), FILES) == {
        (COMMANDS, "run_list"),
        (RECORDS, "load"),
        (RECORDS, "Item"),
        ("shop/text.py", "short"),
        ("shop/text.py", "LIMIT"),
    }


def test_a_local_variable_is_not_the_function_of_that_name() -> None:
    assert run_by(Command("stock-item", "add"), FILES) == {
        (COMMANDS, "declare_add"),
        (COMMANDS, "run_add"),
        (RECORDS, "save"),
    }


def test_an_unknown_command_runs_nothing() -> None:
    assert run_by(Command("tree", "list"), FILES) == frozenset()
    assert run_by(Command("stock-item", ""), FILES) == frozenset()


def test_references_go_through_circles_once() -> None:
    files = {"a.py": "def f():\n    return g()\n\n\ndef g():\n    return f()\n"}
    assert reached([("a.py", "f")], references(files)) == {("a.py", "f"), ("a.py", "g")}


def test_callers_are_found_near_and_far() -> None:
    assert callers({"short"}, FILES) == {"short", "label"}
    assert callers({"load"}, FILES) == {"load", "run_list"}


def test_functions_that_changed_are_named_without_their_class() -> None:
    text = FILES[RECORDS]
    assert changed_names(text, text.replace("short(self", "long(self")) == {"label"}
    assert changed_names("", "def f():\n    return 1\n") == {"f"}


ACCEPTANCE = """\
S3.C1 is not met, when the name is changed
$ python -m shop --db data.db stock-item list --json
expected: exit code 0
standard output: {"price": 1}
difference: [1] price is 1, not 2
done before:
$ python -m shop --db data.db stock-item add --name x
"""
USER = """\
Before, in the same folder:
typed: python -m shop stock-item add --name x
Then typed: python -m shop stock-item list
Expected: a table
Seen:
$ nothing
"""


def test_the_command_at_fault_is_the_first_of_a_test_and_the_last_of_a_user() -> None:
    assert failing_command(ACCEPTANCE, "shop") == Command("stock-item", "list")
    assert failing_command(USER, "shop") == Command("stock-item", "list")
    assert failing_command("nothing was typed", "shop") is None


def test_what_tells_is_the_heading_and_the_difference_and_not_the_data() -> None:
    told = telling_words(ACCEPTANCE)
    assert "the name is changed" in told
    assert "price is 1, not 2" in told
    assert "--name x" not in told
    assert '{"price"' not in told


def test_constants_that_changed_are_named_too() -> None:
    before = "A = (\n    1,\n    2,\n)\nB = 3\n\n\ndef f():\n    return A\n"
    assert changed_names(before, before.replace("    2,\n", "    2,\n    4,\n")) == {"A"}
    assert changed_names(before, before.replace("    2,\n", "")) == {"A"}
    assert changed_names(before, before.replace("3", "4")) == {"B"}
