"""What one sees by asking lists: searching, sorting, choosing, turning pages, saving files."""

import re
from collections.abc import Iterator
from decimal import Decimal

from macrohard.exploring.figures import figures_of, followers
from macrohard.exploring.files import garbled
from macrohard.exploring.sending import MARKUP, Entered, again, retyped
from macrohard.exploring.sight import Field, Form, Sight
from macrohard.exploring.values import Habit
from macrohard.exploring.visiting import PageExplorer, Site

_FORMS = 12
_CHOICES = 3
_MANY = 54
"""Entries that are made of one kind, so that lists have several pages."""
_KINDS = 2
_GIVEN_UP = 2
"""Refusals, one after the other, that end the making of many."""
_TURNED = 30
"""Pages of one list that are turned."""
_TURNS = re.compile(
    r"^\W*(?:next|previous|later|earlier|older|newer|more|first|last|weiter|zurück|page|[0-9]+|)"
    r"(?:\s+page)?(?:\s+[0-9]+)?\W*$",
    re.IGNORECASE,
)
"""Names of links that turn pages."""
_ABSENT = "Quagga Zzyzx"
_FILES = re.compile(r"export|download|\bcsv\b", re.IGNORECASE)
_PAGED = re.compile(r"\b(?:page|showing)\b", re.IGNORECASE)


async def ask_lists(user: PageExplorer, site: Site, made: list[Entered]) -> None:
    """Use every form that only asks: choose what can be chosen, look for what is there.

    A crash, and a page that does not come, is found by itself.
    """
    asked: dict[str, Form] = {}
    for sight in site.sights.values():
        for form in sight.forms:
            if form.method == "get":
                asked.setdefault(form.key, form)
    for form in list(asked.values())[:_FORMS]:
        for field in form.fields:
            if field.kind == "select":
                for option in _some(field.options):
                    await user.send(form, {field.label: option})
            elif field.label and field.kind in {"text", "search"}:
                await _search(user, form, field, made)


def _some(options: tuple[str, ...]) -> tuple[str, ...]:
    """The first options and the last one."""
    return tuple(dict.fromkeys((*options[:_CHOICES], *options[-1:])))


async def _search(user: PageExplorer, form: Form, field: Field, made: list[Entered]) -> None:
    """What is found as it was written is found in small letters, too."""
    absent = await user.send(form, {field.label: _ABSENT})
    if not absent.accepted:
        return
    for entered in made:
        word = entered.habit.word
        exact = await user.send(form, {field.label: word})
        rest = absent.after.text.count(_ABSENT)
        if exact.after.text.count(word) <= rest or word in absent.after.text:
            continue
        small = await user.send(form, {field.label: word.lower()})
        if small.accepted and word not in small.after.text:
            title = f"a search by {field.label!r} finds nothing in small letters"
            seen = f"{word!r} is found on {form.path}, {word.lower()!r} is not"
            user.find("search", title, seen=seen, severity="minor")
        return


async def make_many(user: PageExplorer, made: list[Entered], site: Site) -> Site:
    """Make so many entries that lists get long: each is still to be found, and counted.

    Returns:
        The site at the end.
    """
    for entered in made[:_KINDS]:
        form = again(entered.form, site)
        words: list[str] = []
        refused = 0
        for number in range(1, _MANY + 1):
            habit = Habit(f"Many {number:02} Probe", 300 + number)
            taken = (await user.send(form, retyped(entered, habit))).accepted
            refused = 0 if taken else refused + 1
            words += [habit.word] if taken else []
            if refused >= _GIVEN_UP:
                break
        if len(words) > 1:
            site = await user.tour()
            _check_counted(user, entered, site)
        if len(words) > _MANY // 2:
            await _turn(user, site, words)
    return site


def _check_counted(user: PageExplorer, entered: Entered, now: Site) -> None:
    """What the start page counted when the first entry came, it goes on counting."""
    before, after, last = (_counts(each) for each in (entered.before, entered.site, now))
    grown = followers(before, after, Decimal(1))
    stuck = [key for key in grown if last.get(key) == grown[key] and not _PAGED.search(key)]
    if stuck and _lists_more(entered, now):
        user.find(
            "totals",
            "a number on the start page counted the first entry, and none after it",
            seen=f"{stuck[0].rpartition(' | ')[0]}: still {grown[stuck[0]]}",
        )


def _counts(site: Site) -> dict[str, Decimal]:
    start = site.sights.get("/")
    found: dict[str, Decimal] = {}
    for key, value in figures_of({"/": start.text} if start else {}).items():
        one = re.sub(r"(?:(?<=[a-z])ies|(?<=[a-z])y|(?<=[a-z])e?s)\b", "", key)
        found[one] = found.get(one, Decimal(0)) + value
    return found


def _lists_more(entered: Entered, now: Site) -> bool:
    """Whether entries of the kind were added that are to be seen elsewhere."""
    return any(
        "Many 01 Probe" in sight.text or "Many 54 Probe" in sight.text
        for path, sight in now.sights.items()
        if path != "/"
    ) and any(entered.habit.word in text for text in entered.sent.typed.values())


async def _turn(user: PageExplorer, site: Site, words: list[str]) -> None:
    """Turn the pages of each list of the entries: each of them is on one."""
    for path, sight in site.sights.items():
        if words[0] not in sight.text and words[-1] not in sight.text:
            continue
        pages = await _pages_of(user, path, sight)
        if len(pages) < 2:
            continue
        missing = [word for word in words if not any(word in text for text in pages)]
        if missing and len(missing) < len(words):
            title = "entries of a long list are on none of its pages"
            seen = f"{len(pages)} pages of {path}: {len(missing)} of {len(words)} are missing"
            user.find("kept", title, seen=f"{seen}, {missing[0]} among them")
        return


async def _pages_of(user: PageExplorer, path: str, first: Sight) -> list[str]:
    """What is to be read on all pages of a list."""
    texts = {path: first.text}
    waiting = list(_turning(first))
    while waiting and len(texts) < _TURNED:
        address = waiting.pop(0)
        if address in texts:
            continue
        sight = await user.open(address)
        if sight is not None:
            texts[address] = sight.text
            waiting += _turning(sight)
    return list(texts.values())


def _turning(sight: Sight) -> Iterator[str]:
    here = sight.path.partition("?")[0]
    for name, address in sight.links:
        if _TURNS.match(name.strip()) and (address.partition("?")[0] == here or "page" in address):
            yield address


async def read_files(user: PageExplorer, site: Site) -> None:
    """Save what can be saved: in a table for other programs, a name is one cell."""
    links = {
        address: name
        for sight in site.sights.values()
        for name, address in sight.links
        if _FILES.search(name) or address.endswith(".csv")
    }
    for address in links:
        await user.open(address)
        text = user.last.text if user.last else ""
        if garbled(text, MARKUP.marked(user.mark).word):
            title = "in a file that was saved, a name with quotes and commas is not one cell"
            user.find("files", title, seen=f"{address}:\n{text[-500:]}")
