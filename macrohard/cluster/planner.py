"""Plans: which parallelism, how many replicas, which racks meet the objectives with fewest GPUs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from macrohard.cluster.demand import DEFAULT_DURATION_S, make_workload
from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.failure_domains import blast_radius
from macrohard.cluster.metrics import summarise
from macrohard.cluster.placement import Gang, Placed
from macrohard.cluster.scenario import Scenario, WorkloadPlan
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.standing import place_gangs, pool_gangs
from macrohard.cluster.study import tabulated
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to serve a model."""

    parallel: Parallel
    replicas: int
    gpus: int
    ttft_p90_s: float
    tpot_p90_s: float
    tpot_p50_s: float
    output_tokens_per_gpu_s: float
    meets: bool


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """How one model is to be served.

    Attributes:
        name: Of its pool.
        candidates: Every parallelism that fits, with the fewest replicas that meet the
            objectives, fewest GPUs first.
        tried: Everything that was simulated on the way: points of interactivity against tokens
            per GPU.
        step_time: Where step times come from.
    """

    name: str
    candidates: tuple[Candidate, ...]
    tried: tuple[Candidate, ...]
    step_time: str

    @property
    def best(self) -> Candidate | None:
        """The candidate with the fewest GPUs that meets the objectives."""
        return next((c for c in self.candidates if c.meets), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan and what it was chosen from.

    Attributes:
        scenario: The question.
        models: One plan per model.
        gangs: The gangs of the best candidates; none when a model meets its objectives nowhere.
        placed: Where they stand.
    """

    scenario: Scenario
    models: tuple[ModelPlan, ...]
    gangs: tuple[Gang, ...] = ()
    placed: Placed | None = None

    def racks_of(self, model: str) -> list[int]:
        """The racks on which a model's replicas stand, counted from 0."""
        if not self.placed:
            return []
        stand = zip(self.gangs, self.placed.domains, strict=True)
        return sorted({domain for g, domain in stand if g.model == model and domain is not None})

    def sentences(self) -> list[str]:
        """The plan in words."""
        spoken = []
        for model in self.models:
            best = model.best
            if best is None:
                spoken.append(
                    f"{model.name}: nothing on this site meets the objectives; add racks or relax "
                    "the slo."
                )
                continue
            spoken.append(
                f"{model.name}: {best.replicas} replicas of {best.parallel} ({best.gpus} GPUs) on "
                f"{_spoken_racks(self.racks_of(model.name))}: TTFT p90 {best.ttft_p90_s:.3g} s, "
                f"TPOT p90 {1e3 * best.tpot_p90_s:.3g} ms. Step times: {model.step_time}."
            )
        if self.placed:
            lost = blast_radius(self.gangs, self.placed, self.scenario.site.failing)
            spoken.append(
                f"{self.placed.placed_gpus} of {self.placed.total_gpus} GPUs in use. Most of one "
                f"model lost with a rack {lost['rack']:.0%}, a leaf switch {lost['leaf']:.0%}, a "
                f"hall {lost['hall']:.0%}."
            )
        return spoken

    def as_json(self) -> dict[str, Any]:
        """For machines."""

        def plain(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
            return [asdict(c) | {"parallel": str(c.parallel)} for c in candidates]

        return {
            "scenario": self.scenario.name,
            "models": [
                {
                    "name": model.name,
                    "candidates": plain(model.candidates),
                    "tried": plain(model.tried),
                    "racks": self.racks_of(model.name),
                    "step_time": model.step_time,
                }
                for model in self.models
            ],
        }


def _spoken_racks(racks: Sequence[int]) -> str:
    """Such as ``racks 0 to 3, 7``."""
    runs: list[list[int]] = []
    for rack in racks:
        if runs and rack == runs[-1][-1] + 1:
            runs[-1].append(rack)
        else:
            runs.append([rack])
    parts = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return f"rack{'s' if len(racks) != 1 else ''} {', '.join(parts)}"


def list_parallel(deployment: Deployment) -> list[Parallel]:
    """Gangs worth trying: tensor parallel, and for experts also attention-parallel ranks."""
    most = deployment.hardware.domain_gpus
    gangs = [Parallel(tp) for tp in (1, 2, 4, 8, 16) if tp <= most]
    if deployment.model.experts:
        gangs += [Parallel(tp, ep=tp) for tp in (4, 8) if tp <= min(most, deployment.model.experts)]
        gangs += [
            Parallel(1, n, 1, n)
            for n in (4, 8, 16, 32, 64)
            if n <= min(most, deployment.model.experts)
        ]
    return gangs


def _room(scenario: Scenario, reserved: Sequence[Gang], pool: ServingPool) -> int:
    """Most replicas of a pool that find room beside what stands already."""
    per_replica = pool.gpus // pool.replicas
    most = (scenario.site.gpus - sum(gang.gpus for gang in reserved)) // per_replica
    if most < 1 or per_replica > max(scenario.site.capacities(scenario.seed)):
        return 0
    gangs = [*reserved, *pool_gangs(replace(pool, replicas=most))]
    placed, _ = place_gangs(gangs, scenario.site, scenario.placement, seed=scenario.seed)
    return sum(domain is not None for domain in placed.domains[len(reserved) :])


def _fewest(
    scenario: Scenario, pool: ServingPool, most: int, workload: Workload, until_s: float
) -> tuple[Candidate, list[Candidate]] | None:
    """The fewest replicas of a pool that meet the objectives, by doubling and bisection."""
    per_replica, slo = pool.gpus // pool.replicas, scenario.objectives
    alone_s = pool.table.step_s(1, 32_768) if pool.table else 0.0
    if most < 1 or alone_s > slo.tpot_s:
        return None
    tried: dict[int, Candidate] = {}

    def attempt(replicas: int) -> Candidate:
        if replicas not in tried:
            own = replace(pool, replicas=replicas, router=replace(pool.router, shards=1))
            metrics = summarise(simulate([own], workload, until_s=until_s))
            tried[replicas] = Candidate(
                pool.deployment.parallel, replicas, replicas * per_replica,
                metrics.ttft.p90, metrics.tpot.p90, metrics.tpot.p50,
                metrics.output_tokens_per_gpu_s,
                metrics.ttft.p90 <= slo.ttft_s and metrics.tpot.p90 <= slo.tpot_s,
            )  # fmt: skip
        return tried[replicas]

    high = 1
    while not attempt(high).meets and high < most:
        high = min(most, high * 2)
    if attempt(high).meets:
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if attempt(middle).meets else (middle, high)
    return attempt(high), [tried[replicas] for replicas in sorted(tried)]


def _share(plan: WorkloadPlan, pools: int) -> WorkloadPlan:
    """One model's part of the generated sessions, which take turns among the models."""
    if pools == 1:
        return plan
    if plan.kind != "agents":
        raise ConfigError(
            "a plan for several models needs `kind: agents`: the calls of a trace or a run all go "
            "to the first model"
        )
    return replace(
        plan, agents=-(-plan.agents // pools), sessions=-(-plan.sessions // pools),
        rate_per_s=plan.rate_per_s / pools,
    )  # fmt: skip


def _plan_model(
    scenario: Scenario,
    base: ServingPool,
    reserved: Sequence[Gang],
    workload: Workload,
    on_progress: Callable[[str], None] | None,
) -> ModelPlan:
    until_s = min(scenario.duration_s, DEFAULT_DURATION_S)
    candidates, tried, sources = [], [], {}
    for parallel in list_parallel(base.deployment):
        deployment = replace(base.deployment, parallel=parallel)
        pool = replace(base, deployment=deployment, replicas=1, decode=None, decoders=0)
        try:
            deployment.check(context_tokens=int(max(workload.prompt)))
            (pool,) = tabulated([pool])
        except ConfigError:
            continue  # it does not fit, or nothing is known about it
        most = _room(scenario, reserved, pool)
        found = _fewest(scenario, pool, most, workload, until_s)
        if found is None:
            continue
        candidate, attempts = found
        sources[parallel] = pool.table.source if pool.table else ""
        candidates.append(candidate)
        tried += attempts
        if on_progress:
            verdict = "meets the slo" if candidate.meets else "misses the slo"
            on_progress(f"{base.name}, {parallel}: {candidate.gpus} GPUs, {verdict}")
    if not candidates:
        base.deployment.check()
        raise ConfigError(
            f"{scenario.at('models')}{base.deployment.model.name}: no gang fits "
            f"{base.deployment.hardware.name} and is fast enough for the slo even alone"
        )
    candidates.sort(key=lambda c: (not c.meets, c.gpus, c.tpot_p90_s))
    source = sources[candidates[0].parallel]
    return ModelPlan(base.name, tuple(candidates), tuple(tried), source)


def make_plan(scenario: Scenario, *, on_progress: Callable[[str], None] | None = None) -> Plan:
    """Try every sensible gang for each of the scenario's models, the most urgent model first.

    Raises:
        ConfigError: No objectives, or a model that fits nowhere.
    """
    if math.isinf(scenario.objectives.ttft_s) and math.isinf(scenario.objectives.tpot_s):
        raise ConfigError(
            f"{scenario.at('slo')}a plan needs objectives: add `slo: {{ttft: 5 s, tpot: 50 ms}}`"
        )
    until_s = min(scenario.duration_s, DEFAULT_DURATION_S)
    where = scenario.at("workload")
    share = _share(scenario.workload, len(scenario.pools))
    models: list[ModelPlan] = []
    gangs: list[Gang] = []
    for number, base in enumerate(sorted(scenario.pools, key=lambda pool: pool.priority)):
        workload = make_workload(share, scenario.seed + number, until_s, where=where)
        model = _plan_model(scenario, base, gangs, workload, on_progress)
        models.append(model)
        if model.best:
            chosen = replace(base.deployment, parallel=model.best.parallel)
            pool = replace(base, deployment=chosen, replicas=model.best.replicas, decode=None)
            gangs += pool_gangs(replace(pool, decoders=0, transfer="nic"))
    if any(model.best is None for model in models):
        return Plan(scenario, tuple(models))
    placed, _ = place_gangs(gangs, scenario.site, scenario.placement, seed=scenario.seed)
    return Plan(scenario, tuple(models), tuple(gangs), placed)
