"""Names: slugs, plurals, words that are taken, and the nearest name to a misspelt one."""

import difflib
import itertools
import keyword
import re
import sys
from collections.abc import Iterable

from macrohard.llm.offline.dialect.words import Puzzle, fold, tokenize

MAX_NAME = 60
"""Longest name in characters: it becomes a command, a column heading and an identifier."""

RESERVED_FIELDS = {
    "id": "every record has an id already",
    "db": "--db names the database file",
    "json": "--json switches the output",
    "sort": "--sort orders a list",
    "search": "--search finds records",
    "by": "--by groups totals",
    "help": "--help explains a command",
}
"""Field names that would clash with an option of every built application, and why."""

GRAMMAR = frozenset(
    "and or not is are where when if whose with of by per via the an its their each every all "  # noqa: SIM905
    "yes no true false today now empty given".split()
)
"""Words that hold sentences of the dialect together; alone they can name nothing."""

VERBS = frozenset(
    "add list show edit delete total count average min max import export help".split()  # noqa: SIM905
)
"""Commands of every kind, which no named condition may be called."""

_TAKEN_PACKAGES = frozenset({"pip", "pytest", "setuptools", "tests", "app"})

_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "mouse": "mice", "datum": "data", "medium": "media",
    "criterion": "criteria", "quiz": "quizzes", "ox": "oxen",
}  # fmt: skip
_VES = {"leaf", "shelf", "knife", "life", "wife", "half", "loaf", "wolf", "calf", "thief", "scarf"}
_OES = {"potato", "tomato", "hero", "echo", "veto", "torpedo"}
_SAME = {"sheep", "fish", "series", "species", "equipment", "information", "news", "stock", "staff"}
_ES = ("s", "x", "z", "ch", "sh")


def slug_of(name: str, what: str) -> str:
    """The identifier made of a name.

    Args:
        name: As the person wrote it.
        what: What is named, for messages: ``field``.

    Raises:
        Puzzle: The name is too long, or no identifier can be made of it.
    """
    if len(name) > MAX_NAME:
        raise Puzzle(
            f"the name of this {what} has {len(name)} characters; at most {MAX_NAME} are possible."
        )
    tokens = tokenize(name)
    words = [token.norm for token in tokens]
    if not words:
        raise Puzzle(f"this {what} has no name.")
    if any(token.kind not in {"word", "number", "possessive"} for token in tokens):
        raise Puzzle(
            f"“{name}” cannot name a {what}: names are made of letters, digits, spaces and hyphens."
        )
    slug = "_".join(words).replace("_'s", "s").replace(".", "_")
    if slug in GRAMMAR:
        raise Puzzle(
            f"no {what} can be called {name}: the word holds sentences together. "
            f"Add another word, such as “{name} {what.rsplit(maxsplit=1)[-1]}”."
        )
    if not slug.isascii():
        raise Puzzle(
            f"“{name}” cannot name a {what}: it becomes a command and I cannot spell it in Latin "
            "letters. Write the name as you would type it on an English keyboard."
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise Puzzle(f"“{name}” cannot name a {what}: names begin with a letter.")
    return slug + "_" if keyword.iskeyword(slug) else slug


def package_name(title: str) -> str:
    """A Python package name made of a title, which shadows no module of Python's own.

    Raises:
        Puzzle: Nothing in the title can be spelt in ASCII, or it is too long.
    """
    if len(title) > MAX_NAME:
        raise Puzzle(
            f"the title has {len(title)} characters; at most {MAX_NAME} are possible. "
            "The purpose below it may be as long as you like."
        )
    folded = fold(re.sub("['\N{RIGHT SINGLE QUOTATION MARK}]", "", title))
    slug = re.sub(r"[^a-z0-9]+", "_", folded).strip("_")
    if not slug:
        raise Puzzle(
            f"no command name can be made of the title “{title}”; use some Latin letters in it."
        )
    if slug[0].isdigit():
        slug = f"app_{slug}"
    taken = slug in sys.stdlib_module_names or slug in _TAKEN_PACKAGES or keyword.iskeyword(slug)
    return f"{slug}_app" if taken else slug


def plural_of(name: str) -> str:
    """The English plural of a name, by its last word."""
    head, last = _last_word(name)
    low = last.lower()
    if low in _IRREGULAR:
        plural = _IRREGULAR[low]
    elif low in _SAME:
        plural = low
    elif low in _VES:
        plural = re.sub("fe?$", "ves", low)
    elif low.endswith("y") and low[-2:-1] not in set("aeiou"):
        plural = low[:-1] + "ies"
    elif low.endswith(_ES) or low in _OES:
        plural = low + "es"
    else:
        plural = low + "s"
    if last[:1].isupper():
        plural = plural[:1].upper() + plural[1:]
    return head + plural


def singular_of(name: str) -> str | None:
    """The singular, where the last word looks like a plural; else None."""
    head, last = _last_word(name)
    low = last.lower()
    back = {plural: one for one, plural in _IRREGULAR.items()}
    candidates = [back[low]] if low in back else []
    if low not in _SAME and not low.endswith(("ss", "us", "is")) and low.endswith("s"):
        candidates += [re.sub("ves$", "f", low), re.sub("ves$", "fe", low)]
        candidates.append(re.sub("ies$", "y", low))
        # “boxes” are each a box, but “expenses” each an expense.
        hisses = low[:-2].endswith(("x", "ch", "sh", "ss", "zz")) or low[:-2] in _OES
        candidates.append(low[:-2] if low.endswith("es") and hisses else low[:-1])
    for one in candidates:
        if len(one) > 1 and plural_of(one).lower() == low:
            return head + (one[:1].upper() + one[1:] if last[:1].isupper() else one)
    return None


def _last_word(name: str) -> tuple[str, str]:
    cut = max(name.rfind(" "), name.rfind("-"), name.rfind("_")) + 1
    return name[:cut], name[cut:]


def with_article(noun: str) -> str:
    """``an item``, ``a person``."""
    return f"{'an' if noun[:1].lower() in set('aeiou') else 'a'} {noun}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    every = list(names)
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} {last} {every[-1]}"


def some(names: Iterable[str], most: int = 12) -> list[str]:
    """The first of many names, for a message."""
    every = list(itertools.islice(names, most + 1))
    return every if len(every) <= most else [*every[:most], "others"]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` when something near is known, else nothing."""
    names = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word)[:MAX_NAME], names, n=1, cutoff=0.6)
    return f" Did you mean “{names[near[0]]}”?" if near else ""
