"""Runs scenarios over seeds: one answer with intervals, or several side by side."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from macrohard.cluster.agents import generate_agents
from macrohard.cluster.calibration import HELD_OUT_ERROR, describe_nearest
from macrohard.cluster.metrics import Metrics, difference, estimate, summarise
from macrohard.cluster.routing import Router
from macrohard.cluster.scenario import Scenario, WorkloadPlan
from macrohard.cluster.simulation import Result, ServingPool, simulate, step_table
from macrohard.cluster.statistics import Estimate
from macrohard.cluster.traces import read_azure, read_mooncake
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError

DEFAULT_DURATION_S = 1800.0
"""Clock of a closed loop of agents when the scenario gives none."""

TRACE_JITTER_S = 2.0
"""How far a seed may move an arrival of a trace (Mooncake's clock ticks in steps of 3 s)."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scenario came to, over its seeds.

    Attributes:
        scenario: The question.
        results: One simulation per seed.
        metrics: Their summaries.
        numbers: Every number with its 95 % interval over seeds.
    """

    scenario: Scenario
    results: tuple[Result, ...]
    metrics: tuple[Metrics, ...]
    numbers: Mapping[str, Estimate]

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
                describe_nearest(
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
            "router": self.scenario.pools[0].router.name,
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


def make_workload(plan: WorkloadPlan, seed: int, duration_s: float, *, pools: int = 1) -> Workload:
    """The calls of a plan.

    Args:
        plan: Where they come from.
        seed: For what is generated.
        duration_s: How long they must last.
        pools: Models served; generated sessions take turns among them, the calls of a trace or a
            run all go to the first.

    Raises:
        ConfigError: A file that cannot be used.
    """
    if plan.kind == "agents":
        workload = _make_agents(plan, seed, duration_s)
    elif plan.kind == "mooncake":
        workload = read_mooncake(plan.files[0], speed=plan.speed, limit=plan.limit)
    elif plan.kind == "azure":
        workload = read_azure(plan.files[0], speed=plan.speed, limit=plan.limit)
    else:
        from macrohard.cluster.factory import replay_runs  # noqa: PLC0415 - rarely needed

        workload = replay_runs(
            plan.files, builds=plan.builds or 100, agents=plan.agents or 10, seed=seed
        )
    if plan.kind in {"mooncake", "azure"}:
        workload = _jittered(workload, seed)
    if pools > 1 and plan.kind == "agents":
        workload = replace(workload, pool=[int(session) % pools for session in workload.session])
    if plan.deadline_s:
        workload = replace(workload, deadline_s=[plan.deadline_s] * workload.sessions)
    if plan.urgent_share < 1:
        every = round(1 / max(plan.urgent_share, 1e-6))
        workload = replace(workload, priority=[int(s % every != 0) for s in workload.session])
    return workload


def _jittered(workload: Workload, seed: int) -> Workload:
    """A trace happened once; seeds move each arrival a little, so that intervals mean something."""
    rng = random.Random(seed)  # noqa: S311 - a simulation
    moved = [at + rng.uniform(0, TRACE_JITTER_S) if at >= 0 else at for at in workload.arrival_s]
    return replace(workload, arrival_s=moved)


def _make_agents(plan: WorkloadPlan, seed: int, duration_s: float) -> Workload:
    sessions = plan.sessions
    if not sessions and plan.rate_per_s:
        sessions = max(1, round(plan.rate_per_s * min(duration_s, DEFAULT_DURATION_S)))
    if not sessions:  # enough that nobody runs out of work: sessions of one minute at least
        horizon_s = duration_s if math.isfinite(duration_s) else DEFAULT_DURATION_S
        sessions = plan.agents * (2 + round(horizon_s / 180))
    return generate_agents(sessions, seed=seed, rate_per_s=plan.rate_per_s, agents=plan.agents)


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


def check_stable(pools: Sequence[ServingPool], workload: Workload, arrival_span_s: float) -> None:
    """Refuse an open workload whose work does not fit its time, before simulating it.

    The bound is generous: everything cached that any router could find is taken for half of the
    prompt tokens, and decode runs at the full batch.

    Raises:
        ConfigError: Utilisation above 1; says how much.
    """
    for number, pool in enumerate(pools):
        prefill = output = context = count = 0
        columns = zip(workload.prompt, workload.output, workload.pool, strict=True)
        for prompt, made, which in columns:
            if which == number:
                prefill += int(prompt)
                output += int(made)
                context += int(prompt)
                count += 1
        if not count or arrival_span_s <= 0:
            continue
        table, d = pool.table or step_table(pool.deployment, pool.step_time), pool.deployment
        shared = len(workload.stream_parent) < count or any(p >= 0 for p in workload.stream_parent)
        new = prefill * (0.05 if shared else 1.0)
        batch = min(d.max_batch, max(1, d.kv_tokens * count // max(1, context)))
        step_s = table.step_s(batch, batch * context // count)
        decode_s = output / batch * step_s / d.speculation.tokens_per_step
        chunk_s = table.prefill_s(d.chunk_tokens) / d.chunk_tokens
        load = (new * chunk_s + decode_s) / (pool.replicas * arrival_span_s)
        if load > 1:
            raise ConfigError(
                f"pool {pool.name} can never keep up: the workload asks for {100 * load:.0f} % of "
                f"its {pool.replicas} replicas even with a perfect cache; "
                f"use {math.ceil(load * pool.replicas / 0.8)} or send less"
            )


def run_scenario(scenario: Scenario, *, on_progress: Progress | None = None) -> Answer:
    """Simulate a scenario once per seed.

    Args:
        scenario: The question.
        on_progress: Told what goes on, in words.

    Raises:
        ConfigError: The scenario can never work.
    """
    pools = tabulated(scenario.pools)
    duration_s = scenario.duration_s
    if scenario.workload.kind == "agents" and scenario.workload.agents:
        duration_s = min(duration_s, DEFAULT_DURATION_S) if math.isinf(duration_s) else duration_s
    results: list[Result] = []
    for k in range(scenario.seeds):
        try:
            result = _run_seed(scenario, pools, scenario.seed + k, duration_s, on_progress)
        except KeyboardInterrupt:  # while the calls of a further seed were made up
            if not results:
                raise
            results[-1] = replace(results[-1], partial=True)
            break
        results.append(result)
        if result.partial:
            break
    metrics = tuple(summarise(result) for result in results)
    return Answer(scenario, tuple(results), metrics, estimate(metrics))


def _run_seed(
    scenario: Scenario,
    pools: Sequence[ServingPool],
    seed: int,
    duration_s: float,
    on_progress: Progress | None,
) -> Result:
    workload = make_workload(scenario.workload, seed, duration_s, pools=len(pools))
    if scenario.workload.rate_per_s or scenario.workload.kind in {"mooncake", "azure"}:
        check_stable(pools, workload, max(float(at) for at in workload.arrival_s))

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


def compare_routers(
    scenario: Scenario, routers: Sequence[Router], *, on_progress: Progress | None = None
) -> Comparison:
    """The scenario under each routing policy, same seeds.

    Raises:
        ConfigError: The scenario can never work.
    """
    answers: list[Answer] = []
    for router in routers:
        answers.append(run_scenario(scenario.with_router(router), on_progress=on_progress))
        if answers[-1].partial:
            break
    first = answers[0].metrics
    return Comparison(
        names=tuple(router.name for router in routers[: len(answers)]),
        answers=tuple(answers),
        differences=tuple(
            difference(answer.metrics, first[: len(answer.metrics)])
            for answer in answers[1:]
        ),
    )  # fmt: skip
