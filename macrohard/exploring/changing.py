"""What one sees by changing and deleting: figures that stay behind, buttons without effect."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from macrohard.exploring.figures import figures_of, followers, number_in, stale, told
from macrohard.exploring.nearby import delete_form, edit_form
from macrohard.exploring.reopening import (
    change_more,
    check_changed,
    check_entered,
    compare_entries,
    save_twice,
)
from macrohard.exploring.sending import SECOND, Entered, again, enter_first, retyped
from macrohard.exploring.sight import Field, Form
from macrohard.exploring.values import Habit, kind_of, number_for
from macrohard.exploring.visiting import PageExplorer, Site, shows

CHANGED = Habit("Probe Elm", 251)
THIRD = Habit("Probe Hazel", 223)
FOURTH = Habit("Probe Juniper", 227)


async def change(user: PageExplorer, entered: Entered) -> Site:
    """Change an entry: it must be seen, and all figures that followed the entry must follow."""
    form = await edit_form(user, entered)
    if form is None:
        return entered.site
    await check_entered(user, entered, form)
    site = await _change_once(user, entered, form)
    await change_more(user, entered, form)
    return site


async def examine(user: PageExplorer, entered: Entered, site: Site) -> None:
    """Look closer at the form that changes an entry: twice, in two tabs, with what is refused.

    Args:
        user: Does it.
        entered: The entry.
        site: As it is now.
    """
    form = await edit_form(user, replace(entered, site=site))
    if form is not None:
        await save_twice(user, form)
        await compare_entries(user, entered, form, site)


async def _change_once(user: PageExplorer, entered: Entered, form: Form) -> Site:
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
    else:
        await check_changed(user, form, {field.label: f"{new:f}"})
    # So that what looks for the entry by its number goes on finding it.
    await user.send(form, {field.label: field.value})
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
    found = await delete_form(user, entered)
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


async def delete_more(user: PageExplorer, form: Form, site: Site) -> Site:
    """Make two more entries and delete the first of them: the second stays.

    Args:
        user: Does it.
        form: Takes entries.
        site: As it is now.

    Returns:
        The site at the end.
    """
    entered = await enter_first(user, again(form, site), site, THIRD)
    if entered is None:
        return site
    beside = FOURTH.marked(user.mark)
    await user.send(again(form, entered.site), retyped(entered, beside))
    site = await user.tour()
    found = await delete_form(user, entered)
    if found is None:
        return site
    sent = await user.send(found, {}, twice=True)
    if sent.after.status >= 500:
        return site
    now = await user.tour()
    there = [path for path in site.showing(beside.word) if path in now.sights]
    gone = not now.showing(entered.habit.word)
    if there and not now.showing(beside.word):
        title = f"{found.button!r} deletes another entry than the one it is about"
        state = "is gone, too" if gone else "is still there"
        seen = f"{beside.word} was on {there[0]} and is gone; {entered.habit.word} {state}"
        user.find("kept", title, seen=seen)
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


def _number(form: Form, entered: Entered) -> Field | None:
    typed = entered.sent.typed
    for field in form.fields:
        given = number_in(typed.get(field.label, ""))
        if field.label and given and kind_of(field) == "number" and number_in(field.value) == given:
            return field
    return None


def _figures(site: Site) -> Mapping[str, Decimal]:
    return figures_of({path: sight.text for path, sight in site.sights.items()})
