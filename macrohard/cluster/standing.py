"""Where the gangs of a scenario stand, and what that leaves: who serves, what fails together.

Before a scenario is simulated its gangs are placed; what finds no room does not serve. So every
result carries the latency of its placement.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from macrohard.cluster.defragment import defragment
from macrohard.cluster.deployment import Deployment
from macrohard.cluster.failure_domains import Level, blast_radius
from macrohard.cluster.optimal import place_optimally
from macrohard.cluster.placement import (
    Fleet,
    FragmentationAware,
    Gang,
    Placed,
    check_sizes,
    make_placement,
    place_all,
)
from macrohard.cluster.scenario import Scenario, Site
from macrohard.cluster.simulation import ServingPool
from macrohard.errors import ConfigError

RELOAD_GB_S = 2.0
"""Weights that come back from storage, per GPU and second (a fast parallel file system)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A scenario's gangs on its racks.

    Attributes:
        policy: Who placed them.
        gangs: What was asked for, in that order.
        placed: Where each stands.
        pools: Who serves: the replicas all of whose gangs stand.
        racks: Racks of the site.
        schedulable_gpus: GPUs in use, and those left over in which more gangs of the same mix
            would fit.
        lost: Largest share of one model's standing replicas that goes with a rack, leaf or hall.
        making_room: What it would take to place the first gang that found no room, in words.
    """

    policy: str
    gangs: tuple[Gang, ...]
    placed: Placed
    pools: tuple[ServingPool, ...]
    racks: int
    schedulable_gpus: int
    lost: Mapping[Level, float]
    making_room: str

    def flat(self) -> dict[str, float]:
        """Its numbers by name, shares of one."""
        standing = [domain for domain in self.placed.domains if domain is not None]
        total = self.placed.total_gpus
        return {
            "gangs_placed_share": len(standing) / len(self.gangs),
            "gpus_in_use_share": self.placed.schedulable_share,
            "gpus_schedulable_share": self.schedulable_gpus / total,
            "racks_used_share": len(set(standing)) / self.racks,
            **{f"lost_with_a_{level}_share": share for level, share in self.lost.items()},
        }


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
    left = replace(pool, replicas=replicas, decoders=decoders)
    most = left.units if pool.transfer == "nvlink" else min(replicas, decoders or replicas)
    return replace(left, router=replace(pool.router, shards=min(pool.router.shards, most)))


def place_gangs(
    gangs: Sequence[Gang], site: Site, policy: str, *, seed: int
) -> tuple[Placed, Fleet | None]:
    """Where a policy puts gangs on a site, and the fleet they stand in (not for ``optimal``).

    Args:
        gangs: In the order in which they are asked for.
        site: The racks; the seed says which have lost a tray.
        policy: Name of a placement policy.
        seed: For the lost trays.

    Raises:
        ConfigError: An unknown policy, or a gang larger than every domain.
    """
    capacities = site.capacities(seed)
    if policy == "optimal":
        optimum = place_optimally(gangs, capacities, total_gpus=site.gpus, failing=site.failing)
        return optimum, None
    fleet = Fleet(capacities, site.failing)
    return place_all(gangs, fleet, make_placement(policy, gangs), total_gpus=site.gpus), fleet


def scenario_gangs(scenario: Scenario, seed: int) -> list[Gang]:
    """The gangs of a scenario in the (seeded) order in which they are asked for."""
    gangs = [gang for pool in scenario.pools for gang in pool_gangs(pool)]
    random.Random(seed).shuffle(gangs)  # noqa: S311 - a simulation
    return gangs


def stand(scenario: Scenario, pools: Sequence[ServingPool], *, seed: int) -> Standing:
    """Place the gangs of a scenario.

    Args:
        scenario: The site, the placement policy and what is asked for.
        pools: The scenario's pools, with their step times worked out.
        seed: Says which racks have lost a tray, and the order of the gangs.

    Raises:
        ConfigError: A gang larger than every domain, or a model of which nothing stands.
    """
    gangs = scenario_gangs(scenario, seed)
    try:
        check_sizes(gangs, scenario.site.capacities(seed))
    except ConfigError as error:
        raise ConfigError(f"{scenario.at('models')}{error}") from None
    try:
        placed, fleet = place_gangs(gangs, scenario.site, scenario.placement, seed=seed)
    except ConfigError as error:
        raise ConfigError(f"{scenario.at('placement')}{error}") from None
    standing = [g for g, d in zip(gangs, placed.domains, strict=True) if d is not None]
    missing = [g for g, d in zip(gangs, placed.domains, strict=True) if d is None]
    serving = []
    for pool in pools:
        stood = standing_pool(pool, standing)
        if stood is None:
            raise ConfigError(
                f"{scenario.at('models')}{scenario.placement} placement finds no room for a whole "
                f"replica of {pool.name}: {len(standing)} of {len(gangs)} gangs of the scenario "
                "stand; add racks, ask for fewer replicas, or give it a lower `priority:` number"
            )
        serving.append(stood)
    return Standing(
        policy=scenario.placement,
        gangs=tuple(gangs),
        placed=placed,
        pools=tuple(serving),
        racks=scenario.site.racks,
        schedulable_gpus=_schedulable(scenario.site, gangs, placed, seed),
        lost=blast_radius(gangs, placed, scenario.site.failing),
        making_room=_make_room(scenario, fleet, missing),
    )


def _schedulable(site: Site, gangs: Sequence[Gang], placed: Placed, seed: int) -> int:
    used = Counter[int]()
    for gang, domain in zip(gangs, placed.domains, strict=True):
        if domain is not None:
            used[domain] += gang.gpus
    mix = FragmentationAware(Counter(gang.gpus for gang in gangs))
    left = Counter(free - used[domain] for domain, free in enumerate(site.capacities(seed)))
    return placed.placed_gpus + round(
        sum(racks * (free - mix.waste(free)) for free, racks in left.items())
    )


def _reload_s(scenario: Scenario) -> dict[str, float]:
    """Seconds to load the weights of each model again, by the name of its gangs."""
    seconds = {}
    for pool in scenario.pools:
        seconds[pool.name] = pool.deployment.weights_gb_per_gpu / RELOAD_GB_S
        if pool.decode:
            seconds[f"{pool.name}-d"] = pool.decode.weights_gb_per_gpu / RELOAD_GB_S
    return seconds


def _make_room(scenario: Scenario, fleet: Fleet | None, missing: Sequence[Gang]) -> str:
    if not missing:
        return "not needed"
    if fleet is None:
        return "no moves help, or the optimum would have made them"
    found = defragment(fleet, missing[0], reload_s=_reload_s(scenario))
    if found.domain is None:
        return "no moves help"
    moves = f"{len(found.moves)} move{'s' if len(found.moves) != 1 else ''}"
    return f"{moves}, {found.gpu_seconds:.0f} GPU seconds of loading weights again"
