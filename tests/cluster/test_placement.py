import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macrohard.cluster.defragment import defragment
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.placement import (
    BestFit,
    FirstFit,
    Fleet,
    FragmentationAware,
    Gang,
    blast_radius,
    domain_capacities,
    make_placement,
    place_all,
)
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
    apart = place_all(gangs, Fleet([72] * 8, most_per_domain=1), BestFit(), total_gpus=576)
    assert blast_radius(gangs, together, racks_per_leaf=4) == dict.fromkeys(
        ("rack", "leaf", "hall"), 1.0
    )
    assert blast_radius(gangs, apart, racks_per_leaf=4) == {"rack": 0.125, "leaf": 0.5, "hall": 1.0}


def test_a_hall_is_a_failure_domain_and_ends_a_leaf() -> None:
    gangs = [Gang(f"r{k}", 72, "m") for k in range(8)]
    placed = place_all(gangs, Fleet([72] * 8), BestFit(), total_gpus=576)
    halves = blast_radius(gangs, placed, racks_per_leaf=8, racks_per_hall=4)
    assert halves == {"rack": 0.125, "leaf": 0.5, "hall": 0.5}
    uneven = blast_radius(gangs, placed, racks_per_leaf=2, racks_per_hall=3)
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


def exhaustive(sizes: Any, capacities: Any) -> Any:
    """Most GPUs that can be placed, by trying everything."""
    best = 0

    def extend(place: Any, left: Any, total: Any) -> None:
        nonlocal best
        best = max(best, total)
        for number, size in enumerate(sizes[place:], place):
            for domain, room in enumerate(left):
                if room >= size:
                    rest = [*left]
                    rest[domain] -= size
                    extend(number + 1, rest, total + size)

    extend(0, capacities, 0)
    return best


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6),
       st.lists(st.integers(12, 16), min_size=1, max_size=2))  # fmt: skip
def test_the_optimum_is_the_optimum(sizes: Any, capacities: Any) -> None:
    pytest.importorskip("highspy", reason="HiGHS (extra `cluster`) is not installed")
    from macrohard.cluster.optimal import place_optimally

    gangs = [Gang(str(k), size) for k, size in enumerate(sizes)]
    placed = place_optimally(gangs, capacities, total_gpus=sum(capacities))
    assert placed.proven
    assert placed.placed_gpus == exhaustive(sizes, capacities)
    for domain, capacity in enumerate(capacities):
        standing = [g.gpus for g, d in zip(gangs, placed.domains, strict=True) if d == domain]
        assert sum(standing) <= capacity


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
