"""Plans: which parallelism and how many replicas meet the objectives with the fewest GPUs."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from macrohard.cluster.defragment import defragment
from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.metrics import Metrics, summarise
from macrohard.cluster.optimal import place_optimally
from macrohard.cluster.placement import (
    Fleet,
    FragmentationAware,
    Gang,
    Placed,
    blast_radius,
    domain_capacities,
    make_placement,
    place_all,
)
from macrohard.cluster.scenario import Scenario
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.study import DEFAULT_DURATION_S, make_workload, tabulated
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError

RELOAD_GB_S = 2.0
"""Weights that come back from storage, per GPU and second (a fast parallel file system)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to serve the scenario."""

    parallel: Parallel
    replicas: int
    gpus: int
    ttft_p90_s: float
    tpot_p90_s: float
    meets: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan and what it was chosen from.

    Attributes:
        scenario: The question.
        candidates: Every parallelism that fits, with the fewest replicas that meet the
            objectives, fewest GPUs first.
        placed: Where the best one's replicas stand; None when nothing meets the objectives.
        step_time: Where step times come from.
    """

    scenario: Scenario
    candidates: tuple[Candidate, ...]
    placed: Placed | None
    step_time: str

    @property
    def best(self) -> Candidate | None:
        """The candidate with the fewest GPUs that meets the objectives."""
        return next((c for c in self.candidates if c.meets), None)

    def sentence(self) -> str:
        """The plan in one sentence."""
        best = self.best
        if best is None:
            return "Nothing on this site meets the objectives; add racks or relax the slo."
        racks = len({d for d in self.placed.domains if d is not None}) if self.placed else 0
        return (
            f"{best.replicas} replicas of {best.parallel} ({best.gpus} GPUs, {racks} racks): TTFT "
            f"p90 {best.ttft_p90_s:.3g} s, TPOT p90 {1e3 * best.tpot_p90_s:.3g} ms. "
            f"Step times: {self.step_time}."
        )

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "scenario": self.scenario.name,
            "candidates": [asdict(c) | {"parallel": str(c.parallel)} for c in self.candidates],
            "racks": list(self.placed.domains) if self.placed else [],
            "step_time": self.step_time,
        }


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


def _serve(pool: ServingPool, workload: Workload, until_s: float) -> Metrics:
    return summarise(simulate([pool], workload, until_s=until_s))


def _fewest(
    scenario: Scenario, pool: ServingPool, workload: Workload, until_s: float
) -> Candidate | None:
    """The fewest replicas of a pool that meet the objectives, by doubling and bisection."""
    per_replica, slo = pool.gpus // pool.replicas, scenario.objectives
    most = scenario.site.gpus // per_replica
    alone_s = pool.table.step_s(1, 32_768) if pool.table else 0.0
    if most < 1 or alone_s > slo.tpot_s:
        return None
    tried: dict[int, Candidate] = {}

    def attempt(replicas: int) -> Candidate:
        if replicas not in tried:
            metrics = _serve(replace(pool, replicas=replicas), workload, until_s)
            meets = metrics.ttft.p90 <= slo.ttft_s and metrics.tpot.p90 <= slo.tpot_s
            tried[replicas] = Candidate(
                pool.deployment.parallel, replicas, replicas * per_replica,
                metrics.ttft.p90, metrics.tpot.p90, meets,
            )  # fmt: skip
        return tried[replicas]

    high = 1
    while not attempt(high).meets and high < most:
        high = min(most, high * 2)
    if not attempt(high).meets:
        return attempt(high)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if attempt(middle).meets else (middle, high)
    return attempt(high)


def make_plan(scenario: Scenario, *, on_progress: Callable[[str], None] | None = None) -> Plan:
    """Try every sensible gang for the scenario's first model.

    Raises:
        ConfigError: No objectives, or a model that fits nowhere.
    """
    if math.isinf(scenario.objectives.ttft_s) and math.isinf(scenario.objectives.tpot_s):
        raise ConfigError(f"{scenario.source}: a plan needs objectives; add `slo: {{ttft: 5 s}}`")
    base = scenario.pools[0]
    until_s = min(scenario.duration_s, DEFAULT_DURATION_S)
    workload = make_workload(scenario.workload, scenario.seed, until_s)
    candidates, sources = [], {}
    for parallel in list_parallel(base.deployment):
        deployment = replace(base.deployment, parallel=parallel)
        pool = replace(base, deployment=deployment, replicas=1, decode=None, decoders=0)
        try:
            deployment.check(context_tokens=int(max(workload.prompt)))
            (pool,) = tabulated([pool])
        except ConfigError:
            continue  # it does not fit, or nothing is known about it
        candidate = _fewest(scenario, pool, workload, until_s)
        if candidate is None:
            continue
        sources[parallel] = pool.table.source if pool.table else ""
        candidates.append(candidate)
        if on_progress:
            verdict = "meets the slo" if candidate.meets else "misses the slo"
            on_progress(f"{parallel}: {candidate.gpus} GPUs, {verdict}")
    if not candidates:
        base.deployment.check()
        raise ConfigError(
            f"{base.deployment.model.name}: no gang fits {base.deployment.hardware.name}"
        )
    candidates.sort(key=lambda c: (not c.meets, c.gpus, c.tpot_p90_s))
    best = candidates[0]
    placed = None
    if best.meets:
        gangs = [
            Gang(f"{base.name}-{k}", best.parallel.gpus, base.name) for k in range(best.replicas)
        ]
        placed = _place(scenario, gangs, scenario.placement, scenario.seed)[0]
    return Plan(scenario, tuple(candidates), placed, sources[best.parallel])


def _place(
    scenario: Scenario, gangs: list[Gang], policy: str, seed: int
) -> tuple[Placed, Fleet | None]:
    site = scenario.site
    capacities = domain_capacities(
        site.hardware, site.racks, spares=site.spares, lost_share=site.lost_trays_share, seed=seed
    )
    if policy == "optimal":
        if site.most_per_rack:
            raise ConfigError(
                f"{scenario.source}: placement `optimal` knows no site.most_per_rack; take it out "
                "or choose another placement"
            )
        return place_optimally(gangs, capacities, total_gpus=site.gpus), None
    fleet = Fleet(capacities, most_per_domain=site.most_per_rack)
    return place_all(gangs, fleet, make_placement(policy, gangs), total_gpus=site.gpus), fleet


def pool_gangs(pool: ServingPool) -> list[Gang]:
    """The gangs of a pool: replicas, stages of one too large for a domain, or NVLink units."""
    if pool.transfer == "nvlink" and pool.decode:
        gangs = [Gang(f"{pool.name}-{k}", pool.unit_gpus, pool.name) for k in range(pool.units)]
    else:
        gangs = _replica_gangs(pool.name, pool.deployment, pool.replicas)
        if pool.decode:
            gangs += _replica_gangs(f"{pool.name}-d", pool.decode, pool.decoders)
    return [replace(gang, priority=pool.priority) for gang in gangs]


def _replica_gangs(name: str, deployment: Deployment, replicas: int) -> list[Gang]:
    parallel, domain = deployment.parallel, deployment.hardware.domain_gpus
    if parallel.gpus <= domain:
        return [Gang(f"{name}-{k}", parallel.gpus, name) for k in range(replicas)]
    return [
        Gang(f"{name}-{k}.{stage}", parallel.gpus // parallel.pp, name, unit=f"{name}-{k}")
        for k in range(replicas)
        for stage in range(parallel.pp)
    ]


def standing_pool(pool: ServingPool, standing: Sequence[Gang]) -> ServingPool | None:
    """The pool with the replicas all of whose gangs stand; None when it cannot serve."""

    def whole(name: str, deployment: Deployment) -> int:
        units = Counter(g.unit or g.name for g in standing if g.model == name)
        parallel = deployment.parallel
        gangs = parallel.pp if parallel.gpus > deployment.hardware.domain_gpus else 1
        return sum(count == gangs for count in units.values())

    if pool.transfer == "nvlink" and pool.decode:
        units = sum(g.model == pool.name for g in standing)
        replicas = units * pool.replicas // pool.units
        decoders = units * pool.decoders // pool.units
    else:
        replicas = whole(pool.name, pool.deployment)
        decoders = whole(f"{pool.name}-d", pool.decode) if pool.decode else 0
    if not replicas or (pool.decode and not decoders):
        return None
    return replace(
        pool, replicas=replicas, decoders=decoders, router=replace(pool.router, shards=1)
    )


def scenario_gangs(scenario: Scenario, seed: int) -> list[Gang]:
    """The gangs of a scenario in the (seeded) order in which they are asked for."""
    gangs = [gang for pool in scenario.pools for gang in pool_gangs(pool)]
    random.Random(seed).shuffle(gangs)  # noqa: S311 - a simulation
    return gangs


def place_gangs(scenario: Scenario, policy: str, *, seed: int) -> tuple[list[Gang], Placed]:
    """The scenario's gangs, and where a policy puts them.

    Raises:
        ConfigError: An unknown policy, or a gang larger than every domain.
    """
    gangs = scenario_gangs(scenario, seed)
    return gangs, _place(scenario, gangs, policy, seed)[0]


def _still_usable(scenario: Scenario, gangs: Sequence[Gang], placed: Placed, seed: int) -> int:
    """GPUs in use, and those left over in which more gangs of the same mix would fit."""
    site, used = scenario.site, Counter[int]()
    for gang, domain in zip(gangs, placed.domains, strict=True):
        if domain is not None:
            used[domain] += gang.gpus
    capacities = domain_capacities(
        site.hardware, site.racks, spares=site.spares, lost_share=site.lost_trays_share, seed=seed
    )
    mix = FragmentationAware(Counter(gang.gpus for gang in gangs))
    left = [capacity - used[domain] for domain, capacity in enumerate(capacities)]
    return placed.placed_gpus + round(sum(free - mix.waste(free) for free in left))


def _reload_s(scenario: Scenario) -> dict[str, float]:
    """Seconds to load the weights of each model again, by the name of its gangs."""
    seconds = {}
    for pool in scenario.pools:
        seconds[pool.name] = pool.deployment.weights_gb_per_gpu / RELOAD_GB_S
        if pool.decode:
            seconds[f"{pool.name}-d"] = pool.decode.weights_gb_per_gpu / RELOAD_GB_S
    return seconds


def _make_room(scenario: Scenario, fleet: Fleet | None, missing: Sequence[Gang]) -> str:
    """What it would take to place the first gang that found no room, in words."""
    if not missing:
        return "not needed"
    if fleet is None:
        return "no use"  # the optimum is proven: moving gangs makes no room
    found = defragment(fleet, missing[0], reload_s=_reload_s(scenario))
    if found.domain is None:
        return "none helps"
    return f"{len(found.moves)} moves, {found.gpu_seconds:.0f} GPU s"


def place_scenario(scenario: Scenario, policy: str, *, seed: int) -> dict[str, Any]:
    """One row of ``compare --placement``: what is placed, and what that does to latency.

    Raises:
        ConfigError: An unknown policy, or a gang larger than every domain.
    """
    gangs = scenario_gangs(scenario, seed)
    placed, fleet = _place(scenario, gangs, policy, seed)
    standing = [g for g, d in zip(gangs, placed.domains, strict=True) if d is not None]
    missing = [g for g, d in zip(gangs, placed.domains, strict=True) if d is None]
    made = [standing_pool(pool, standing) for pool in tabulated(scenario.pools)]
    pools = [pool for pool in made if pool is not None]
    site = scenario.site
    lost = blast_radius(
        gangs, placed, racks_per_leaf=site.racks_per_leaf, racks_per_hall=site.racks_per_hall
    )
    ttft_s = tpot_s = math.inf  # a model is not served at all
    if len(pools) == len(scenario.pools):
        until_s = min(scenario.duration_s, DEFAULT_DURATION_S)
        work = make_workload(scenario.workload, seed, until_s, pools=len(pools))
        metrics = summarise(simulate(pools, work, until_s=until_s))
        ttft_s, tpot_s = metrics.ttft.p90, metrics.tpot.p90
    return {
        "placement": policy + (" (proven)" if placed.proven else ""),
        "gangs placed": f"{len(standing)} of {len(gangs)}",
        "GPUs in use %": 100 * placed.schedulable_share,
        "schedulable %": 100 * _still_usable(scenario, gangs, placed, seed) / site.gpus,
        "racks used": len({d for d in placed.domains if d is not None}),
        "most of a model lost with a rack %": 100 * lost["rack"],
        "with a leaf %": 100 * lost["leaf"],
        "with a hall %": 100 * lost["hall"],
        "TTFT p90 s": ttft_s,
        "TPOT p90 ms": 1e3 * tpot_s,
        "defragmentation": _make_room(scenario, fleet, missing),
    }
