"""A site with several front doors: its parts share nothing but the clock and run side by side.

Each part has a share of every pool's replicas, equal but for a rest, and of the sessions. Compiled
parts run in threads: the engine does not hold Python's lock.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from heapq import heapify, heapreplace
from itertools import accumulate
from threading import Event
from typing import Any

from macrohard.cluster.simulation import GoOn, Result, ServingPool
from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError

RunPart = Callable[[Sequence[ServingPool], Workload, GoOn], Result]


def share_pools(pools: Sequence[ServingPool], shards: int) -> list[list[ServingPool]]:
    """For each door, each pool's part behind it: as equal as whole replicas or units allow.

    Raises:
        ConfigError: A pool with fewer replicas than doors.
    """
    for pool in pools:
        least = min(pool.replicas, pool.decoders) if pool.decode else pool.replicas
        if (pool.units if pool.transfer == "nvlink" else least) < shards:
            raise ConfigError(
                f"pool {pool.name}: {pool.replicas} replicas and {pool.decoders} decoders are too "
                f"few for a share behind each of {shards} front doors"
            )
    return [[_part_of_pool(pool, door, shards) for pool in pools] for door in range(shards)]


def _part_of_pool(pool: ServingPool, door: int, shards: int) -> ServingPool:
    def part(count: int) -> int:
        return count // shards + (door < count % shards)

    if pool.transfer == "nvlink" and pool.decode:
        units = part(pool.units)
        replicas, decoders = (units * n // pool.units for n in (pool.replicas, pool.decoders))
    else:
        replicas, decoders = part(pool.replicas), part(pool.decoders)
    return replace(pool, replicas=replicas, decoders=decoders)


def door_of_sessions(workload: Workload, weights: Sequence[int]) -> list[int]:
    """The door of each session: a session that follows another one stays at its door.

    Args:
        workload: The sessions.
        weights: What stands behind each door (GPUs); sessions are dealt in proportion.
    """
    follows = dict(_crossings(workload))
    door = [-1] * workload.sessions
    turns = [(1 / weight, k, 1) for k, weight in enumerate(weights)]  # whose turn it is: the least
    heapify(turns)
    for session in range(workload.sessions):
        if session in follows:
            door[session] = door[follows[session]]
        else:
            _, k, dealt = turns[0]
            door[session] = k
            heapreplace(turns, ((dealt + 1) / weights[k], k, dealt + 1))
    return door


def _crossings(workload: Workload) -> Iterable[tuple[int, int]]:
    """(session, the one before it) wherever a call waits for a call of another session."""
    w = workload
    if hasattr(w.children, "dtype"):
        import numpy as np  # noqa: PLC0415 - an extra

        before: Any = np.repeat(np.asarray(w.session), np.asarray(w.child_count))
        after = np.asarray(w.session)[w.children]
        apart = before != after
        return zip(after[apart].tolist(), before[apart].tolist(), strict=True)
    return (
        (w.session[child], w.session[call])
        for call, (first, count) in enumerate(zip(w.first_child, w.child_count, strict=True))
        for child in w.children[first : first + count]
        if w.session[child] != w.session[call]
    )


def part_of(workload: Workload, calls: Any) -> Workload:
    """The workload of some of the calls, renumbered; sessions and streams keep their numbers."""
    w = workload
    children: Any = []
    counts: Any
    firsts: Any
    if hasattr(w.children, "dtype"):
        import numpy as np  # noqa: PLC0415 - an extra

        chosen: Any = np.zeros(len(w), dtype=bool)
        chosen[calls] = True
        children = (np.cumsum(chosen) - 1)[
            np.asarray(w.children)[np.repeat(chosen, np.asarray(w.child_count))]
        ]
        count = np.asarray(w.child_count)[calls]
        ends = np.cumsum(count)
        counts, firsts = count, ends - count
    else:
        number = {call: k for k, call in enumerate(calls)}
        for call in calls:
            first = w.first_child[call]
            children += [number[c] for c in w.children[first : first + w.child_count[call]]]
        counts = [w.child_count[call] for call in calls]
        firsts = list(accumulate(counts, initial=0))[:-1]

    def pick(column: Any) -> Any:
        return column[calls] if hasattr(column, "dtype") else [column[call] for call in calls]

    columns = ("session", "stream", "prompt", "output", "gap_s", "arrival_s", "parents", "priority",
               "pool", "keeps")  # fmt: skip
    return replace(
        w,
        **{name: pick(getattr(w, name)) for name in columns},
        first_child=firsts,
        child_count=counts,
        children=children,
        labels=pick(w.labels) if len(w.labels) else (),
    )


def members_of(workload: Workload, weights: Sequence[int]) -> list[Any]:
    """The calls behind each door; the weights are those of :func:`door_of_sessions`."""
    door, shards = door_of_sessions(workload, weights), len(weights)
    if hasattr(workload.session, "dtype"):
        import numpy as np  # noqa: PLC0415 - an extra

        doors = np.asarray(door)[workload.session]
        return [np.flatnonzero(doors == k) for k in range(shards)]
    return [[c for c, s in enumerate(workload.session) if door[s] == k] for k in range(shards)]


def run_shards(
    run: RunPart,
    pools: Sequence[ServingPool],
    workload: Workload,
    shards: int,
    *,
    on_slice: Callable[[float, int], None] | None,
    at_once: int,
) -> Result:
    """Simulate each part and put the results together.

    Args:
        run: Simulates one part.
        pools: Who serves.
        workload: Who asks.
        shards: Front doors.
        on_slice: Told the clock and the finished calls of a part now and then.
        at_once: Parts simulated at the same time.

    Raises:
        ConfigError: Too few replicas for so many doors.
    """
    shared = share_pools(pools, shards)
    members = members_of(workload, [sum(pool.gpus for pool in part) for part in shared])
    shared = [part for part, own in zip(shared, members, strict=True) if len(own)]
    members = [own for own in members if len(own)]
    stop = Event()

    def go_on(now_s: float, finished: int) -> bool:
        if on_slice:
            on_slice(now_s, finished)
        return not stop.is_set()

    with ThreadPoolExecutor(at_once) as threads:
        tasks = [
            threads.submit(lambda part, own: run(part, part_of(workload, own), go_on), part, own)
            for part, own in zip(shared, members, strict=True)
        ]
        try:
            results = [task.result() for task in tasks]
        except KeyboardInterrupt:
            stop.set()
            results = [task.result() for task in tasks]
    return _together(results, members, pools, workload)


def _together(
    results: Sequence[Result],
    members: Sequence[Any],
    pools: Sequence[ServingPool],
    workload: Workload,
) -> Result:
    names = ("arrived_s", "admitted_s", "first_s", "finished_s", "cached", "preempted", "replica")
    columns = {name: _merged(results, members, name, len(workload)) for name in names}
    which, before = columns["replica"], 0
    for result, own in zip(results, members, strict=True):
        if hasattr(which, "dtype"):
            which[own] += before * (which[own] >= 0)
        else:
            for call in own:
                which[call] += before * (which[call] >= 0)
        before += len(result.replicas)
    return Result(
        workload=workload,
        pools=tuple(pools),
        **columns,
        replicas=tuple(account for result in results for account in result.replicas),
        end_s=max(result.end_s for result in results),
        events=sum(result.events for result in results),
        partial=any(result.partial for result in results),
        sources=results[0].sources,
    )


def _merged(results: Sequence[Result], members: Sequence[Any], name: str, size: int) -> Any:
    first = getattr(results[0], name)
    if hasattr(first, "dtype"):
        whole: Any = first[:1].repeat(size)
        for result, own in zip(results, members, strict=True):
            whole[own] = getattr(result, name)
        return whole
    listed = [0] * size
    for result, own in zip(results, members, strict=True):
        for call, value in zip(own, getattr(result, name), strict=True):
            listed[call] = value
    return listed
