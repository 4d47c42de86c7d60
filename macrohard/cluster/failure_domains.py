"""What fails together: a rack, the racks behind a leaf switch, a hall."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from macrohard.cluster.placement import Gang, Placed

Level = Literal["rack", "leaf", "hall"]
LEVELS: tuple[Level, ...] = ("rack", "leaf", "hall")


@dataclass(frozen=True, slots=True)
class FailureDomains:
    """How racks are grouped, and how much of one model may stand in a group.

    Attributes:
        racks_per_leaf: Racks behind one leaf switch; no leaf serves two halls.
        racks_per_hall: Racks in one hall; 0 when there is but one hall.
        most_per_rack: Most gangs of one model in a rack, so that losing it takes no more; 0 for
            no limit.
        most_per_leaf: The same behind a leaf switch.
        most_per_hall: The same in a hall.
    """

    racks_per_leaf: int = 8
    racks_per_hall: int = 0
    most_per_rack: int = 0
    most_per_leaf: int = 0
    most_per_hall: int = 0

    def group(self, level: Level, rack: int) -> tuple[int, int]:
        """The number of the rack, leaf or hall that a rack belongs to, told apart by hall."""
        hall, place = divmod(rack, self.racks_per_hall) if self.racks_per_hall else (0, rack)
        if level == "hall":
            return hall, 0
        return hall, place if level == "rack" else place // self.racks_per_leaf

    @property
    def limits(self) -> list[tuple[Level, int]]:
        """The levels that are limited, and to how many gangs of a model."""
        most = (self.most_per_rack, self.most_per_leaf, self.most_per_hall)
        return [(level, limit) for level, limit in zip(LEVELS, most, strict=True) if limit]


ONE_HALL = FailureDomains()
"""One hall without limits."""


def blast_radius(
    gangs: "Sequence[Gang]", placed: "Placed", failing: FailureDomains = ONE_HALL
) -> dict[Level, float]:
    """Largest share of one model's standing replicas that a single failure takes.

    Args:
        gangs: What was to be placed.
        placed: Where it stands.
        failing: What fails together.

    Returns:
        Shares for losing one rack, one leaf switch, and one hall.
    """
    by_model: dict[str, dict[str, set[int]]] = {}
    for gang, domain in zip(gangs, placed.domains, strict=True):
        if domain is not None:
            units = by_model.setdefault(gang.model, {})
            units.setdefault(gang.unit or gang.name, set()).add(domain)
    worst: dict[Level, float] = dict.fromkeys(LEVELS, 0.0)
    for units in by_model.values():
        for level in LEVELS:
            lost = Counter(
                group for own in units.values() for group in {failing.group(level, d) for d in own}
            )
            worst[level] = max(worst[level], max(lost.values()) / len(units))
    return worst
