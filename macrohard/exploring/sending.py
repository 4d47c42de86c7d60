"""What one sees by sending forms: nothing kept, a crash on the second click, markup let in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from macrohard.exploring.findings import Severity
from macrohard.exploring.sight import Field, Form, Sight
from macrohard.exploring.values import Habit, kind_of, number_for
from macrohard.exploring.visiting import PageExplorer, Sent, Site, shows

FIRST = Habit("Probe Alder", 137)
SECOND = Habit("Probe Birch", 211)
TWICE = Habit("Probe Cedar", 163)
MARKUP = Habit("Zoe\"'><x-probe>, &", 173)
"""What breaks out of an attribute and a cell, opens an element, and begins an entity."""
FOREIGN = Habit("Łucja Ωμέγα 山田 Probe", 191)
"""A name in letters of several scripts."""
LONG_WORD = Habit("Donaudampfschifffahrtsgesellschaftsprobe", 139)
"""A name of one word, as long as words and addresses are."""
FORMS = 4
"""Kinds of forms that are filled in by users whose pages take long."""
_MARK = "x-probe"
_GARBAGE = ("abc", "9" * 40, "-1", "2031-02-30", "\N{SNOWMAN}\u202e" * 3)
_CLAIMS = re.compile(
    r"\b(?:added|saved|created|stored|changed|updated|done|success\w*)\b", re.IGNORECASE
)
_LONG = "long " * 1_000


@dataclass(frozen=True)
class Entered:
    """A form that takes entries, and what is known of the one that was made.

    Attributes:
        sent: How it went.
        habit: What was typed.
        before: The site before.
        site: The site with the entry.
    """

    sent: Sent
    habit: Habit
    before: Site
    site: Site

    @property
    def form(self) -> Form:
        """The form."""
        return self.sent.form


def takes_entries(form: Form) -> bool:
    """Whether a form takes something new: it is sent, has fields to type in, and these are empty.

    What stands in a field of numbers or dates may be a suggestion.
    """
    # Forms of one record are changed, not filled in: see changing.
    texts = [f for f in form.fields if kind_of(f) == "text" and f.kind not in {"select", "file"}]
    typable = [f for f in form.fields if f.kind not in {"file", "checkbox", "radio", "hidden"}]
    return form.method == "post" and bool(typable) and not any(f.value.strip() for f in texts)


async def enter_first(
    user: PageExplorer, form: Form, before: Site, habit: Habit = FIRST
) -> Entered | None:
    """Make an entry; None where the form refuses what seems reasonable."""
    habit = habit.marked(user.mark)
    sent = await user.enter(form, habit)
    if not sent.accepted:
        return None
    entered = Entered(sent, habit, before, await user.tour())
    _check_kept(user, entered)
    return entered


async def enter_some(user: PageExplorer, site: Site, habit: Habit, pages: int) -> Site:
    """Make an entry with each of the first forms, then look round once.

    Args:
        user: Does it.
        site: The site before.
        habit: What is typed.
        pages: Pages of the tour at the end.

    Returns:
        The site with the entries.
    """
    habit = habit.marked(user.mark)
    made = []
    for form in [form for form in site.forms if takes_entries(form)][:FORMS]:
        now = await user.open(form.path)
        fresh = next((f for f in now.forms if f.key == form.key), form) if now else form
        sent = await user.enter(fresh, habit)
        made += [sent] if sent.accepted else []
    last = await user.tour(pages)
    for sent in made:
        _check_kept(user, Entered(sent, habit, site, last))
    return last


def _check_kept(user: PageExplorer, entered: Entered) -> None:
    """What was accepted is to be seen somewhere, where the page claims that it was kept."""
    sent, word = entered.sent, entered.habit.word
    if not any(word in text for text in sent.typed.values()):
        return
    if shows(sent.after.text, word) or entered.site.showing(word):
        return
    # Where a page has scripts, they may do what a user without them cannot.
    blind = sent.before.scripted and not user.runs_scripts
    where = f"on {sent.form.path}, answered at {sent.after.path}: {sent.after.text[:300]}"
    if sent.after.text == sent.before.text:
        title = f"the button {sent.form.button!r} does nothing"
        user.find("buttons", title, seen=where, severity="minor" if blind else "major")
    elif _CLAIMS.search(sent.after.text) or sent.after.path != sent.form.path:
        severity: Severity = "major" if _CLAIMS.search(sent.after.text) and not blind else "minor"
        title = f"what was sent with {sent.form.button!r} is nowhere to be seen"
        user.find("kept", title, seen=where, severity=severity)


async def repeat(user: PageExplorer, entered: Entered, site: Site) -> Site:
    """Make the entry twice more: with a double click, and with markup for words.

    Args:
        user: Does it.
        entered: What was accepted before.
        site: As it is now.

    Returns:
        The site at the end.
    """
    again_ = TWICE.marked(user.mark)
    twice = await user.send(entered.form, retyped(entered, again_), twice=True)
    await user.send(entered.form, retyped(entered, FOREIGN.marked(user.mark)))
    now = await user.open(entered.form.path)
    fresh = next((f for f in now.forms if f.key == entered.form.key), None) if now else None
    typed = retyped(entered, MARKUP.marked(user.mark))
    marked = await user.send(entered.form, {**typed, **_called_so(fresh or entered.form)})
    later = await user.tour() if twice.accepted or marked.accepted else site
    if twice.accepted:
        _check_twice(user, entered, later)
    _check_markup(user, entered, [marked.after, *later.sights.values()])
    return later


def _called_so(form: Form) -> dict[str, str]:
    """Of what can be chosen that which has markup for a name."""
    return {f.label: option for f in form.fields for option in f.options if _MARK in option}


def _check_twice(user: PageExplorer, entered: Entered, now: Site) -> None:
    """A double click should not make two entries."""
    word = TWICE.marked(user.mark).word
    for path in now.showing(word):
        once = entered.site.sights.get(path)
        seen = now.sights[path].text.count(word)
        if once is not None and 0 < once.text.count(entered.habit.word) < seen:
            title = f"a double click on {entered.form.button!r} makes two entries"
            user.find("double submit", title, seen=f"on {path}", severity="minor")
            return


def _check_markup(user: PageExplorer, entered: Entered, sights: Sequence[Sight]) -> None:
    """Markup that was typed stays text on every page."""
    button = entered.form.button
    for sight in sights:
        if any(node.tag == _MARK for node in sight.page.nodes):
            shown = f"typed: {MARKUP.word}\nit is an element on {sight.path}"
            user.find(
                "markup", f"markup typed with {button!r} becomes part of the page", seen=shown
            )
            return
        if f"&lt;{_MARK}" in sight.text:
            title = f"what was typed with {button!r} is shown garbled"
            user.find("markup", title, seen=f"on {sight.path}", severity="minor")


async def send_nonsense(user: PageExplorer, form: Form) -> None:
    """Nothing at all, and what fits no field: any answer but a crash will do."""
    await user.send(form, {f.label: "" for f in form.fields if _typable(f)})
    for text in (*_GARBAGE, _LONG):
        await user.send(form, {f.label: text for f in form.fields if _typable(f)})


def retyped(entered: Entered, habit: Habit) -> dict[str, str]:
    """What was accepted, with other words, so that it is another entry."""
    fields = {field.label: field for field in entered.form.fields}
    old = entered.habit
    found = {}
    places = {field.label: place for place, field in enumerate(entered.form.fields)}
    for label, text in entered.sent.typed.items():
        field, place = fields[label], places[label]
        changed = text.replace(old.word, habit.word)
        if field.kind == "select":
            changed = text  # what can be chosen is called as it is
        elif text == number_for(field, old.at(place).number):
            changed = number_for(field, habit.at(place).number)
        elif changed == text and kind_of(field) == "email":
            changed = f"probe{habit.number}@example.org"
        found[label] = changed[: field.most] if field.most else changed
    return found


def _typable(field: Field) -> bool:
    return bool(field.label) and field.kind not in {"select", "checkbox", "radio", "file", "color"}


def again(form: Form, site: Site) -> Form:
    """The same form as it is now: what can be chosen may have grown."""
    return next((f for f in site.forms if f.key == form.key), replace(form))
