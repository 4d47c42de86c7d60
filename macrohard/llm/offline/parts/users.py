"""The part that plays simulated users: at a terminal, on pages, with an API."""

from collections.abc import Callable

from macrohard.documents import FOLLOW
from macrohard.llm.offline.parts.reading import read_noun, read_text
from macrohard.llm.offline.personas import at_windows, careful, hostile, hurried, novice, visits
from macrohard.llm.offline.personas.command import started_with
from macrohard.llm.offline.personas.follower import Follower
from macrohard.llm.offline.personas.pages import SpentError, Visitor
from macrohard.llm.offline.personas.user import OutOfTimeError, Script, User
from macrohard.llm.offline.scene import Answer, Scene
from macrohard.work import Scenario

_PERSONAS: dict[str, tuple[Callable[[User], Script], str]] = {
    "novice": (novice.novice, novice.WORDS),
    "hurried": (hurried.hurried, hurried.WORDS),
    "careful": (careful.careful, careful.WORDS),
    "hostile": (hostile.hostile, hostile.WORDS),
}


_WAYS = {"web": visits.PAGES, "api": visits.REQUESTS, "desktop": at_windows.WINDOWS}
"""How the personas use each interface but the terminal."""


def try_out(scene: Scene) -> Answer:
    """The next action of a simulated user, or its verdict when it has done all it wanted.

    Roles that are not known here behave as the careful one.

    Raises:
        ModelError: The request carries no scenario, or not how to run the program.
    """
    scenario = read_noun(scene, "scenario", Scenario)
    if scene.task.startswith(FOLLOW):
        return _visit(scene, Follower(scenario), (visits.plain, visits.FOLLOWED))
    if scenario.interface != "cli":
        known = _WAYS[scenario.interface]
        visitor = Visitor(scenario, keys=scene.has_tool("press"))
        return _visit(scene, visitor, known.get(scene.request.asker.role, visits.STEPS))
    user = User(scenario, started_with(read_text(scene, "how-to-run")))
    play, words = _PERSONAS.get(scene.request.asker.role, _PERSONAS["careful"])
    script = play(user)
    try:
        action = next(script)
        for seen in scene.observed:
            if seen.tool != "submit":
                action = script.send(seen.result)
    except StopIteration:
        return user.verdict(words)
    except OutOfTimeError:
        return user.verdict(f"I ran out of time. {words}")
    return [action]


def _visit(
    scene: Scene, user: Visitor, way: tuple[Callable[[Visitor], visits.Visit], str]
) -> Answer:
    """The next handful of actions of a user who sends several at once."""
    play, words = way
    script = play(user)
    try:
        handful = next(script)
        results: list[str] = []
        for seen in scene.observed:
            if seen.tool == "submit":
                continue
            results.append(seen.result)
            if len(results) == len(handful):
                handful = script.send(results)
                results = []
    except StopIteration:
        return user.verdict(words)
    except SpentError:
        return user.verdict(f"I ran out of time. {words}")
    return handful
