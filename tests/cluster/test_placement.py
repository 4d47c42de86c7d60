import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard.cluster.defragment import defragment
from macrohard.cluster.failure_domains import LEVELS, FailureDomains, blast_radius
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.placement import (
    BestFit,
    FirstFit,
    Fleet,
    FragmentationAware,
    Gang,
    domain_capacities,
    make_placement,
    place_all,
)
from macrohard.cluster.scenario import Site
from macrohard.cluster.standing import place_gangs
from macrohard.errors import ConfigError

RACK = find_hardware("gb200-nvl72")
SIZES, SHARES = (4, 8, 16, 32, 64), (0.3, 0.3, 0.2, 0.15, 0.05)


def churn(policy: Any, seed: int, *, racks: Any = 24, ticks: Any = 2500) -> Any:
    """Gangs come and go at an offered load just above what fits; returns the mean share in use."""
    rng = random.Random(seed)
    fleet = Fleet(domain_capacities(RACK, racks, lost_share=0.1, seed=seed))
    mean = sum(size * share for size, share in zip(SIZES, SHARES, strict=True))
    stay = 1.02 * sum(fleet.capacities) / mean
    leaving, used = [], 0.0
    for tick in range(ticks):
        for entry in [entry for entry in leaving if entry[0] <= tick]:
            leaving.remove(entry)
            fleet.take(entry[1], entry[2])
        gang = Gang(f"g{tick}", rng.choices(SIZES, SHARES)[0])
        lifetime = rng.expovariate(1 / stay)
        domain = policy.choose(fleet, gang)
        if domain is not None:
            fleet.put(domain, gang)
            leaving.append((tick + lifetime, domain, gang))
        if tick > ticks // 4:
            used += 1 - sum(fleet.free) / sum(fleet.capacities)
    return used / (ticks - ticks // 4 - 1)


def test_fragmentation_aware_beats_first_fit() -> None:
    mix = dict(zip(SIZES, SHARES, strict=True))
    gains = [churn(FragmentationAware(mix), seed) - churn(FirstFit(), seed) for seed in range(6)]
    assert sum(gains) / len(gains) > 0.002
    assert sum(gain > 0 for gain in gains) >= 5


def test_95_percent_schedulable_with_a_tray_lost_in_5_percent_of_racks() -> None:
    racks = 200
    rng = random.Random(1)
    gangs = [Gang(f"g{k}", rng.choice((4, 8, 16, 32, 64)), "m") for k in range(1500)]
    capacities = domain_capacities(RACK, racks, lost_share=0.05, seed=1)
    assert Counter(capacities) == {72: 190, 68: 10}
    best = max(
        place_all(
            gangs, Fleet(capacities), make_placement(name, gangs), total_gpus=racks * 72
        ).schedulable_share
        for name in ("first-fit", "best-fit", "fragmentation-aware")
    )
    assert best >= 0.95


def test_spare_policies_keep_domains_whole() -> None:
    assert set(domain_capacities(RACK, 40, spares="68+4", lost_share=0.5)) == {68}
    assert set(domain_capacities(RACK, 40, spares="64+8", lost_share=0.5)) == {64}
    assert set(domain_capacities(RACK, 40, spares="72", lost_share=0.5)) == {72, 68}


def test_a_gang_larger_than_its_domain_is_refused() -> None:
    message = "128 GPUs in one NVLink domain; the largest has 72"
    with pytest.raises(ConfigError, match=message):
        place_all([Gang("big", 128)], Fleet([72]), BestFit(), total_gpus=72)


def test_urgent_gangs_are_placed_first() -> None:
    gangs = [Gang("later", 72, priority=1), Gang("now", 72, priority=0)]
    placed = place_all(gangs, Fleet([72]), BestFit(), total_gpus=72)
    assert placed.domains == (None, 0)


def test_a_limit_per_domain_spreads_a_model_and_shrinks_the_blast() -> None:
    gangs = [Gang(f"r{k}", 8, "m") for k in range(8)]
    together = place_all(gangs, Fleet([72] * 8), BestFit(), total_gpus=576)
    spread = FailureDomains(racks_per_leaf=4, most_per_rack=1)
    apart = place_all(gangs, Fleet([72] * 8, spread), BestFit(), total_gpus=576)
    assert blast_radius(gangs, together, spread) == dict.fromkeys(("rack", "leaf", "hall"), 1.0)
    assert blast_radius(gangs, apart, spread) == {"rack": 0.125, "leaf": 0.5, "hall": 1.0}


def test_a_hall_is_a_failure_domain_and_ends_a_leaf() -> None:
    gangs = [Gang(f"r{k}", 72, "m") for k in range(8)]
    placed = place_all(gangs, Fleet([72] * 8), BestFit(), total_gpus=576)
    halves = blast_radius(gangs, placed, FailureDomains(racks_per_leaf=8, racks_per_hall=4))
    assert halves == {"rack": 0.125, "leaf": 0.5, "hall": 0.5}
    uneven = blast_radius(gangs, placed, FailureDomains(racks_per_leaf=2, racks_per_hall=3))
    assert uneven == {"rack": 0.125, "leaf": 0.25, "hall": 0.375}


def test_defragmentation_makes_room_at_its_price() -> None:
    fleet = Fleet([72, 72])
    for domain in (0, 1):
        fleet.put(domain, Gang(f"small{domain}", 8))
    found = defragment(fleet, Gang("rack", 72), reload_s=60.0)
    assert (found.domain, [m.gang.name for m in found.moves]) == (0, ["small0"])
    assert found.gpu_seconds == 8 * 60.0
    fleet.put(1, Gang("half", 60))
    assert defragment(fleet, Gang("rack", 72), reload_s=60.0).domain is None


@given(
    st.lists(st.integers(1, 72), max_size=60),
    st.sampled_from(["first-fit", "best-fit", "fragmentation-aware"]),
)
def test_no_policy_overfills_or_loses_a_gang(sizes: Any, name: Any) -> None:
    gangs = [Gang(str(k), size) for k, size in enumerate(sizes)]
    fleet = Fleet([72, 68, 72])
    policy = make_placement(name, gangs or [Gang("x", 1)])
    placed = place_all(gangs, fleet, policy, total_gpus=216)
    for domain, capacity in enumerate(fleet.capacities):
        standing = [g.gpus for g, d in zip(gangs, placed.domains, strict=True) if d == domain]
        assert sum(standing) + fleet.free[domain] == capacity
        assert fleet.free[domain] >= 0


def exhaustive(gangs: Any, capacities: Any, failing: Any) -> Any:
    """Most GPUs that can be placed, by trying everything."""
    best = 0
    fleet = Fleet(capacities, failing)

    def extend(place: Any, total: Any) -> None:
        nonlocal best
        best = max(best, total)
        for number, gang in enumerate(gangs[place:], place):
            for domain in range(len(capacities)):
                if fleet.allows(domain, gang):
                    fleet.put(domain, gang)
                    extend(number + 1, total + gang.gpus)
                    fleet.take(domain, gang)

    extend(0, 0)
    return best


LIMITED = st.builds(
    FailureDomains,
    racks_per_leaf=st.integers(1, 2),
    racks_per_hall=st.sampled_from([0, 2]),
    most_per_rack=st.integers(0, 2),
    most_per_leaf=st.integers(0, 2),
    most_per_hall=st.integers(0, 3),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from("ab")), min_size=1, max_size=5),
       st.lists(st.integers(12, 16), min_size=1, max_size=3), LIMITED)  # fmt: skip
def test_the_optimum_is_the_optimum_in_any_failure_domains(
    asked: Any, capacities: Any, failing: Any
) -> None:
    pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    from macrohard.cluster.optimal import place_optimally

    gangs = [Gang(str(k), size, model) for k, (size, model) in enumerate(asked)]
    placed = place_optimally(gangs, capacities, total_gpus=sum(capacities), failing=failing)
    assert placed.proven
    assert placed.placed_gpus == exhaustive(gangs, capacities, failing)
    fleet = Fleet(capacities, failing)
    for gang, domain in zip(gangs, placed.domains, strict=True):
        if domain is not None:
            assert fleet.allows(domain, gang)
            fleet.put(domain, gang)


@pytest.mark.parametrize("policy", ["first-fit", "best-fit", "fragmentation-aware", "optimal"])
def test_every_policy_keeps_models_apart_in_racks_leaves_and_halls(policy: Any) -> None:
    if policy == "optimal":
        pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    failing = FailureDomains(2, 4, most_per_rack=2, most_per_leaf=3, most_per_hall=5)
    site = Site(RACK, 8, halls=2, racks_per_leaf=2, most_per_rack=2, most_per_leaf=3,
                most_per_hall=5)  # fmt: skip
    assert site.failing == failing
    gangs = [Gang(f"{model}{k}", 8, model) for model in "ab" for k in range(12)]
    placed, _ = place_gangs(gangs, site, policy, seed=1)
    lost = blast_radius(gangs, placed, failing)
    assert sum(domain is not None for domain in placed.domains) == 20
    assert {level: round(10 * lost[level]) for level in LEVELS} == {"rack": 2, "leaf": 3, "hall": 5}


def test_defragmentation_keeps_to_the_limits_and_moves_nothing_itself() -> None:
    fleet = Fleet([72, 72, 72], FailureDomains(most_per_rack=1))
    for domain, model in enumerate("abb"):
        fleet.put(domain, Gang(f"{model}{domain}", 60, model))
    before = [list(gangs) for gangs in fleet.gangs]
    assert defragment(fleet, Gang("b9", 12, "b"), reload_s=1.0).moves == ()  # rack 0 has room
    assert defragment(fleet, Gang("a9", 60, "a"), reload_s=1.0).domain is None
    fleet.put(0, Gang("b3", 8, "b"))
    found = defragment(fleet, Gang("c9", 12, "c"), reload_s=1.0)
    assert (found.domain, found.moves) == (1, ())
    crowded = Fleet([72, 72], FailureDomains(most_per_rack=1))
    crowded.put(0, Gang("b0", 8, "b"))
    crowded.put(1, Gang("a0", 66, "a"))
    assert defragment(crowded, Gang("b1", 72, "b"), reload_s=1.0).domain is None
    assert [list(gangs) for gangs in fleet.gangs[1:]] == before[1:]


def test_no_quick_policy_beats_the_proven_optimum() -> None:
    pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    from macrohard.cluster.optimal import place_optimally

    rng = random.Random(5)
    gangs = [Gang(f"g{k}", rng.choice((4, 8, 12, 24, 36, 64))) for k in range(200)]
    capacities = domain_capacities(RACK, 30, lost_share=0.1)
    best = place_optimally(gangs, capacities, total_gpus=2160)
    assert best.proven
    for name in ("first-fit", "best-fit", "fragmentation-aware"):
        quick = place_all(gangs, Fleet(capacities), make_placement(name, gangs), total_gpus=2160)
        assert quick.placed_gpus <= best.placed_gpus
