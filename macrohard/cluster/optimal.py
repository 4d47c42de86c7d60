"""The best placement there is, proven with HiGHS: the yardstick for the quick policies.

Domains of equal size are interchangeable, so the integer program is over *patterns* (which gang
sizes fill a domain together) instead of gangs times domains, the cutting-stock formulation of
Gilmore and Gomory (1961) with all patterns written out. Domains form *classes*: those of equal
size, and of one leaf or hall where failure domains limit what may stand in it. Variables: domains
of each class with each pattern, and gangs of each kind in each class. The GPUs placed are
maximised.
"""

import ctypes
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from macrohard.cluster.failure_domains import ONE_HALL, FailureDomains, Level
from macrohard.cluster.placement import Gang, Placed, check_sizes
from macrohard.errors import ConfigError

Pattern = tuple[int, ...]

MOST_VARIABLES = 200_000
"""Largest program that is tried; HiGHS takes some minutes for it."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """Gangs that may stand for each other.

    Attributes:
        priority: 0 is placed first.
        gpus: GPUs of each.
        model: What they serve, where that matters; empty without failure domains.
    """

    priority: int
    gpus: int
    model: str = ""


def _check_size(variables: int) -> None:
    if variables > MOST_VARIABLES:
        raise ConfigError(
            f"placement `optimal` would need more than {MOST_VARIABLES:,} variables: too many gang "
            "sizes or failure domains; choose another placement"
        )


def patterns_of(
    kinds: Sequence[Kind], counts: Sequence[int], capacity: int, *, most_per_model: int = 0
) -> list[Pattern]:
    """Every maximal way to fill a domain: how many gangs of each kind, none can be added.

    Args:
        kinds: Kinds of gangs.
        counts: How many there are of each.
        capacity: GPUs of the domain.
        most_per_model: Most gangs of one model in the domain; 0 for no limit.
    """
    found: list[Pattern] = []
    limit = most_per_model or sum(counts)
    held: Counter[str] = Counter()

    def extend(place: int, left: int, chosen: list[int]) -> None:
        if place == len(kinds):
            if not any(
                left >= kind.gpus and chosen[k] < counts[k] and held[kind.model] < limit
                for k, kind in enumerate(kinds)
            ):
                found.append(tuple(chosen))
                _check_size(len(found))
            return
        kind = kinds[place]
        for number in range(
            min(left // kind.gpus, counts[place], limit - held[kind.model]), -1, -1
        ):
            held[kind.model] += number
            extend(place + 1, left - number * kind.gpus, [*chosen, number])
            held[kind.model] -= number

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


def _solver(limit_s: float) -> Any:
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
    solver.setOptionValue("time_limit", float(limit_s))
    return solver


@dataclass(frozen=True, slots=True)
class _Class:
    """Interchangeable domains, their patterns, and what the solver chose for them."""

    domains: list[int]
    patterns: list[Pattern]


def _classes(
    kinds: Sequence[Kind], counts: Sequence[int], capacities: Sequence[int], failing: FailureDomains
) -> list[_Class]:
    levels = [level for level, _ in failing.limits if level != "rack"]
    members: dict[Any, list[int]] = defaultdict(list)
    for domain, capacity in enumerate(capacities):
        members[capacity, *(failing.group(level, domain) for level in levels)].append(domain)
    known = {
        capacity: patterns_of(kinds, counts, capacity, most_per_model=failing.most_per_rack)
        for capacity in set(capacities)
    }
    made = [_Class(domains, known[key[0]]) for key, domains in members.items()]
    size = sum(len(one.patterns) + len(kinds) for one in made)
    _check_size(size)
    return made


def _limit_groups(
    solver: Any,
    kinds: Sequence[Kind],
    classes: Sequence[_Class],
    gangs_in: Sequence[Sequence[Any]],
    failing: FailureDomains,
) -> None:
    """No leaf and no hall holds more gangs of a model than it may."""
    held: dict[tuple[Level, tuple[int, int], str], list[Any]] = defaultdict(list)
    limits: dict[Level, int] = {level: most for level, most in failing.limits if level != "rack"}
    for own, numbers in zip(classes, gangs_in, strict=True):
        for level in limits:
            group = failing.group(level, own.domains[0])
            for kind, number in zip(kinds, numbers, strict=True):
                held[level, group, kind.model].append(number)
    for (level, _, _), numbers in held.items():
        solver.addConstr(solver.qsum(numbers) <= limits[level])


def place_optimally(
    gangs: Sequence[Gang],
    capacities: Sequence[int],
    *,
    total_gpus: int,
    failing: FailureDomains = ONE_HALL,
    limit_s: float = 60.0,
) -> Placed:
    """Place as many GPUs' worth of gangs as can be.

    A gang of priority 0 counts a thousand times one of priority 1, and so on.

    Args:
        gangs: What to place.
        capacities: Usable GPUs per domain.
        total_gpus: GPUs of the site, for the share.
        failing: What fails together, and how much of one model may stand there.
        limit_s: Give up the proof after that; the result then says so.

    Raises:
        ConfigError: HiGHS is not installed, a gang is larger than every domain, or the program
            would be too large.
    """
    solver = _solver(limit_s)
    check_sizes(gangs, capacities)
    apart = bool(failing.limits)
    waiting: dict[Kind, list[int]] = defaultdict(list)
    for index, gang in enumerate(gangs):
        waiting[Kind(gang.priority, gang.gpus, gang.model if apart else "")].append(index)
    kinds = sorted(waiting, key=lambda kind: (kind.priority, -kind.gpus, kind.model))
    counts = [len(waiting[kind]) for kind in kinds]
    classes = _classes(kinds, counts, capacities, failing)
    chosen = [
        [solver.addIntegral(lb=0, ub=len(one.domains)) for _ in one.patterns] for one in classes
    ]
    gangs_in = [[solver.addIntegral(lb=0, ub=count) for count in counts] for _ in classes]
    for own, used, numbers in zip(classes, chosen, gangs_in, strict=True):
        solver.addConstr(solver.qsum(used) <= len(own.domains))
        for place, number in enumerate(numbers):  # a pattern may have room for more
            slots = [p[place] * v for p, v in zip(own.patterns, used, strict=True) if p[place]]
            solver.addConstr(number <= solver.qsum(slots) if slots else number <= 0)
    for place, count in enumerate(counts):
        solver.addConstr(solver.qsum(numbers[place] for numbers in gangs_in) <= count)
    _limit_groups(solver, kinds, classes, gangs_in, failing)
    last = kinds[-1].priority if kinds else 0
    worth = [1000.0 ** (last - kind.priority) * kind.gpus for kind in kinds]
    solver.maximize(
        solver.qsum(w * n for numbers in gangs_in for w, n in zip(worth, numbers, strict=True))
    )
    values = solver.getSolution().col_value
    proven = solver.modelStatusToString(solver.getModelStatus()) == "Optimal"
    result: list[int | None] = [None] * len(gangs)
    for own, used, numbers in zip(classes, chosen, gangs_in, strict=True):
        left = [round(values[number.index]) for number in numbers] if values else [0] * len(kinds)
        domains = iter(own.domains)
        for pattern, variable in zip(own.patterns, used, strict=True):
            for _ in range(round(values[variable.index]) if values else 0):
                domain = next(domains)
                for place, most in enumerate(pattern):
                    for _ in range(min(most, left[place])):
                        left[place] -= 1
                        result[waiting[kinds[place]].pop()] = domain
    gpus = sum(g.gpus for g, d in zip(gangs, result, strict=True) if d is not None)
    return Placed(tuple(result), gpus, sum(capacities), total_gpus, proven)
