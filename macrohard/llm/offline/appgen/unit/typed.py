"""Statements of tests that type a record and add it."""

from macrohard.llm.offline.appgen import names
from macrohard.llm.offline.appgen.pysource import quote
from macrohard.llm.offline.appgen.unit.records import given
from macrohard.llm.offline.dialect.ast import Kind, Rule
from macrohard.llm.offline.oracle.seek import Typed


def texts(typed: Typed) -> str:
    """What is typed, as a dict."""
    entries = [f"{quote(slug)}: {quote(text)}" for slug, text in typed.items()]
    return f"{{{', '.join(entries)}}}"


def new_record(kind: Kind, typed: Typed, name: str = "record") -> list[str]:
    """The statement that makes a record of texts."""
    return given(name, f"{names.records_module(kind)}.new({texts(typed)})")


def refused_add(kind: Kind, message: str) -> str:
    """The statement that adds a record in vain."""
    add = f"{names.changes_module(kind)}.add"
    return f"self.assert_change_refused({quote(message)}, {add}, record)"


def accepted_add(kind: Kind) -> list[str]:
    """The statements that add a record with success."""
    add = f"{names.changes_module(kind)}.add"
    return [f"stored = {add}(self.connection, accepted)", "self.assertGreater(stored.id, 0)"]


def broken(rule: Rule) -> str:
    """The start of the message about a broken rule."""
    return f"rule broken: {rule.text}"
