"""Making room for a gang by moving others, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from macrohard.cluster.placement import Fleet, Gang


@dataclass(frozen=True, slots=True)
class Move:
    """A gang that changes its domain."""

    gang: Gang
    origin: int
    target: int


@dataclass(frozen=True, slots=True)
class Defragmentation:
    """What it takes to make room for a gang.

    Attributes:
        domain: Domain that has room afterwards; None when no moves help.
        moves: Gangs that change place.
        gpu_seconds: GPU time lost: each moved gang is away while its weights load again.
    """

    domain: int | None
    moves: tuple[Move, ...] = field(default_factory=tuple)
    gpu_seconds: float = 0.0


def defragment(
    fleet: Fleet, gang: Gang, *, reload_s: float | Mapping[str, float]
) -> Defragmentation:
    """Find the cheapest domain to empty enough for a gang; nothing is moved yet.

    Args:
        fleet: Where everything stands.
        gang: What needs room.
        reload_s: Seconds a moved gang is away; by the model it serves, where they differ.
    """
    best = Defragmentation(None)
    for domain, capacity in enumerate(fleet.capacities):
        if capacity < gang.gpus:
            continue
        free = list(fleet.free)
        moves: list[Move] = []
        lost = 0.0
        for resident in sorted(fleet.gangs[domain], key=lambda g: (-g.priority, g.gpus, g.name)):
            if free[domain] >= gang.gpus:
                break
            room = [
                (free[d], d) for d in range(len(free)) if d != domain and free[d] >= resident.gpus
            ]
            if not room:
                continue
            target = min(room)[1]
            free[target] -= resident.gpus
            free[domain] += resident.gpus
            moves.append(Move(resident, domain, target))
            away_s = reload_s if isinstance(reload_s, float | int) else reload_s[resident.model]
            lost += resident.gpus * away_s
        if free[domain] >= gang.gpus and (best.domain is None or lost < best.gpu_seconds):
            best = Defragmentation(domain, tuple(moves), lost)
    return best
