"""Who tries what."""

from collections.abc import Sequence

from macrohard.roles import Role
from macrohard.work import Scenario

_HANDS = {"cli": "terminal", "web": "pages", "api": "requests", "desktop": "desktop"}
"""The tool that a user needs for each interface; who can use a terminal can use them all."""


def pair_up(scenarios: Sequence[Scenario], personas: Sequence[Role]) -> list[tuple[Scenario, Role]]:
    """Who tries what: those who can use the scenario's interface, in turn; nobody is left out.

    Personas whose habits say ``turn: once`` come in beside the others, with one scenario each, on
    pages where there are any.
    """
    pairs: list[tuple[Scenario, Role]] = []
    turns = dict.fromkeys(_HANDS, 0)
    for scenario in scenarios:
        able = _in_turn(scenario.interface, personas)
        if able:
            pairs.append((scenario, able[turns[scenario.interface] % len(able)]))
            turns[scenario.interface] += 1
    for number, persona in enumerate(personas):
        fit = [scenario for scenario in scenarios if can_use(scenario.interface, persona)]
        fit = [scenario for scenario in fit if scenario.interface == "web"] or fit
        if fit and not any(persona is other for _, other in pairs):
            pairs.append((fit[number % len(fit)], persona))
    return pairs


def _in_turn(interface: str, personas: Sequence[Role]) -> list[Role]:
    """Who takes the scenarios of an interface in turn."""
    able = [persona for persona in personas if can_use(interface, persona)]
    able = [persona for persona in able if persona.habits.turn == "every"] or able
    if interface == "api":
        able = [persona for persona in able if persona.habits.skill != "novice"] or able
    return able


def can_use(interface: str, persona: Role) -> bool:
    """Whether a persona has the hands that an interface takes."""
    return bool({_HANDS[interface], "terminal"} & set(persona.tools))
