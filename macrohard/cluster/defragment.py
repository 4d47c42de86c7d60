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
        moves = _empty_enough(fleet, gang, domain)
        for move in reversed(moves):  # only tried: everything goes back
            fleet.take(move.target, move.gang)
            fleet.put(move.origin, move.gang)
        if not moves and not fleet.allows(domain, gang):
            continue
        lost = sum(move.gang.gpus * _away_s(move.gang, reload_s) for move in moves)
        if best.domain is None or lost < best.gpu_seconds:
            best = Defragmentation(domain, tuple(moves), lost)
    return best


def _away_s(gang: Gang, reload_s: float | Mapping[str, float]) -> float:
    return reload_s if isinstance(reload_s, float | int) else reload_s[gang.model]


def _empty_enough(fleet: Fleet, gang: Gang, domain: int) -> list[Move]:
    """Move residents out until the gang may stand there; no moves when that cannot be."""
    moves: list[Move] = []
    for resident in sorted(fleet.gangs[domain], key=lambda g: (-g.priority, g.gpus, g.name)):
        if fleet.allows(domain, gang):
            return moves
        if fleet.free[domain] >= gang.gpus and resident.model != gang.model:
            continue  # there is room: the model itself is too concentrated
        fleet.take(domain, resident)
        others = (d for d in range(len(fleet.free)) if d != domain and fleet.allows(d, resident))
        target = min(others, key=lambda d: (fleet.free[d], d), default=domain)
        fleet.put(target, resident)
        if target != domain:
            moves.append(Move(resident, domain, target))
    if fleet.allows(domain, gang):
        return moves
    for move in reversed(moves):
        fleet.take(move.target, move.gang)
        fleet.put(move.origin, move.gang)
    return []
