"""A user who looks around on pages with no task: the round, and what is tried on it."""

from macrohard.exploring.changing import change, delete, delete_more, examine
from macrohard.exploring.coverage import Coverage
from macrohard.exploring.narrowing import ask_lists, make_many, read_files
from macrohard.exploring.reading import go_astray, read_site
from macrohard.exploring.sending import (
    Entered,
    again,
    enter_first,
    repeat,
    send_nonsense,
    takes_entries,
)
from macrohard.exploring.sight import Form
from macrohard.exploring.visiting import PageExplorer, Site

FORMS = 12
"""Kinds of forms that are tried out."""
_PASSES = 3
"""How often forms are tried that were refused: they may need entries of other forms."""


async def explore_pages(user: PageExplorer) -> Coverage:
    """Look around, make, change and delete entries, come back the next day.

    Args:
        user: Sits at the start page of a fresh application.

    Returns:
        Which forms took an entry, and which refused all that seemed reasonable.

    Raises:
        SandboxError: The box failed.
    """
    site = await user.tour()
    read_site(user, site)
    made = await _enter_all(user, site)
    tried = {entered.form.key for entered in made}
    open_ = [form for form in _forms(site) if form.key not in tried]
    site = await _next_day(user, made, await user.tour())
    for entered in made:
        site = await delete(user, entered.form, site)
        site = await delete_more(user, entered.form, site)
        site = await repeat(user, entered, site)
        await examine(user, entered, site)
    read_site(user, site)
    await read_files(user, site)
    if not user.mark:  # nobody is pleased by fifty entries on a server that lives on
        site = await make_many(user, made, site)
    await ask_lists(user, site, made)
    for form in _forms(site):
        await send_nonsense(user, form)
    await go_astray(user, site)
    left = tuple(
        f"the form with {form.button!r} on {form.path} refused all that seemed reasonable"
        for form in open_
    )
    return Coverage("forms", len(made) + len(open_), len(made), left)


def _forms(site: Site) -> list[Form]:
    """Forms that take something new: of those with the same fields, the one that holds least."""
    best: dict[tuple[str, ...], Form] = {}
    for form in filter(takes_entries, site.forms):
        labels = tuple(field.label for field in form.fields)
        known = best.get(labels)
        if known is None or _held(form) < _held(known):
            best[labels] = form
    return list(best.values())[:FORMS]


def _held(form: Form) -> int:
    return sum(bool(field.value.strip()) for field in form.fields)


async def _enter_all(user: PageExplorer, site: Site) -> list[Entered]:
    """One entry with each form; those that need others come again when these are there."""
    made: list[Entered] = []
    waiting = _forms(site)
    for _ in range(_PASSES):
        left = []
        for form in waiting:
            entered = await enter_first(user, again(form, site), site)
            if entered is None:
                left.append(form)
            else:
                made.append(entered)
                site = await change(user, entered)
        known = {form.key for form in [*waiting, *(e.form for e in made)]}
        waiting = [*left, *(f for f in _forms(site) if f.key not in known)]
        if not waiting or len(left) == len(waiting) == len(_forms(site)):
            break
    return made


async def _next_day(user: PageExplorer, made: list[Entered], site: Site) -> Site:
    """What was there is there after the server was started again."""
    if await user.come_back() is None:
        return site
    now = await user.tour()
    if _asks_who(now) and not _asks_who(site):
        return now  # one has to log in again, so nothing can be said
    for entered in made:
        word = entered.habit.word
        before, after = site.showing(word), now.showing(word)
        gone = [path for path in before if path not in after]
        if before and not after:
            title = f"what was entered with {entered.form.button!r} is lost after a restart"
            user.find("restart", title, seen=f"{word} was on {', '.join(gone[:3])}")
    return now


def _asks_who(site: Site) -> bool:
    return any(f.kind == "password" for form in site.forms for f in form.fields)
