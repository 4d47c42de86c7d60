"""How fast the cluster simulator is: ``python benchmarks/bench_cluster.py [NAME...]``.

Prints each figure, its target and the ratio. Wall time is what people wait for; processor time is
printed beside it, because it is what is left of a figure on a machine that others use too. Start-up
and compilation are printed apart.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from macrohard.cluster.agents import generate_agents
from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.optimal import place_optimally
from macrohard.cluster.placement import BestFit, Fleet, Gang, domain_capacities
from macrohard.cluster.roofline import Roofline
from macrohard.cluster.routing import make_router
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.traces import read_mooncake
from macrohard.errors import ConfigError


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of some work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def report(what: str, seconds: float, target: float, note: str = "") -> None:
    """One line."""
    verdict = "met" if seconds <= target else "missed"
    print(
        f"{what}: {seconds:.3g} s, target {target:.3g} s, "
        f"{target / seconds:.2f} x as fast as asked, {verdict}{note and '; ' + note}"
    )


def serving(replicas: int, router: str) -> ServingPool:
    """DeepSeek-R1 at FP4 on eight GPUs of a GB200 rack."""
    deployment = Deployment(
        find_hardware("gb200-nvl72"), find_model("deepseek-r1"), Parallel(8), "fp4"
    )
    pool = ServingPool("r1", deployment, replicas, make_router(router))
    return ServingPool("r1", deployment, replicas, pool.router, table=Roofline(deployment).table())


def bench_step_time() -> None:
    """One step-time query."""
    table = serving(1, "cost").table
    assert table is not None  # noqa: S101 - serving() tabulates

    def query() -> None:
        for batch in range(100_000):
            table.step_s(batch % 256, 400_000, 512, 8192)

    wall, _ = timed(query)
    report("step-time query", wall / 100_000, 10e-6)


def bench_mooncake() -> None:
    """The Mooncake conversation trace over 8 replicas."""
    root = Path(os.environ.get("MACROHARD_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = root / "cluster" / "mooncake_conversation_trace.jsonl"
    try:
        trace = read_mooncake(path)
    except ConfigError:
        print(f"Mooncake trace: skipped, {path.name} is not here (set MACROHARD_DATA)")
        return
    pool = serving(8, "affinity")
    wall, _ = timed(lambda: simulate([pool], trace))
    print(f"Mooncake trace, first run with compilation or its cache: {wall:.3g} s")
    wall, cpu = timed(lambda: simulate([pool], trace))
    report(f"Mooncake trace, {len(trace):,} calls", wall, 1.0, f"{cpu:.2g} s of processor")


def bench_million() -> None:
    """One million agent calls over 64 racks."""
    pool = serving(64 * 9, "affinity")
    small = generate_agents(100, seed=1, agents=50)
    wall, _ = timed(lambda: simulate([pool], small, engine="compiled"))
    print(f"million calls, start-up and compilation: {wall:.3g} s")
    made = []
    wall, _ = timed(lambda: made.append(generate_agents(26_500, seed=1, agents=6_600)))
    print(f"million calls, generating {len(made[0]):,} calls: {wall:.3g} s")
    wall, cpu = timed(lambda: simulate([pool], made[0]))
    report(f"{len(made[0]):,} calls over 64 racks", wall, 10.0, f"{cpu:.2g} s of processor")


def bench_optimal() -> None:
    """200 gangs in 30 racks to proven optimum."""
    rng = random.Random(1)
    sizes = (4, 8, 12, 16, 24, 32, 36, 64, 72)
    gangs = [Gang(f"g{k}", rng.choice(sizes)) for k in range(200)]
    capacities = domain_capacities(find_hardware("gb200-nvl72"), 30, lost_share=0.05)
    found = []
    wall, _ = timed(lambda: found.append(place_optimally(gangs, capacities, total_gpus=2160)))
    note = "proven" if found[0].proven else "NOT proven"
    report("200 gangs in 30 racks, optimum", wall, 10.0, note)


def bench_best_fit() -> None:
    """Best fit over 7,639 racks."""
    rng = random.Random(2)
    fleet, policy = Fleet([72] * 7639), BestFit()
    sizes = (4, 8, 12, 16, 24, 32, 36, 64)
    for _ in range(15_000):
        gang = Gang("filler", rng.choice(sizes))
        domain = policy.choose(fleet, gang)
        if domain is not None:
            fleet.put(domain, gang)
    spans = []
    for _ in range(500):
        gang = Gang("one", rng.choice(sizes))

        def place(gang: Gang = gang) -> None:
            domain = policy.choose(fleet, gang)
            if domain is not None:
                fleet.put(domain, gang)

        spans.append(timed(place)[0])
    report("best fit over 7,639 racks, median", sorted(spans)[250], 1e-3)


BENCHES = {
    "step-time": bench_step_time,
    "mooncake": bench_mooncake,
    "million": bench_million,
    "optimal": bench_optimal,
    "best-fit": bench_best_fit,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
