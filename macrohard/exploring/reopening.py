"""What one sees by opening the form of an entry again: values that moved, changes that are lost."""

from collections.abc import Iterator, Mapping

from macrohard.exploring.figures import number_in
from macrohard.exploring.nearby import edit_form
from macrohard.exploring.sending import Entered, again, retyped
from macrohard.exploring.sight import Field, Form
from macrohard.exploring.values import Habit, about, kind_of
from macrohard.exploring.visiting import PageExplorer, Site, shows
from macrohard.users.base import OtherTab, UserActionError

OTHER = Habit("Probe Fir", 179)
"""Another entry, beside the one that is changed."""
_BESIDE = Habit("Probe Larch", 199)
_SPOILT = Habit("Probe Gorse", 181)
_REWORDED = Habit("Probe Holly", 193)
_TABBED = Habit("Probe Ivy", 197)
_WRONG = {"number": "-1", "date": "2031-02-30", "email": "nobody", "text": ""}
"""What some fields refuse, by kind."""
_TRIED = 4


async def reopened(user: PageExplorer, form: Form) -> Form | None:
    """The form of an entry as it is now; None where it is no more."""
    sight = await user.open(form.path)
    if sight is None or sight.status >= 400:
        return None
    same = [f for f in sight.forms if f.key == form.key and f.action == form.action]
    return same[0] if len(same) == 1 else None


async def check_entered(user: PageExplorer, entered: Entered, form: Form) -> None:
    """The form to change an entry holds what was entered."""
    now = await reopened(user, form)
    for label, typed, held in _differing(entered.sent.typed, now):
        title = f"{label!r} is entered as one thing, and the form to change it holds another"
        user.find("kept", title, seen=f"on {form.path}: {typed!r} was entered, {held!r} is held")


async def check_changed(user: PageExplorer, form: Form, typed: Mapping[str, str]) -> bool:
    """The form to change an entry holds what it was changed to; whether it does."""
    now = await reopened(user, form)
    lost = [
        *_differing(typed, now),
        *((label, text, f.value) for label, text, f in _fields(typed, now) if not f.value),
    ]
    for label, text, held in lost[:1]:
        title = f"a change of {label!r} with {form.button!r} is accepted and not kept"
        user.find("kept", title, seen=f"on {form.path}: {text!r} was typed, {held!r} is held")
    return not lost


def _differing(typed: Mapping[str, str], form: Form | None) -> Iterator[tuple[str, str, str]]:
    """Fields that hold something other than what was typed: label, typed, held."""
    for label, text, field in _fields(typed, form):
        if field.value and not _same(text, field):
            yield label, text, field.value


def _fields(typed: Mapping[str, str], form: Form | None) -> Iterator[tuple[str, str, Field]]:
    plain = {"checkbox", "radio", "file", "password", "select", "color"}
    for field in form.fields if form else ():
        if field.label and typed.get(field.label) and field.kind not in plain:
            yield field.label, typed[field.label], field


def _same(text: str, field: Field) -> bool:
    """Whether a field holds a text, or the same in another way of writing."""
    number, held = number_in(text), number_in(field.value)
    if number is not None and held is not None:
        return number == held
    days = [part.replace("T", " ")[:16] for part in (text, field.value)]
    if kind_of(field) in {"date", "date-time"} and all(part[:4].isdigit() for part in days):
        return days[0][:10] == days[1][:10]
    return number is not None or shows(field.value, text) or shows(text, field.value)


async def change_more(user: PageExplorer, entered: Entered, form: Form) -> None:
    """Choose something else, change the words, come back the next day: each time it is kept."""
    for field in [f for f in form.fields if f.kind == "select" and f.label][:_TRIED]:
        others = [option for option in field.options if not _is_chosen(option, field)]
        if others and (await user.send(form, {field.label: others[0]})).accepted:
            await _reword(user, entered, form)
            chosen = next((o for o in field.options if _is_chosen(o, field)), None)
            await user.send(form, {field.label: chosen} if chosen else {})
    words = await _reword(user, entered, form, stay=True)
    if words and await user.come_back() is not None:
        now = await reopened(user, form)
        if now is None and not await _asks_who(user, form):
            title = f"what was entered with {entered.form.button!r} is lost after a restart"
            user.find("restart", title, seen=f"the form on {form.path} is not there any more")
        for label, text, held in list(_differing(words, now))[:1]:
            title = f"a change of {label!r} with {form.button!r} is lost after a restart"
            user.find("restart", title, seen=f"{text!r} was typed and kept, now {held!r} is held")
    back = _words_of(entered, form)
    if words and back:
        await user.send(form, back)


async def _asks_who(user: PageExplorer, form: Form) -> bool:
    """Whether one has to log in again, so that nothing can be said."""
    sight = await user.open(form.path)
    return sight is None or any(f.kind == "password" for each in sight.forms for f in each.fields)


def _is_chosen(option: str, field: Field) -> bool:
    """Whether an option is what a list stands at; its value may be the beginning of its words."""
    return option == field.value or option.split(" ", maxsplit=1)[0] == field.value


def _words_of(entered: Entered, form: Form) -> dict[str, str]:
    """The first field that holds the entry's word, and what it holds."""
    field = next((f for f in form.fields if f.label and entered.habit.word in f.value), None)
    return {field.label: field.value} if field else {}


async def _reword(
    user: PageExplorer, entered: Entered, form: Form, *, stay: bool = False
) -> dict[str, str]:
    """Change the words of an entry, and look whether they are there; then change them back."""
    before = _words_of(entered, form)
    after = {
        k: v.replace(entered.habit.word, _REWORDED.marked(user.mark).word)
        for k, v in before.items()
    }
    if not before or not (await user.send(form, after)).accepted:
        return {}
    kept = await check_changed(user, form, after)
    if not stay:
        await user.send(form, before)
    return after if kept else {}


async def save_twice(user: PageExplorer, form: Form) -> None:
    """Double-click on the button that saves a change; a crash is found by itself."""
    await user.send(form, {}, twice=True)


async def compare_entries(user: PageExplorer, entered: Entered, form: Form, site: Site) -> None:
    """Make another entry beside the first; change both in two tabs; misuse both forms alike.

    Args:
        user: Does it.
        entered: The first entry.
        form: Changes it.
        site: As it is now.
    """
    fresh = again(entered.form, site)
    other, beside = OTHER.marked(user.mark), _BESIDE.marked(user.mark)
    sent = await user.send(fresh, retyped(entered, other))
    if not sent.accepted:
        return
    third = await user.send(fresh, retyped(entered, beside))
    site = await user.tour()
    mine = Entered(third, beside, site, site) if third.accepted else entered
    forms = [await edit_form(user, each) for each in (mine, Entered(sent, other, site, site))]
    if forms[0] is not None and forms[1] is not None:
        await _two_tabs(user, mine, forms[0], forms[1])
    await _misuse_both(user, entered, fresh, form)


async def _two_tabs(user: PageExplorer, entered: Entered, form: Form, other: Form) -> None:
    """Open one entry in each of two tabs, and save the first: the second stays as it was."""
    before = _words_of(entered, form)
    if not before or form.path == other.path:
        return
    label, text = next(iter(before.items()))
    mine = text.replace(entered.habit.word, _TABBED.marked(user.mark).word)
    first = await user.open(form.path)
    if first is None:
        return
    try:
        await user.act(OtherTab())
        await user.open(other.path)
        await user.act(OtherTab())
    except UserActionError:
        return
    sent = await user.fill_in(form, {label: mine}, first)
    theirs = await reopened(user, other)
    held = next((f.value for f in theirs.fields if f.label == label), "") if theirs else ""
    if sent.accepted and held == mine:
        title = f"what is saved with {form.button!r} in one tab lands in another entry"
        seen = f"{form.path} and {other.path} were open; {mine!r} was typed on {form.path}"
        user.find("tabs", title, seen=seen)
        await user.send(
            other, {label: next((f.value for f in other.fields if f.label == label), "")}
        )
    elif not sent.accepted:
        title = f"nothing can be saved with {form.button!r} once another entry is open in a tab"
        user.find("tabs", title, seen=sent.after.text[:300], severity="minor")
    if sent.accepted:
        await user.send(form, before)


async def _misuse_both(user: PageExplorer, entered: Entered, fresh: Form, form: Form) -> None:
    """What is refused in a new entry is refused in a change, too."""
    typed = retyped(entered, _SPOILT.marked(user.mark))
    both = [f for f in fresh.fields if f.label in typed and f.kind != "select"]
    held = {f.label: f.value for f in form.fields}
    for field in [f for f in both if f.label in held][:_TRIED]:
        wrong = _WRONG.get(kind_of(field))
        if wrong is None or (not wrong and not field.required):
            continue
        sent = await user.send(fresh, {**typed, field.label: wrong})
        blamed = any(f.invalid and f.label == field.label for each in sent.after.forms
                     for f in each.fields) or bool(about(field.label, sent.after.text))  # fmt: skip
        if sent.accepted or sent.after.status >= 500 or not blamed:
            continue
        if not (await user.send(form, {field.label: wrong})).accepted:
            continue
        now = await reopened(user, form)
        taken = next((f for f in now.fields if f.label == field.label), None) if now else None
        if taken is not None and (_same(wrong, taken) if wrong else not taken.value):
            title = f"{field.label!r}: what is refused when it is new is taken in a change"
            user.find("kept", title, seen=f"{wrong!r} on {fresh.path} and on {form.path}")
        await user.send(form, {field.label: held[field.label]})
