"""What each persona does on pages: the steps of the scenario, and what it is known for between."""

import re
from collections.abc import Callable, Generator

from macrohard.llm.offline.journeys.gestures import read_gestures
from macrohard.llm.offline.personas.pages import Look, Visitor
from macrohard.llm.offline.scene import Action
from macrohard.work import ScenarioStep

Visit = Generator[list[Action], list[str], None]
"""A whole session."""

PROBLEM = "There is a problem"
SCRIPT = "<script>alert(1)</script>"
BACK = Action("back", {})
OTHER_TAB = Action("other_tab", {})
NAMES = ("Nguyễn Thị Ánh", "Łukasz Żółć", "محمد العربي", "山田 太郎", "O'Brien-Åkesson")
_LIST = re.compile(r"/url: (/[a-z][a-z0-9_-]*)\s*$", re.MULTILINE)
_SPARE = 4


def novice(user: Visitor) -> Visit:
    """Looks around first, forgets everything once, then does it right."""
    look = yield from user.look(Action("open", {"address": "/"}))
    if not look.names("link"):
        user.complain(look, "the start page leads nowhere")
    slipped = False
    for number, step in enumerate(user.scenario.steps, start=1):
        adding = _adding(step)
        if adding and not slipped and user.spare > _SPARE:
            slipped = True
            yield from _send_nothing(user, adding)
        yield from user.do(number, step)


def _send_nothing(user: Visitor, adding: list[Action]) -> Visit:
    """Send the form as it is: what must be filled in is said, and nothing was added."""
    doors = [action for action in adding if action.tool in {"click", "open"}]
    look = yield from user.look(*doors)
    if look.failed:
        return
    required = any(" required" in line for line in look.text.splitlines())
    if look.shows("Added") and required:
        user.complain(look, "an empty form was accepted")
    elif look.status < 400 and not look.shows("Added"):
        user.complain(look, "an empty form is answered with neither a word nor an error")


def hurried(user: Visitor) -> Visit:
    """Double-clicks, goes back and sends again."""
    clicked = False
    for number, step in enumerate(user.scenario.steps, start=1):
        actions = _adding(step)
        if actions and not clicked and _succeeds(step):
            clicked = True
            yield from _twice(user, number, step, actions)
        else:
            yield from user.do(number, step)


def _twice(user: Visitor, number: int, step: ScenarioStep, actions: list[Action]) -> Visit:
    """Double-click the button; go back and press it again: still one."""
    *first, button = actions
    double = Action("click", {**button.arguments, "twice": True})
    results = yield from user.act(*first, double, step=number)
    failed = next((r for r in results if r.startswith("error: ")), None)
    seen = [Look(failed or results[-1])]
    told = next((text for text in step.see if text.startswith("Added ")), "")
    once = any(look.shows(told) for look in seen) or seen[0].shows("first click")
    if not once and not seen[0].failed:
        user.complain(seen[0], "after a double click it does not say what was added")
    if user.spare > _SPARE:
        before = yield from user.look(Action("open", {"address": _listing(seen[0].path)}))
        yield from user.look(BACK, BACK, button)
        after = yield from user.look(Action("open", {"address": _listing(seen[0].path)}))
        if before.status == 200 and len(before.names("row")) != len(after.names("row")):
            user.complain(after, "what I sent again after going back is there twice")
    # The number in the message depends on nothing but what was there: it is looked up in the list.
    number_told = told.rstrip(".").rpartition(" ")[2]
    look = yield from user.look(
        Action("open", {"address": f"{_listing(seen[0].path)}/{number_told}"})
    )
    beyond = yield from user.look(
        Action("open", {"address": f"{_listing(seen[0].path)}/{int(number_told or 0) + 1}"})
    )
    if look.status == 200 and beyond.status == 200:
        user.complain(beyond, "a double click added two")
    user.account(number, step.model_copy(update={"see": ()}), seen[0])


def careful(user: Visitor) -> Visit:
    """Opens what was added, compares, and comes back the next day."""
    came_back = False
    half = (len(user.scenario.steps) + 1) // 2
    for number, step in enumerate(user.scenario.steps, start=1):
        look = yield from user.do(number, step)
        if _adding(step) and not _succeeds(step):
            _check_kept(user, step, look)
        if number >= half and not came_back and user.spare > _SPARE and look.path:
            came_back = True
            yield from _next_day(user, _listing(look.path))


def _check_kept(user: Visitor, step: ScenarioStep, look: Look) -> None:
    """After a refusal what was typed is still in its field."""
    for action in read_gestures(step.type):
        if action.tool == "fill" and str(action.arguments["text"]).strip():
            label, text = str(action.arguments["label"]), str(action.arguments["text"])
            if not look.holds(label, text):
                user.complain(look, f"what I had typed as {label} is gone after the error")


def _next_day(user: Visitor, listing: str) -> Visit:
    """Everything is there the next day."""
    there = Action("open", {"address": listing})
    before = yield from user.look(there)
    after = yield from user.look(Action("come_back", {}), there)
    if before.status == 200 and before.names("cell") != after.names("cell"):
        user.complain(after, "the next day it is not as I left it")


def hostile(user: Visitor) -> Visit:
    """Does the work; wrong addresses in between, scripts and repeats at the end."""
    half = (len(user.scenario.steps) + 1) // 2
    adding: list[Action] = []
    for number, step in enumerate(user.scenario.steps, start=1):
        look = yield from user.do(number, step)
        if _adding(step) and _succeeds(step):
            adding = _adding(step)
        if number == half and user.spare > _SPARE * 3 and look.path:
            yield from _wrong_addresses(user, _listing(look.path))
    if adding and user.spare > _SPARE * 3:
        yield from _script(user, adding)
    if adding and user.spare > _SPARE * 3:
        yield from _two_tabs(user, adding)


def _wrong_addresses(user: Visitor, listing: str) -> Visit:
    """Addresses that lead nowhere are said so, and change nothing."""
    there = Action("open", {"address": listing})
    before = yield from user.look(there)
    for address in (
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        f"{listing}/99999999999999999999999",
        f"{listing}/-1/delete",
        f"{listing}/0/edit",
        f"{listing}/1;DROP TABLE x",
        "/style.css/../../x",
    ):
        look = yield from user.look(Action("open", {"address": address}))
        if look.shows("root:") or not 400 <= look.status < 500:
            user.complain(look, f"`{address}` should be no page, it has status {look.status}")
    after = yield from user.look(there)
    if before.names("cell") != after.names("cell"):
        user.complain(after, "wrong addresses have changed something")


def _script(user: Visitor, adding: list[Action]) -> Visit:
    """A script as a text stays a text."""
    fills = [a for a in adding if a.tool == "fill" and not str(a.arguments["text"])[:1].isdigit()]
    if not fills:
        return
    nasty = [
        Action("fill", {**a.arguments, "text": SCRIPT}) if a is fills[0] else a for a in adding
    ]
    look = yield from user.look(*nasty)
    if look.failed or not look.shows("Added"):
        if look.status >= 500 or look.status == 0:
            user.complain(look, f"{SCRIPT} as a text breaks it")
        return
    if not look.shows(SCRIPT):
        listed = yield from user.look(Action("open", {"address": _listing(look.path)}))
        if not listed.shows(SCRIPT):
            user.complain(listed, f"{SCRIPT} is not shown letter by letter")


def _two_tabs(user: Visitor, adding: list[Action]) -> Visit:
    """What was begun in one tab can be sent after the other was used."""
    # The link to the form may have the same name as its button: places tell them apart.
    *doors, _ = [at for at, action in enumerate(adding) if action.tool in {"click", "open"}]
    yield from user.look(*(adding[at] for at in doors))
    look = yield from user.look(OTHER_TAB, *adding)
    if look.failed:
        return
    rest = [action for at, action in enumerate(adding) if at not in doors]
    look = yield from user.look(OTHER_TAB, *rest)
    if not look.failed and (look.status >= 400 and not look.shows(PROBLEM)):
        user.complain(look, "a form begun before I used a second tab cannot be sent any more")


def expert(user: Visitor) -> Visit:
    """Passes addresses on: a list or a record is opened again by its address alone."""
    known: dict[str, Look] = {}
    for number, step in enumerate(user.scenario.steps, start=1):
        look = yield from user.do(number, step)
        if look.status == 200 and look.path and not _adding(step):
            known[look.path] = look
    for path, before in list(known.items())[-_SPARE:]:
        if user.spare <= _SPARE:
            return
        first = yield from user.look(Action("open", {"address": path}))
        again = yield from user.look(Action("open", {"address": "/"}), BACK)
        if first.status != before.status:
            user.complain(first, f"the address `{path}` that I was shown leads nowhere")
        elif first.names("cell") != again.names("cell"):
            user.complain(again, f"`{path}` is another page when I go back to it")


def returning(user: Visitor) -> Visit:
    """Half the work, a night, the other half, another night: nothing has changed by itself."""
    half = (len(user.scenario.steps) + 1) // 2
    for number, step in enumerate(user.scenario.steps, start=1):
        yield from user.do(number, step)
        if number in {half, len(user.scenario.steps)} and user.spare > _SPARE * 4:
            yield from _night(user)


def _night(user: Visitor) -> Visit:
    """Look at every list, come back the next day, and look again."""
    start = yield from user.look(Action("open", {"address": "/"}))
    lists = list(dict.fromkeys(_LIST.findall(start.text)))[: _SPARE * 2]
    opened = [Action("open", {"address": path}) for path in lists]
    if not opened:
        return
    before = yield from user.act(*opened)
    after = yield from user.act(Action("come_back", {}), *opened)
    for path, then, now in zip(lists, before, after[1:], strict=True):
        was, is_ = Look(then), Look(now)
        if was.status == 200 and was.names("cell") != is_.names("cell"):
            user.complain(is_, f"`{path}` is not as I left it last time")


def international(user: Visitor) -> Visit:
    """Does the work, then enters people of its own: they come back letter by letter."""
    adding: list[Action] = []
    for number, step in enumerate(user.scenario.steps, start=1):
        yield from user.do(number, step)
        if _adding(step) and _succeeds(step):
            adding = _adding(step)
    fill = next((a for a in adding if a.tool == "fill" and _is_words(a)), None)
    for name in NAMES if fill else ():
        if user.spare <= _SPARE * 2 or fill is None:
            return
        mine = Action("fill", {**fill.arguments, "text": name})
        look = yield from user.look(*[mine if action is fill else action for action in adding])
        if look.status >= 500 or look.status == 0:
            user.complain(look, f"`{name}` breaks it")
        elif look.shows("Added") and not look.shows(name):
            listed = yield from user.look(Action("open", {"address": _listing(look.path)}))
            if not listed.shows(name):
                user.complain(listed, f"`{name}` did not come back as I typed it")


def _is_words(action: Action) -> bool:
    text = str(action.arguments["text"]).strip()
    return bool(text) and not any(letter.isdigit() for letter in text)


def plain(user: Visitor) -> Visit:
    """The steps, and nothing else."""
    for number, step in enumerate(user.scenario.steps, start=1):
        yield from user.do(number, step)


def prying(user: Visitor) -> Visit:
    """An API: the steps, then what it must refuse."""
    yield from plain(user)
    if user.spare <= _SPARE * 3:
        return
    root = next((str(a.arguments["path"]) for a in _asks(user)), "/api").partition("?")[0]
    wrong: tuple[tuple[str, str, str], ...] = (
        ("POST", root, "{"),
        ("POST", root, "[]"),
        ("POST", root, '{"no_such_field": 1}'),
        ("DELETE", "/api", ""),
        ("GET", "/api/no-such-thing", ""),
        ("GET", f"{root}/../../etc/passwd", ""),
    )
    for method, path, body in wrong:
        look = yield from user.look(
            Action("ask", {"method": method, "path": path, **({"body": body} if body else {})})
        )
        if not 400 <= look.status < 500 or not look.shows('"errors"'):
            user.complain(look, f"`{method} {path} {body}` should be refused in JSON")


def _asks(user: Visitor) -> list[Action]:
    return [a for s in user.scenario.steps for a in read_gestures(s.type) if a.tool == "ask"]


def _adding(step: ScenarioStep) -> list[Action]:
    """The gestures of a step that fills in the form of a new record; none of another."""
    actions = read_gestures(step.type)
    last = str(actions[-1].arguments.get("name", "")) if actions else ""
    filled = any(action.tool in {"fill", "choose"} for action in actions)
    return actions if filled and last.startswith("Add ") else []


def _succeeds(step: ScenarioStep) -> bool:
    return any(text.startswith("Added ") for text in step.see)


def _listing(path: str) -> str:
    """The list that a page belongs to."""
    return "/" + (path.strip("/").split("/")[0].partition("?")[0] or "")


PAGES: dict[str, tuple[Callable[[Visitor], Visit], str]] = {
    "novice": (novice, "I read what is on the page and did what it says:"),
    "hurried": (hurried, "I double-clicked, went back and sent things again:"),
    "careful": (careful, "I looked at everything again, and again the next day:"),
    "hostile": (hostile, "I tried what no page should fall for:"),
    "small-screen": (plain, "I did it on the telephone, between two stops:"),
    "keyboard-only": (plain, "I did it without a mouse:"),
    "low-vision": (plain, "I did it enlarged, in the colours of my system:"),
    "expert": (expert, "I went straight to the addresses, and back to them:"),
    "returning": (returning, "I came back to it twice:"),
    "international": (international, "I entered people from everywhere:"),
}
"""How each persona uses pages, and its opening words."""

REQUESTS: dict[str, tuple[Callable[[Visitor], Visit], str]] = {
    "hostile": (prying, "I sent what no API should swallow:"),
}
"""How each persona uses an API; the others do the steps."""

FOLLOWED = "I did what the steps say:"
"""Opening words of who follows a scenario that somebody wrote."""

STEPS = (plain, "I did what was to be done:")
