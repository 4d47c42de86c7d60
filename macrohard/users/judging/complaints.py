"""Whether a complaint is backed by what happened."""

import re

from macrohard.users.base import Tape, Taped, TypeLine
from macrohard.users.judging.screentext import appeared, collapse

_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|(?<!\w)'([^'\n]+)'(?!\w)")
_ACTION = re.compile(r"\baction\s+#?(\d+)", re.IGNORECASE)
_PICTURE = re.compile(r"(?<![\w./-])[\w-]+\.png\b", re.IGNORECASE)
_SHORTEST_QUOTE = 4


def backing(complaint: str, tape: Tape) -> Taped | None:
    """The action that backs a complaint, if one does.

    It is named (``action N``) or its typed line is quoted; and another quotation, of at least four
    characters, is something it put on the screen.
    """
    quotes = [next(part for part in match if part) for match in _QUOTED.findall(complaint)]
    numbers = {int(number) for number in _ACTION.findall(complaint)}
    for entry in tape.entries:
        others = [quote for quote in quotes if not _is_line(quote, entry)]
        if entry.number not in numbers and len(others) == len(quotes):
            continue
        if any(_was_shown(quote, entry) for quote in others):
            return entry
    return None


def named_picture(complaint: str, tape: Tape) -> Taped | None:
    """The action whose picture a complaint names, if the user was shown it; the first such."""
    named = {name.lower() for name in _PICTURE.findall(complaint)}
    shown = {name for name in tape.shown if name.lower() in named}
    return next((entry for entry in tape.entries if entry.seen.picture in shown), None)


def _is_line(quote: str, entry: Taped) -> bool:
    return isinstance(entry.action, TypeLine) and collapse(quote) == collapse(entry.action.text)


def _was_shown(quote: str, entry: Taped) -> bool:
    long_enough = len("".join(quote.split())) >= _SHORTEST_QUOTE
    only_text = entry.model_copy(update={"seen": entry.seen.model_copy(update={"screen": ""})})
    return long_enough and appeared(quote, [only_text])
