"""How fast the cluster simulator is: ``python benchmarks/bench_cluster.py [NAME...]``.

Prints each figure, its target and the ratio. Wall time is what people wait for; processor time is
printed beside it, because it is what is left of a figure on a machine that others use too. Start-up
and compilation are printed apart.
"""

import argparse
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from macrohard.cluster.agents import generate_agents
from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.optimal import place_optimally
from macrohard.cluster.placement import BestFit, Fleet, Gang, domain_capacities
from macrohard.cluster.roofline import Roofline
from macrohard.cluster.routing import make_router
from macrohard.cluster.simulation import ServingPool, simulate
from macrohard.cluster.step_time import StepTable
from macrohard.cluster.traces import read_mooncake
from macrohard.cluster.workload import WorkloadBuilder
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

    wall, cpu = timed(query)
    report("step-time query", wall / 100_000, 10e-6, f"{cpu / 100_000:.2g} s of processor")


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
    """One million agent calls over 64 racks, behind one front door and behind two."""
    pool = serving(64 * 9, "affinity")
    small = generate_agents(100, seed=1, agents=50)
    wall, _ = timed(lambda: simulate([pool], small, engine="compiled"))
    print(f"million calls, start-up and compilation: {wall:.3g} s")
    made = []
    wall, _ = timed(lambda: made.append(generate_agents(26_500, seed=1, agents=6_600)))
    print(f"million calls, generating {len(made[0]):,} calls: {wall:.3g} s")
    for doors in (1, 2):
        parted = replace(pool, router=replace(pool.router, shards=doors))
        wall, cpu = timed(lambda parted=parted: simulate([parted], made[0]))
        note = f"{cpu:.2g} s of processor in {doors} thread(s)"
        report(f"{len(made[0]):,} calls over 64 racks, {doors} front door(s)", wall, 10.0, note)


def plain_simpy(  # noqa: C901 - one replica in one piece, as people write it
    table: StepTable, calls: Sequence[tuple[float, int, int]], batch: int
) -> float:
    """Mean seconds per call of one replica written as a SimPy user would: a timeout per step."""
    import simpy

    env = simpy.Environment()
    waiting: deque[list[float]] = deque()  # [arrival, prompt left, output left, context]
    running: list[list[float]] = []
    spans: list[float] = []
    wake = env.event()

    def client() -> Iterator[Any]:
        for at_s, prompt, output in calls:
            yield env.timeout(at_s - env.now)
            waiting.append([at_s, prompt, output, 0])
            if not wake.triggered:
                wake.succeed()

    def replica() -> Iterator[Any]:
        nonlocal wake
        while True:
            while waiting and len(running) < batch:
                running.append(waiting.popleft())
            if not running:
                wake = env.event()
                yield wake
                continue
            decoding = [call for call in running if not call[1]]
            tokens, seconds = len(decoding), 0.0
            parts = []
            for call in running:
                part = min(call[1], 8192 - tokens)
                if part > 0:
                    parts.append((call, part))
                    tokens += int(part)
                    seconds += table.pair_s * part * (call[3] + part / 2)
            seconds += table.linear_s[tokens]
            seconds += table.context_s[len(decoding)] * sum(call[3] for call in decoding)
            yield env.timeout(seconds)
            for call in decoding:
                call[3] += 1
                call[2] -= 1
            for call, part in parts:
                call[1] -= part
                call[3] += part
                call[2] -= not call[1]
            for call in [call for call in running if not call[1] and call[2] <= 0]:
                running.remove(call)
                spans.append(env.now - call[0])

    env.process(client())
    env.process(replica())
    env.run(until=calls[-1][0] + 3600)
    return sum(spans) / len(spans)


def bench_peer() -> None:
    """The same replica and calls in SimPy, token by token.

    AISimulate, the nearest rival, is a stub on PyPI (its wheel lies on its vendor's own index), and
    Vidur needs the network at run time; a plain SimPy model is what is left to measure against.
    """
    try:
        import simpy  # noqa: F401 - of the extra `dev`
    except ImportError:
        print("peer: skipped, SimPy is not installed (extra `dev`)")
        return
    rng, now, calls = random.Random(3), 0.0, []
    builder = WorkloadBuilder("peer", "benchmark")
    for _ in range(2000):
        now += rng.expovariate(3.0)
        prompt, output = rng.randint(500, 4000), rng.randint(100, 500)
        calls.append((now, prompt, output))
        builder.add_call(builder.add_session(), builder.add_stream(), prompt, output, at_s=now)
    work, pool = builder.build(), serving(1, "least-loaded")
    assert pool.table is not None  # noqa: S101 - serving() tabulates
    table, theirs, ours = pool.table, [], []
    _, slow = timed(lambda: theirs.append(plain_simpy(table, calls, pool.deployment.max_batch)))
    for engine in ("python", "compiled"):
        run = partial(simulate, [pool], work, engine=engine)  # type: ignore[arg-type]
        run()
        _, fast = timed(lambda run=run: ours.append(run()))
        result = ours[-1]
        mean = sum(f - a for f, a in zip(result.finished_s, result.arrived_s, strict=True)) / 2000
        print(
            f"peer: SimPy token by token {slow:.3g} s of processor for {len(calls):,} calls, ours "
            f"({engine}) {fast:.3g} s: {slow / fast:.0f} x as fast; mean call {theirs[0]:.4g} s "
            f"there, {mean:.4g} s here"
        )


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
    "peer": bench_peer,
    "optimal": bench_optimal,
    "best-fit": bench_best_fit,
}


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    lines = [
        f"{name:<12}{(bench.__doc__ or '').splitlines()[0]}" for name, bench in BENCHES.items()
    ]
    parser.add_argument("name", nargs="*", metavar="NAME", help="\n".join(lines))
    names = parser.parse_args().name or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    for name in names:
        BENCHES[name]()


if __name__ == "__main__":
    main()
