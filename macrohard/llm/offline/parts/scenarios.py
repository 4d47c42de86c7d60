"""The part that writes the journeys simulated users will try, from the requirements alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from macrohard.llm.offline.criteria.drafts import draft_stories
from macrohard.llm.offline.dialect.ast import App, DeleteRule, FieldType, Kind, Rule
from macrohard.llm.offline.journeys.accounts import figures, files
from macrohard.llm.offline.journeys.at_the_desk import AtTheDesk
from macrohard.llm.offline.journeys.elsewhere import Elsewhere
from macrohard.llm.offline.journeys.journey import DeadEndError, Journey, dead_end
from macrohard.llm.offline.journeys.plots import daily_work, first_steps, nothing_yet, special_ones
from macrohard.llm.offline.journeys.trials_of_rules import deletion, rule_kept_and_broken
from macrohard.llm.offline.oracle.seek import Seeker
from macrohard.llm.offline.oracle.world import stored_fields
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.parts.requirements import criteria_by_case, read_requirements
from macrohard.llm.offline.scene import Scene
from macrohard.work import Requirements, Scenario, Scenarios

_MOST = 24
_TURN = 20
"""Far from the turns of the acceptance tests' examples, so that users meet other values."""


@dataclass(frozen=True)
class Plot:
    """A journey that may be written: what it is about, and how.

    Attributes:
        instead: What is written where no examples are found for the journey.
    """

    title: str
    goal: str
    write: Callable[[Journey], None]
    instead: Callable[[Journey], None] = dead_end


def write_scenarios(scene: Scene) -> Scenarios:
    """Write the scenarios for the requirements in a request.

    Raises:
        SpecError: The requirements quote a line outside the dialect.
        ModelError: The request carries no requirements.
    """
    requirements = read_noun(scene, "requirements", Requirements)
    return scenarios_of(read_requirements(requirements), requirements)


def scenarios_of(app: App, requirements: Requirements) -> Scenarios:
    """The scenarios of an app; they name the criteria of these requirements."""
    ids = criteria_by_case(draft_stories(app), requirements)
    seeker = Seeker(app)
    most = min(_MOST, 4 + 2 * len(app.kinds) + 2 * (len(app.interfaces) - 1))
    found: list[Scenario] = []
    for number, plot in enumerate(_plots(app)):
        if len(found) == most:
            break
        journey = _written(plot, app, seeker, _TURN + 3 * number)
        if journey is None:
            continue
        criteria = dict.fromkeys(c for case in journey.cases for c in ids.get(case, ()))
        interface = app.interfaces[len(found) % len(app.interfaces)]
        steps = journey.steps
        if interface != "cli":
            there = AtTheDesk(app) if interface == "desktop" else Elsewhere(app, interface)
            steps = there.steps(steps)
        if not steps:
            continue
        found.append(
            Scenario(
                id=f"X{len(found) + 1}",
                title=plot.title,
                goal=plot.goal,
                interface=interface,
                criteria=tuple(criteria),
                steps=tuple(steps),
            )
        )
    return Scenarios(scenarios=tuple(found))


def _written(plot: Plot, app: App, seeker: Seeker, turn: int) -> Journey | None:
    """The journey of a plot, or of what is left of it; ``None`` when there are no examples."""
    for write in (plot.write, plot.instead):
        journey = Journey(app, seeker, turn)
        try:
            write(journey)
        except DeadEndError:
            continue
        return journey
    return None


def _plots(app: App) -> Iterator[Plot]:
    """Everything worth a journey, subject by subject in turn: a bound leaves out repeats."""
    kinds = sorted(app.kinds, key=_richness, reverse=True)
    subjects = (
        [_first(kind) for kind in kinds],
        list(_rules(app)),
        [_daily(kind) for kind in kinds],
        [_figures(kind) for kind in kinds if kind.features.aggregates],
        [_special(kind) for kind in kinds if kind.features.conditions],
        [_files(kind) for kind in kinds if kind.features.import_csv or kind.features.export_csv],
        list(_deletions(app)),
    )
    for layer in zip_longest(*subjects):
        yield from (plot for plot in layer if plot is not None)


def _richness(kind: Kind) -> int:
    features = kind.features
    return (
        len(kind.fields)
        + len(features.filters)
        + len(features.aggregates)
        + len(features.conditions)
    )


def _first(kind: Kind) -> Plot:
    plural = kind.plural.lower()
    return Plot(
        f"First steps with {plural}",
        f"Find the way around, record two {plural}, and see mistakes refused.",
        lambda journey: first_steps(journey, kind),
        lambda journey: nothing_yet(journey, kind),
    )


def _daily(kind: Kind) -> Plot:
    plural = kind.plural.lower()
    return Plot(
        f"An ordinary day with {plural}",
        f"Record three {plural}, find some of them, correct one and delete one.",
        lambda journey: daily_work(journey, kind),
    )


def _figures(kind: Kind) -> Plot:
    plural = kind.plural.lower()
    return Plot(
        f"The figures of the {plural}",
        "Get the figures, correct a record, and see the figures follow.",
        lambda journey: figures(journey, kind),
    )


def _special(kind: Kind) -> Plot:
    names = " and ".join(named.name for named in kind.features.conditions)
    return Plot(
        f"Which {kind.plural.lower()} are {names}",
        "Find those that need seeing to, and only those.",
        lambda journey: special_ones(journey, kind),
    )


def _files(kind: Kind) -> Plot:
    plural = kind.plural.lower()
    return Plot(
        f"{kind.plural} from and to other programs",
        f"Exchange {plural} with a spreadsheet, and lose nothing over a bad file.",
        lambda journey: files(journey, kind),
    )


def _rules(app: App) -> Iterator[Plot]:
    for number, rule in enumerate(app.rules, start=1):
        kind = app.kind(rule.kind)
        if isinstance(rule, DeleteRule):
            yield _deletion(app, kind, rule.via, rule)
        else:
            yield _rule(kind, rule, f"rule_{number}_{kind.slug}")


def _rule(kind: Kind, rule: Rule, case: str) -> Plot:
    return Plot(
        rule.text,
        "Go to the very edge of the rule, and one step beyond.",
        lambda journey: rule_kept_and_broken(journey, kind, rule, case),
    )


def _deletions(app: App) -> Iterator[Plot]:
    ruled = {(rule.kind, rule.via) for rule in app.rules if isinstance(rule, DeleteRule)}
    for kind in app.kinds:
        for field in stored_fields(kind):
            if field.type is FieldType.REFERENCE and (kind.slug, field.slug) not in ruled:
                yield _deletion(app, kind, field.slug, None)


def _deletion(app: App, kind: Kind, via: str, rule: DeleteRule | None) -> Plot:
    field = kind.field(via)
    target = app.kind(field.target)
    return Plot(
        f"Deleting {target.plural.lower()} that {kind.plural.lower()} refer to",
        "Clear up without leaving anything that points to nothing.",
        lambda journey: deletion(journey, kind, field, rule),
    )
