"""From the models that were named to the model that answers a role.

A role asks for a tier; a tier has a chain of models, most often of one. Where a model fails for
good, the next of its chain answers, and the one that failed rests for a while, so that not every
call waits for it again.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from macrohard.budget import Budget
from macrohard.config import TIERS, Settings
from macrohard.errors import BudgetError, ConfigError, ModelError
from macrohard.journal import Journal
from macrohard.llm.base import Asker, Model, Request
from macrohard.llm.metered import Answer, Answerer, MeteredModel, no_price
from macrohard.llm.prices import FREE, NOTHING, Price, find_price
from macrohard.roles import Roster

REST_S = 300.0
"""Seconds for which a model that failed is asked only when the others of its chain failed, too."""


class RoutedModel:
    """Answers each role by its chain of models.

    Args:
        name: All of the models, for people.
        chains: Chain of each role, by name.
        journal: Gets ``model_failed`` for each model that another one stands in for.
        clock: Monotonic seconds.
        eyes: Chain for roles that look at pictures; empty where no such tier is named.
        bound: Roles that keep their own chain although they look.
    """

    def __init__(
        self,
        name: str,
        chains: Mapping[str, tuple[Answerer, ...]],
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
        *,
        eyes: tuple[Answerer, ...] = (),
        bound: Collection[str] = (),
    ) -> None:
        self.name = name
        self._chains = chains
        self._eyes = eyes
        self._bound = bound
        self._journal = journal
        self._clock = clock
        self._rests_until: dict[str, float] = {}

    def window_tokens(self, asker: Asker) -> int:
        """The smallest context window of the asker's chain: any of it may have to answer."""
        return min(model.window_tokens(asker) for model in self._chain(asker))

    def sees(self, asker: Asker) -> bool:
        """Whether any of the asker's chain sees; who is named for it does unless it says not to."""
        told = [model.sees(asker) for model in self._chain(asker)]
        return any(one is not False for one in told) if self._looks(asker) else True in told

    def _looks(self, asker: Asker) -> bool:
        return bool(asker.looks and self._eyes and asker.role not in self._bound)

    def _chain(self, asker: Asker) -> tuple[Answerer, ...]:
        return self._eyes if self._looks(asker) else self._chains[asker.role]

    async def answer(self, request: Request) -> Answer:
        """Answer one request.

        Raises:
            BudgetError: A cap would be passed.
            ModelError: All models of the chain failed; names each with its reason.
        """
        reasons: list[str] = []
        chain = self._by_turn(self._chain(request.asker))
        for number, model in enumerate(chain, start=1):
            try:
                return await model.answer(request)
            except ModelError as error:
                if len(chain) == 1:
                    raise
                reasons.append(f"{model.name}: {error}")
                self._rests_until[model.name] = self._clock() + REST_S
                if number < len(chain):
                    self._note(request, model.name, chain[number].name, str(error))
        raise ModelError(f"All {len(chain)} models failed. {' '.join(reasons)}")

    def _by_turn(self, chain: tuple[Answerer, ...]) -> list[Answerer]:
        """The chain with those that rest at its end."""
        now = self._clock()
        return sorted(chain, key=lambda model: self._rests_until.get(model.name, 0.0) > now)

    def _note(self, request: Request, failed: str, instead: str, reason: str) -> None:
        asker = request.asker
        self._journal.write(
            "model_failed",
            model=failed,
            instead=instead,
            reason=reason,
            role=asker.role,
            stage=asker.stage,
            item=asker.item,
            round=asker.round,
        )


def chains_of(settings: Settings, roster: Roster) -> dict[str, tuple[str, ...]]:
    """The chain of each role.

    Raises:
        ConfigError: A role is named that there is not, or a role has no model.
    """
    for named, chain in settings.routing.roles.items():
        roster.get(named)
        if any(name in TIERS for name in chain) and len(chain) > 1:
            raise ConfigError(f"[roles] {named}: write one tier, or models.")
    found = {role.name: settings.chain(role.name, role.tier) for role in roster}
    for role in roster:
        if not found[role.name] and role.tier != "image":  # pictures can be drawn by rule
            raise ConfigError(
                f"No model is named for tier {role.tier}, which role {role.name} asks for. Add "
                f'`default = "PROVIDER:NAME"` or `{role.tier} = "PROVIDER:NAME"` under [models].'
            )
    return found


def open_models(
    settings: Settings,
    roster: Roster,
    budget: Budget,
    journal: Journal,
    opener: Callable[[str], Model],
) -> RoutedModel:
    """Every model that the settings name, opened and priced, behind one name.

    Args:
        settings: Which models answer whom.
        roster: The roles that ask.
        budget: The account.
        journal: Gets told of models that failed.
        opener: Opens the model of a name.

    Raises:
        ConfigError: A model, a tier or a role is named that there is not.
        ModelError: A key is not set.
        BudgetError: There is a cap in dollars and a price is not known.
    """
    chains = chains_of(settings, roster)
    eyes = settings.routing.tiers.get("vision", ())
    names = dict.fromkeys((*(name for chain in chains.values() for name in chain), *eyes))
    check_prices(settings, names)
    metered = {name: MeteredModel(opener(name), price_of(name, settings), budget) for name in names}
    routed = {role: tuple(metered[name] for name in chain) for role, chain in chains.items()}
    return RoutedModel(
        ", ".join(names),
        routed,
        journal,
        eyes=tuple(metered[name] for name in eyes),
        bound=settings.routing.roles.keys(),
    )


def price_of(name: str, settings: Settings) -> Price | None:
    """The price of a model; None where it is not known."""
    from macrohard.llm.endpoint import all_presets, find_preset  # noqa: PLC0415 - see open_model

    if name.partition(":")[0] in {"offline", "mailbox", "replay"}:
        priced_as, model = FREE, name
    else:
        preset, model = find_preset(name, all_presets(settings.routing.endpoints))
        priced_as = preset.priced_as
    return find_price(name, priced_as, model, settings.routing.prices)


def sees_of(name: str, settings: Settings) -> bool | None:
    """Whether a model is shown the pictures of users who look; None where nobody knows.

    A model that is named for tier ``vision`` is, unless its endpoint says otherwise.
    """
    from macrohard.llm.endpoint import all_presets, find_preset  # noqa: PLC0415 - see open_model

    kind = name.partition(":")[0]
    if kind in {"offline", "mailbox"}:
        return kind == "mailbox"
    if kind == "replay":
        return None
    preset, model = find_preset(name, all_presets(settings.routing.endpoints))
    told = preset.sees_model(model)
    return True if told is None and name in settings.routing.tiers.get("vision", ()) else told


def check_prices(settings: Settings, names: Iterable[str]) -> None:
    """Refuse a cap in dollars that could not be held.

    Raises:
        BudgetError: A price is not known; has the lines to add.
    """
    if settings.caps.usd is None:
        return
    unknown = [name for name in names if price_of(name, settings) is None]
    if unknown:
        raise BudgetError(no_price(unknown))


def metered_alone(model: Model, budget: Budget) -> Answerer:
    """A model that has no name to look a price up by: one's own, which costs nothing here."""
    return MeteredModel(model, NOTHING, budget)
