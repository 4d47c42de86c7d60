"""The pages about an entry: the form that changes it, the one that deletes it."""

from collections.abc import AsyncIterator, Iterator

from macrohard.exploring.figures import number_in
from macrohard.exploring.sending import Entered
from macrohard.exploring.sight import Form, Sight
from macrohard.exploring.visiting import PageExplorer, shows

DELETES = ("delete", "remove", "löschen")
"""Words on buttons and links that delete."""
FOLLOWED = 8
"""Links of an entry's page that are followed in search of its form."""


async def edit_form(user: PageExplorer, entered: Entered) -> Form | None:
    """The form that holds an entry, to be changed."""
    async for sight in _near(user, entered):
        for form in sight.forms:
            if form.method == "post" and _holds(form, entered):
                return form
    return None


async def delete_form(user: PageExplorer, entered: Entered) -> Form | None:
    """The form that deletes an entry: in its row, on its page, or on a page that asks first."""
    word = entered.habit.word
    async for sight in _near(user, entered):
        for form in sight.forms:
            deletes = any(name in form.button.lower() for name in DELETES)
            here = shows(form.around or sight.text, word)
            single = sum(f.button == form.button for f in sight.forms) == 1
            if form.method == "post" and deletes and here and single:
                return form
    return None


async def _near(user: PageExplorer, entered: Entered) -> AsyncIterator[Sight]:
    """Pages about an entry: where it led to, where links from there lead, and where it is shown."""
    first = entered.sent.after
    seen = {first.path}
    yield first
    places = [*entered.site.showing(entered.habit.word)]
    sights = [first, *(entered.site.sights[place] for place in places)]
    for sight in sights:
        if sight.path not in seen:
            seen.add(sight.path)
            yield sight
    for address in _leads(sights, entered.habit.word):
        if address not in seen and len(seen) < FOLLOWED + len(sights):
            seen.add(address)
            opened = await user.open(address)
            if opened is not None and opened.status < 400:
                yield opened


def _leads(sights: list[Sight], word: str) -> Iterator[str]:
    """Links of a kind that leads to a form of one's own: they name an action."""
    verbs = ("edit", "change", "update", *DELETES)
    for sight in sights:
        for name, address in sight.links:
            said = f"{name} {address}".lower()
            if any(verb in said for verb in verbs) or word in name:
                yield address


def _holds(form: Form, entered: Entered) -> bool:
    chosen = {f.label for f in entered.form.fields if f.kind == "select"}
    typed = {label: text for label, text in entered.sent.typed.items() if label not in chosen}
    habit = entered.habit
    if any(habit.word in text for text in typed.values()):
        return any(habit.word in field.value for field in form.fields)
    # Nothing else that was typed can be recognised.
    numbers = {label: number_in(text) for label, text in typed.items() if habit.owns(text)}
    return any(number_in(f.value) == numbers[f.label] for f in form.fields if f.label in numbers)
