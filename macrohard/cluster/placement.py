"""Gangs into NVLink domains: where the replicas of the models stand.

A gang needs all its GPUs in one domain. Domains differ in what is left of them: a lost compute tray
takes its GPUs, a spare policy keeps some back. Policies are small classes behind one protocol.
"""

import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from macrohard.cluster.failure_domains import ONE_HALL, FailureDomains, Level
from macrohard.cluster.hardware import Hardware
from macrohard.errors import ConfigError

SPARE_GPUS = {"72": 0, "68+4": 4, "64+8": 8}
"""GPUs each spare policy keeps back per domain."""


@dataclass(frozen=True, slots=True)
class Gang:
    """GPUs that must stand together.

    Attributes:
        name: Name in results.
        gpus: How many.
        model: What it serves; replicas of one model are told apart by it.
        priority: 0 is placed first.
        unit: Gangs of one unit serve together (stages of a pipeline): losing one loses all.
    """

    name: str
    gpus: int
    model: str = ""
    priority: int = 0
    unit: str = ""


class Fleet:
    """NVLink domains and who stands in them.

    Free GPUs are kept in buckets, so that the best fit among thousands of domains is found by
    looking at no more buckets than a domain has GPUs.

    Args:
        capacities: Usable GPUs per domain.
        failing: What fails together, and how much of one model may stand there.
    """

    def __init__(self, capacities: Sequence[int], failing: FailureDomains = ONE_HALL) -> None:
        self.capacities = tuple(capacities)
        self.free = list(capacities)
        self.gangs: list[list[Gang]] = [[] for _ in capacities]
        self._failing, self._limits = failing, failing.limits
        self._held: Counter[tuple[Level, tuple[int, int], str]] = Counter()
        self._buckets: list[list[int]] = [[] for _ in range(max(capacities, default=0) + 1)]
        for domain, gpus in enumerate(capacities):
            self._buckets[gpus].append(domain)

    def allows(self, domain: int, gang: Gang) -> bool:
        """Whether the domain has room and the model is not too concentrated there."""
        if self.free[domain] < gang.gpus:
            return False
        return all(
            self._held[level, self._failing.group(level, domain), gang.model] < most
            for level, most in self._limits
        )

    def candidates(self, gang: Gang) -> list[tuple[int, int]]:
        """(free GPUs, lowest domain) for each amount of free GPUs that takes the gang."""
        found = []
        for free in range(gang.gpus, len(self._buckets)):
            for domain in self._buckets[free]:
                if self.allows(domain, gang):
                    found.append((free, domain))
                    break
        return found

    def put(self, domain: int, gang: Gang) -> None:
        """Place a gang."""
        self._move(domain, -gang.gpus)
        self._hold(domain, gang, 1)
        self.gangs[domain].append(gang)

    def take(self, domain: int, gang: Gang) -> None:
        """Remove a gang."""
        self.gangs[domain].remove(gang)
        self._move(domain, gang.gpus)
        self._hold(domain, gang, -1)

    def _hold(self, domain: int, gang: Gang, change: int) -> None:
        for level, _ in self._limits:
            self._held[level, self._failing.group(level, domain), gang.model] += change

    def _move(self, domain: int, change: int) -> None:
        bucket = self._buckets[self.free[domain]]
        del bucket[bisect_left(bucket, domain)]
        self.free[domain] += change
        insort(self._buckets[self.free[domain]], domain)


class Placement(Protocol):
    """Chooses a domain for a gang."""

    def choose(self, fleet: Fleet, gang: Gang) -> int | None:
        """The domain, or None where it fits nowhere."""
        ...


class FirstFit:
    """The first domain that has room."""

    def choose(self, fleet: Fleet, gang: Gang) -> int | None:
        """The lowest domain with room."""
        return min((domain for _, domain in fleet.candidates(gang)), default=None)


class BestFit:
    """The domain that is fullest afterwards."""

    def choose(self, fleet: Fleet, gang: Gang) -> int | None:
        """The domain with the least room that is enough."""
        for free in range(gang.gpus, len(fleet._buckets)):  # noqa: SLF001 - same module
            for domain in fleet._buckets[free]:  # noqa: SLF001
                if fleet.allows(domain, gang):
                    return domain
        return None


class FragmentationAware:
    """The domain where the free GPUs lose least of their use (after FGD, ATC 2023).

    Free GPUs of a domain are wasted for a gang size that does not fit into them, or leaves a
    rest. The expected waste is taken over the mix of gang sizes; the domain whose waste grows
    least is chosen.

    Args:
        mix: Gang sizes and how often each is asked for.
    """

    def __init__(self, mix: Mapping[int, float]) -> None:
        total = sum(mix.values())
        self._mix = {size: share / total for size, share in mix.items()}

    def waste(self, free: int) -> float:
        """Expected GPUs of ``free`` that a gang of the mix cannot use."""
        return sum(share * (free % size) for size, share in self._mix.items())

    def choose(self, fleet: Fleet, gang: Gang) -> int | None:
        """The domain whose expected waste grows least; the fuller one among equals."""
        options = [
            (self.waste(free - gang.gpus) - self.waste(free), free, domain)
            for free, domain in fleet.candidates(gang)
        ]
        return min(options)[2] if options else None


def make_placement(name: str, gangs: Sequence[Gang]) -> Placement:
    """A policy by name.

    Raises:
        ConfigError: No such policy (``optimal`` is no online policy, see ``optimal.py``).
    """
    if name == "fragmentation-aware":
        return FragmentationAware(Counter(gang.gpus for gang in gangs))
    policies: dict[str, type[FirstFit | BestFit]] = {
        "first-fit": FirstFit,
        "best-fit": BestFit,
    }
    if name not in policies:
        known = ", ".join([*policies, "fragmentation-aware", "optimal"])
        raise ConfigError(f"unknown placement {name!r}; there are: {known}")
    return policies[name]()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where everything ended up.

    Attributes:
        domains: Per gang, its domain or None.
        placed_gpus: GPUs in use.
        usable_gpus: GPUs that were there and not kept as spares.
        total_gpus: All GPUs of the site, lost ones included.
        proven: True when no placement can hold more.
    """

    domains: tuple[int | None, ...]
    placed_gpus: int
    usable_gpus: int
    total_gpus: int
    proven: bool = False

    @property
    def schedulable_share(self) -> float:
        """GPUs in use, of all GPUs of the site."""
        return self.placed_gpus / self.total_gpus


def domain_capacities(
    hardware: Hardware, racks: int, *, spares: str = "72", lost_share: float = 0.0, seed: int = 1
) -> list[int]:
    """Usable GPUs per domain when some have lost one compute tray.

    A spare tray takes the place of a lost one; without a spare the domain shrinks.

    Raises:
        ConfigError: An unknown spare policy.
    """
    if spares not in SPARE_GPUS:
        raise ConfigError(f"unknown spare policy {spares!r}; there are: {', '.join(SPARE_GPUS)}")
    kept_back = SPARE_GPUS[spares] if hardware.domain_gpus > 8 else 0
    rng = random.Random(seed)  # noqa: S311 - a simulation
    broken = set(rng.sample(range(racks), round(lost_share * racks)))
    whole = hardware.domain_gpus - kept_back
    hurt = min(whole, hardware.domain_gpus - hardware.gpus_per_tray)
    return [hurt if rack in broken else whole for rack in range(racks)]


def check_sizes(gangs: Sequence[Gang], capacities: Sequence[int]) -> None:
    """Refuse gangs that no domain can ever hold.

    Raises:
        ConfigError: There is one.
    """
    largest = max(capacities, default=0)
    for gang in gangs:
        if gang.gpus > largest:
            raise ConfigError(
                f"gang {gang.name} needs {gang.gpus} GPUs in one NVLink domain; the largest has "
                f"{largest} usable"
            )


def place_all(gangs: Sequence[Gang], fleet: Fleet, policy: Placement, *, total_gpus: int) -> Placed:
    """Place gangs one after another, the most urgent first; those that fit nowhere stay out.

    Raises:
        ConfigError: A gang larger than any domain can ever be.
    """
    check_sizes(gangs, fleet.capacities)
    domains: list[int | None] = [None] * len(gangs)
    for number in sorted(range(len(gangs)), key=lambda k: (gangs[k].priority, k)):
        gang = gangs[number]
        domain = policy.choose(fleet, gang)
        if domain is not None:
            fleet.put(domain, gang)
            domains[number] = domain
    placed = sum(g.gpus for g, d in zip(gangs, domains, strict=True) if d is not None)
    return Placed(tuple(domains), placed, sum(fleet.capacities), total_gpus)
