"""What each persona does at a window: the steps of the scenario, and what it is known for."""

from collections.abc import Callable

from macrohard.llm.offline.journeys.gestures import read_gestures
from macrohard.llm.offline.personas.pages import Look, Visitor
from macrohard.llm.offline.personas.visits import SCRIPT, Visit, plain
from macrohard.llm.offline.scene import Action
from macrohard.work import ScenarioStep

_SPARE = 12
"""Actions that are kept back for what is not in the scenario."""
_LONG = "long " * 60
_NAMES = ("Müller-Ångström", "O'Brien-Åkesson")


def novice(user: Visitor) -> Visit:
    """Sends the first form empty: what must be filled in is said, and nothing was added."""
    slipped = False
    for number, step in enumerate(user.scenario.steps, start=1):
        adding = _adding(step)
        if adding and not slipped and user.spare > _SPARE:
            slipped = True
            *doors, button = [each for each in adding if each.tool in {"press", "click"}]
            before = yield from user.look(*doors)
            look = yield from user.look(button)
            _expect_an_answer(user, before, look)
        yield from user.do(number, step)


def _expect_an_answer(user: Visitor, before: Look, look: Look) -> None:
    """Whatever is sent, something has to show for it; words on a screen may be misread."""
    if not (before.failed or look.failed) and _lines(before) == _lines(look):
        user.complain(look, "what was sent is answered with neither a word nor an error")


def careful(user: Visitor) -> Visit:
    """Comes back the next day: everything is there."""
    half = (len(user.scenario.steps) + 1) // 2
    for number, step in enumerate(user.scenario.steps, start=1):
        yield from user.do(number, step)
        if number == half and user.spare > _SPARE:
            yield from _night(user)


def _night(user: Visitor) -> Visit:
    """Close the window, open it again, and find every page as it was."""
    doors = list(
        dict.fromkeys(
            action.arguments["name"]
            for step in user.scenario.steps
            for action in read_gestures(step.type)[:1]
            if action.tool == "click"
        )
    )[:3]
    turns = [Action("click", {"name": name}) for name in doors]
    if not turns:
        return
    before = yield from user.act(*turns)
    after = yield from user.act(Action("come_back", {}), *turns)
    for name, then, now in zip(doors, before, after[1:], strict=True):
        was, is_ = Look(then), Look(now)
        if not was.failed and _lines(was) != _lines(is_):
            user.complain(is_, f"`{name}` is not as I left it the day before")


def _lines(look: Look) -> list[str]:
    """What can be read in the windows, without what was printed or saved."""
    shown = look.text.partition("\nsaved ")[0].partition("\npicture: ")[0]
    return [line for line in shown.splitlines() if not line.startswith("! ")]


def hurried(user: Visitor) -> Visit:
    """Double-clicks whatever adds something: still one is added."""
    clicked = False
    for number, step in enumerate(user.scenario.steps, start=1):
        adding = _adding(step)
        told = next((text for text in step.see if text.startswith("Added ")), "")
        if not adding or clicked or not told:
            yield from user.do(number, step)
            continue
        clicked = True
        *first, button = adding
        double = Action("click", {**button.arguments, "twice": True})
        look = yield from user.look(*first, double, step=number)
        number_told = told.rstrip(".").rpartition(" ")[2]
        if look.shows(f"Added {told.split()[1]} {int(number_told or 0) + 1}."):
            user.complain(look, "a double click added two")
        user.account(number, step, look)


def hostile(user: Visitor) -> Visit:
    """Does the work, then enters what no window should fall for."""
    adding: list[Action] = []
    for number, step in enumerate(user.scenario.steps, start=1):
        yield from user.do(number, step)
        adding = _adding(step) or adding
    for text in (SCRIPT, _LONG, *_NAMES):
        fill = next((action for action in adding if _is_words(action)), None)
        if fill is None or user.spare <= _SPARE:
            return
        mine = Action("fill", {**fill.arguments, "text": text})
        *first, button = [mine if action is fill else action for action in adding]
        before = yield from user.look(*first)
        look = yield from user.look(button)
        if look.shows("the program has ended"):
            user.complain(look, f"`{text[:30]}` as a text ends the program")
            return
        _expect_an_answer(user, before, look)


def _is_words(action: Action) -> bool:
    text = str(action.arguments.get("text", "")).strip()
    return action.tool == "fill" and bool(text) and not any(letter.isdigit() for letter in text)


def _adding(step: ScenarioStep) -> list[Action]:
    """The gestures of a step that fills in the form of a new record; none of another."""
    actions = read_gestures(step.type)
    last = str(actions[-1].arguments.get("name", "")) if actions else ""
    filled = any(action.tool in {"fill", "choose"} for action in actions)
    return actions if filled and last.startswith("Add ") else []


WINDOWS: dict[str, tuple[Callable[[Visitor], Visit], str]] = {
    "novice": (novice, "I read what is in the window and did what it says:"),
    "hurried": (hurried, "I clicked everything twice:"),
    "careful": (careful, "I looked at everything again the next day:"),
    "returning": (careful, "I came back to it:"),
    "at-the-desk": (careful, "I did my work, and found it again the next morning:"),
    "hostile": (hostile, "I entered what no window should fall for:"),
    "keyboard-only": (plain, "I did it without a mouse:"),
}
"""How each persona uses windows, and its opening words; the others do the steps."""
