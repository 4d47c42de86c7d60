"""Runs scenarios over seeds: one answer with intervals, or several side by side."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from macrohard.cluster.calibration import HELD_OUT_ERROR, describe_nearest
from macrohard.cluster.demand import DEFAULT_DURATION_S, check_stable, make_workload
from macrohard.cluster.metrics import Metrics, summarise
from macrohard.cluster.routing import Router
from macrohard.cluster.scenario import PLACEMENTS, Scenario
from macrohard.cluster.simulation import Result, ServingPool, simulate, step_table
from macrohard.cluster.standing import Standing, stand
from macrohard.cluster.statistics import Estimate, difference, estimate
from macrohard.errors import ConfigError

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scenario came to, over its seeds.

    Attributes:
        scenario: The question.
        results: One simulation per seed.
        metrics: Their summaries.
        standings: Where the gangs stood, per seed.
        numbers: Every number of both with its 95 % interval over seeds.
    """

    scenario: Scenario
    results: tuple[Result, ...]
    metrics: tuple[Metrics, ...]
    standings: tuple[Standing, ...]
    numbers: Mapping[str, Estimate]

    @property
    def per_seed(self) -> list[dict[str, float]]:
        """Every number by name, seed by seed."""
        both = zip(self.metrics, self.standings, strict=True)
        return [metrics.flat() | standing.flat() for metrics, standing in both]

    @property
    def partial(self) -> bool:
        """Whether a person stopped it early."""
        return any(result.partial for result in self.results)

    def to_pandas(self) -> Any:
        """One row per number: mean, half width of the interval, seeds.

        Raises:
            ConfigError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigError("to_pandas() needs pandas; pip install -e '.[cluster]'") from None
        rows = {name: (e.mean, e.half_width, e.seeds) for name, e in self.numbers.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "half_width", "seeds"])

    def nearest_measured(self) -> list[str]:
        """Per pool, the measured run most like it and how far off the roofline is there."""
        work, spoken = self.results[0].workload, []
        for number, pool in enumerate(self.results[0].pools):
            own = [k for k, which in enumerate(work.pool) if which == number]
            if not own:
                continue
            accounts = [r for r in self.results[0].replicas if r.pool == number]
            spoken.append(
                f"{pool.name}: "
                + describe_nearest(
                    pool.deployment,
                    isl=round(sum(work.prompt[k] for k in own) / len(own)),
                    osl=round(sum(work.output[k] for k in own) / len(own)),
                    concurrency=max(1, round(max(r.mean_batch for r in accounts))),
                )
            )
        return spoken

    def as_json(self) -> dict[str, Any]:
        """Everything a machine may want, with the sources of the step times."""
        return {
            "scenario": self.scenario.name,
            "site": self.scenario.site.inventory,
            "router": self.scenario.pools[0].router.name,
            "placement": self.scenario.placement,
            "placement_proven": all(standing.placed.proven for standing in self.standings),
            "making_room": self.standings[0].making_room,
            "seeds": [self.scenario.seed + k for k in range(len(self.results))],
            "partial": self.partial,
            "step_time": list(self.results[0].sources),
            "held_out_error_of_the_roofline": HELD_OUT_ERROR,
            "nearest_measured": self.nearest_measured(),
            "numbers": {
                name: {
                    "mean": _finite(e.mean),
                    "half_width": _finite(e.half_width),
                }
                for name, e in self.numbers.items()
            },
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def tabulated(pools: Sequence[ServingPool]) -> tuple[ServingPool, ...]:
    """The pools with their step times worked out, once for all seeds."""
    known: dict[Any, Any] = {}

    def table(deployment: Any, source: Any) -> Any:
        if (deployment, source) not in known:
            known[deployment, source] = step_table(deployment, source)
        return known[deployment, source]

    return tuple(
        replace(
            pool,
            table=pool.table or table(pool.deployment, pool.step_time),
            decode_table=pool.decode_table
            or (table(pool.decode, pool.step_time) if pool.decode else None),
        )
        for pool in pools
    )


@dataclass(slots=True)
class _Served:
    """Simulations of one scenario, so that what is asked twice is simulated once."""

    known: list[tuple[int, tuple[ServingPool, ...], Result]] = field(default_factory=list)

    def find(self, seed: int, pools: tuple[ServingPool, ...]) -> Result | None:
        return next((r for s, p, r in self.known if s == seed and p == pools), None)


def run_scenario(scenario: Scenario, *, on_progress: Progress | None = None) -> Answer:
    """Place a scenario's gangs and simulate what stands, once per seed.

    Args:
        scenario: The question.
        on_progress: Told what goes on, in words.

    Raises:
        ConfigError: The scenario can never work.
    """
    return _run(scenario, on_progress, _Served())


def _run(scenario: Scenario, on_progress: Progress | None, served: _Served) -> Answer:
    pools = tabulated(scenario.pools)
    duration_s = scenario.duration_s
    if scenario.workload.kind == "agents" and scenario.workload.agents:
        duration_s = min(duration_s, DEFAULT_DURATION_S) if math.isinf(duration_s) else duration_s
    results: list[Result] = []
    standings: list[Standing] = []
    for k in range(scenario.seeds):
        seed = scenario.seed + k
        try:
            standing = stand(scenario, pools, seed=seed)
            result = served.find(seed, standing.pools) or _run_seed(
                scenario, standing.pools, seed, duration_s, on_progress
            )
        except KeyboardInterrupt:  # before anything of a further seed was simulated
            if not results:
                raise
            results[-1] = replace(results[-1], partial=True)
            break
        served.known.append((seed, standing.pools, result))
        results.append(result)
        standings.append(standing)
        if result.partial:
            break
    metrics = tuple(summarise(result) for result in results)
    both = [m.flat() | s.flat() for m, s in zip(metrics, standings, strict=True)]
    return Answer(scenario, tuple(results), metrics, tuple(standings), estimate(both))


def _run_seed(
    scenario: Scenario,
    pools: Sequence[ServingPool],
    seed: int,
    duration_s: float,
    on_progress: Progress | None,
) -> Result:
    workload = make_workload(
        scenario.workload, seed, duration_s, pools=len(pools), where=scenario.at("workload")
    )
    if scenario.workload.rate_per_s or scenario.workload.kind in {"mooncake", "azure"}:
        last_s = max(float(at) for at in workload.arrival_s)
        check_stable(pools, workload, last_s, where=scenario.at("workload"))

    def report(now_s: float, done: int) -> None:
        if on_progress:
            on_progress(f"seed {seed}: {now_s:,.0f} s on the clock, {done:,} calls finished")

    return simulate(pools, workload, until_s=duration_s, on_slice=report)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several answers to the same question, on the same seeds.

    Attributes:
        names: What differs, in words.
        answers: One per name.
        differences: Per name after the first: every number minus the first's, paired by seed.
    """

    names: tuple[str, ...]
    answers: tuple[Answer, ...]
    differences: tuple[Mapping[str, Estimate], ...]

    @property
    def partial(self) -> bool:
        """Whether a person stopped it early."""
        return any(answer.partial for answer in self.answers)


def compare_policies(
    scenario: Scenario,
    *,
    routers: Sequence[Router] = (),
    placements: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> Comparison:
    """The scenario under each router and each placement, same seeds; both together: each pair.

    Args:
        scenario: The question; its own router or placement where none are named.
        routers: Routing policies.
        placements: Names of placement policies.
        on_progress: Told what goes on, in words.

    Raises:
        ConfigError: The scenario can never work, or no such placement.
    """
    for name in placements:
        if name not in PLACEMENTS:
            raise ConfigError(f"unknown placement {name!r}; there are: {', '.join(PLACEMENTS)}")
    scenario = replace(scenario, pools=tabulated(scenario.pools))
    served, names = _Served(), list[str]()
    answers: list[Answer] = []
    for router in routers or (None,):
        routed = scenario.with_router(router) if router else scenario
        for placement in placements or (scenario.placement,):
            if answers and answers[-1].partial:
                break
            parts = [router.name if router else "", placement if placements else ""]
            names.append(", ".join(part for part in parts if part))
            answers.append(_run(replace(routed, placement=placement), on_progress, served))
    first = answers[0].per_seed
    return Comparison(
        names=tuple(names),
        answers=tuple(answers),
        differences=tuple(
            difference(answer.per_seed, first[: len(answer.per_seed)]) for answer in answers[1:]
        ),
    )
