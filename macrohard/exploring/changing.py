"""What one sees by changing and deleting: figures that stay behind, buttons without effect."""

from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal

from macrohard.exploring.figures import figures_of, followers, number_in, stale, told
from macrohard.exploring.sending import SECOND, Entered, again, enter_first
from macrohard.exploring.sight import Field, Form, Sight
from macrohard.exploring.values import Habit, kind_of, number_for
from macrohard.exploring.visiting import PageExplorer, Site, shows

CHANGED = Habit("Probe Elm", 251)
_DELETES = ("delete", "remove", "löschen")
_FOLLOWED = 8
"""Links of an entry's page that are followed in search of its form."""


async def change(user: PageExplorer, entered: Entered) -> Site:
    """Change an entry: it must be seen, and all figures that followed the entry must follow."""
    form = await _edit_form(user, entered)
    if form is None:
        return entered.site
    field = _number(form, entered)
    if field is None:
        return await _change_words(user, entered, form)
    old, new = number_in(field.value), number_in(number_for(field, CHANGED.number))
    if old is None or new is None or old == new:
        return entered.site
    sent = await user.send(form, {field.label: f"{new:f}"})
    if not sent.accepted:
        return entered.site
    site = await user.tour()
    grown = followers(_figures(entered.before), _figures(entered.site), old)
    wrong = stale(grown, _figures(site), new - old)
    if grown and len(wrong) == len(grown) and all(grown[key] == now for key, _, now in wrong):
        title = f"a change sent with {form.button!r} is accepted, and nothing changes"
        user.find("kept", title, seen=told(wrong))
    elif wrong:
        title = f"figures do not follow a change of {field.label!r}"
        user.find("totals", title, seen=f"changed from {old} to {new}\n{told(wrong)}")
    return site


async def _change_words(user: PageExplorer, entered: Entered, form: Form) -> Site:
    """Where there is no number to change: a text."""
    field = next((f for f in form.fields if f.label and entered.habit.word in f.value), None)
    if field is None:
        return entered.site
    word = CHANGED.marked(user.mark).word
    sent = await user.send(form, {field.label: word})
    if not sent.accepted:
        return entered.site
    site = await user.tour()
    if not shows(sent.after.text, word) and not site.showing(word):
        title = f"a change sent with {form.button!r} is accepted, and nothing changes"
        user.find("kept", title, seen=f"{field.label}: {word} is nowhere")
    else:
        # So that what looks for the entry by its words goes on finding it.
        await user.send(form, {field.label: field.value})
        site = await user.tour()
    return site


async def delete(user: PageExplorer, form: Form, site: Site) -> Site:
    """Make an entry and delete it: it must be gone, and no figure may keep it.

    Args:
        user: Does it.
        form: Takes entries.
        site: As it is now.

    Returns:
        The site at the end.
    """
    entered = await enter_first(user, again(form, site), site, SECOND)
    if entered is None:
        return site
    found = await _delete_form(user, entered)
    if found is None:
        return entered.site
    sent = await user.send(found, {})
    if sent.after.status >= 400 or sent.after.refuses(found):
        return entered.site
    now = await user.tour()
    word = entered.habit.word
    left = [p for p in now.showing(word) if p in entered.site.showing(word)]
    if left:
        title = f"{found.button!r} does not delete: the entry is still there"
        user.find("kept", title, seen=f"{word} is still on {', '.join(left[:3])}")
    else:
        _check_gone(user, entered, now)
    return now


def _check_gone(user: PageExplorer, entered: Entered, now: Site) -> None:
    numbers = [number_in(text) for text in entered.sent.typed.values()]
    before = _figures(entered.before)
    for number in {n for n in numbers if n}:
        grown = followers(before, _figures(entered.site), number)
        wrong = [
            (key, value, shown)
            for key, value, shown in stale(grown, _figures(now), -number)
            if key in before
        ]
        if wrong:
            user.find("totals", "figures do not follow a deletion", seen=told(wrong))


async def _edit_form(user: PageExplorer, entered: Entered) -> Form | None:
    """The form that holds an entry, to be changed."""
    async for sight in _near(user, entered):
        for form in sight.forms:
            if form.method == "post" and _holds(form, entered):
                return form
    return None


async def _delete_form(user: PageExplorer, entered: Entered) -> Form | None:
    """The form that deletes an entry: in its row, on its page, or on a page that asks first."""
    word = entered.habit.word
    async for sight in _near(user, entered):
        for form in sight.forms:
            deletes = any(name in form.button.lower() for name in _DELETES)
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
        if address not in seen and len(seen) < _FOLLOWED + len(sights):
            seen.add(address)
            opened = await user.open(address)
            if opened is not None and opened.status < 400:
                yield opened


def _leads(sights: list[Sight], word: str) -> Iterator[str]:
    """Links of a kind that leads to a form of one's own: they name an action."""
    verbs = ("edit", "change", "update", *_DELETES)
    for sight in sights:
        for name, address in sight.links:
            said = f"{name} {address}".lower()
            if any(verb in said for verb in verbs) or word in name:
                yield address


def _holds(form: Form, entered: Entered) -> bool:
    return any(entered.habit.word in field.value for field in form.fields)


def _number(form: Form, entered: Entered) -> Field | None:
    typed = entered.sent.typed
    for field in form.fields:
        given = number_in(typed.get(field.label, ""))
        if field.label and given and kind_of(field) == "number" and number_in(field.value) == given:
            return field
    return None


def _figures(site: Site) -> Mapping[str, Decimal]:
    return figures_of({path: sight.text for path, sight in site.sights.items()})
