"""What a command asks for, so that it can be asked on pages and of the JSON API as well."""

from dataclasses import dataclass, field

from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.criteria.check import Words
from macrohard.llm.offline.dialect.ast import App, Kind

FIGURES = frozenset({"total", "count", "average", "min", "max"})


@dataclass(frozen=True)
class Asked:
    """A command, taken apart.

    Attributes:
        path: The kind's name in addresses.
        kind: The kind; None where it names none.
        verb: What is to be done.
        target: The id or the field behind the verb; empty without one.
        typed: Values by the slug of their field, or by the word of an option that is no field.
    """

    path: str
    kind: Kind | None
    verb: str
    target: str = ""
    typed: dict[str, str] = field(default_factory=dict)


def understood(app: App, words: Words) -> Asked | None:
    """Take a command apart; None when it is no command about records."""
    if len(words) < 2 or words[0].startswith("-"):
        return None
    kind = next((each for each in app.kinds if each.command == words[0]), None)
    path = path_of(app, kind) if kind else words[0]
    target, typed = "", {}
    rest = [word for word in words[2:] if word != "--json"]
    slugs = {each.option: each.slug for each in kind.fields} if kind else {}
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            target = word
            continue
        name, tied, value = word.partition("=")
        if not tied:
            value = rest.pop(0) if rest else ""
        typed[slugs.get(name, name.removeprefix("--"))] = value
    return Asked(path, kind, words[1], target, typed)
