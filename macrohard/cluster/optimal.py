"""The best placement there is, proven with HiGHS: the yardstick for the quick policies.

Domains of equal size are interchangeable, so the integer program is over *patterns* (which gang
sizes fill a domain together) instead of gangs times domains, the cutting-stock formulation of
Gilmore and Gomory (1961) with all patterns written out. Variables: domains of each capacity with
each pattern. The sum of placed GPUs is maximised.
"""

import ctypes
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from macrohard.cluster.placement import Gang, Placed, check_sizes
from macrohard.errors import ConfigError

Pattern = tuple[int, ...]


def patterns_of(sizes: Sequence[int], counts: Sequence[int], capacity: int) -> list[Pattern]:
    """Every maximal way to fill a domain: how many gangs of each size, none can be added."""
    found: list[Pattern] = []

    def extend(place: int, left: int, chosen: list[int]) -> None:
        if place == len(sizes):
            if all(left < size or chosen[k] == counts[k] for k, size in enumerate(sizes)):
                found.append(tuple(chosen))
            return
        for number in range(min(left // sizes[place], counts[place]), -1, -1):
            extend(place + 1, left - number * sizes[place], [*chosen, number])

    extend(0, capacity, [])
    return found


@contextmanager
def _silence() -> Iterator[None]:
    """Keep standard output clean of the banner that HiGHS prints from C when it is made."""
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
        libc.fflush(None)  # what C still holds must not come out later
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _solver() -> Any:
    try:
        import highspy  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError(
            "placement: optimal needs HiGHS; pip install -e '.[cluster]' or choose best-fit"
        ) from None
    with _silence():
        solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    return solver


def place_optimally(  # noqa: C901 - the whole program in the order of a textbook
    gangs: Sequence[Gang], capacities: Sequence[int], *, total_gpus: int, limit_s: float = 60.0
) -> Placed:
    """Place as many GPUs' worth of gangs as can be.

    A gang of priority 0 counts a thousand times one of priority 1, and so on.

    Args:
        gangs: What to place.
        capacities: Usable GPUs per domain.
        total_gpus: GPUs of the site, for the share.
        limit_s: Give up the proof after that; the result then says so.

    Raises:
        ConfigError: HiGHS is not installed, or a gang is larger than every domain.
    """
    solver = _solver()
    solver.setOptionValue("time_limit", float(limit_s))
    check_sizes(gangs, capacities)
    kinds = sorted({(gang.priority, -gang.gpus) for gang in gangs})
    sizes = [-size for _, size in kinds]
    wanted = Counter((gang.priority, -gang.gpus) for gang in gangs)
    counts = [wanted[kind] for kind in kinds]
    worth = [1000.0 ** (kinds[-1][0] - priority) * -size for priority, size in kinds]
    domains: dict[int, list[int]] = defaultdict(list)
    for domain, capacity in enumerate(capacities):
        domains[capacity].append(domain)
    choices: list[tuple[int, Pattern, Any]] = []
    for capacity, members in domains.items():
        for pattern in patterns_of(sizes, counts, capacity):
            variable = solver.addIntegral(lb=0, ub=len(members))
            choices.append((capacity, pattern, variable))
    for capacity, members in domains.items():
        solver.addConstr(sum(v for c, _, v in choices if c == capacity) <= len(members))
    placed = []
    for kind, count in enumerate(counts):
        number = solver.addVariable(lb=0, ub=count)  # gangs of this kind; a pattern may have room
        solver.addConstr(number <= sum(p[kind] * v for _, p, v in choices if p[kind]))
        placed.append(number)
    solver.maximize(sum(value * number for value, number in zip(worth, placed, strict=True)))
    values = solver.getSolution().col_value
    proven = solver.modelStatusToString(solver.getModelStatus()) == "Optimal"
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, gang in enumerate(gangs):
        waiting[gang.priority, -gang.gpus].append(index)
    result: list[int | None] = [None] * len(gangs)
    for capacity, pattern, variable in choices:
        for _ in range(round(values[variable.index])):
            domain = domains[capacity].pop()
            for key, most in zip(kinds, pattern, strict=True):
                for _ in range(min(most, len(waiting[key]))):
                    result[waiting[key].pop()] = domain
    gpus = sum(g.gpus for g, d in zip(gangs, result, strict=True) if d is not None)
    return Placed(tuple(result), gpus, sum(capacities), total_gpus, proven)
