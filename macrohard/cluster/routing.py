"""Routing policies: which replica serves a call, and whose KV is kept while tools run."""

from dataclasses import dataclass

from macrohard.errors import ConfigError

_CODES = {"round-robin": 0, "least-loaded": 1, "affinity": 2, "sticky": 3, "cost": 4, "priority": 4}

DESCRIPTIONS = {
    "round-robin": "each replica in turn",
    "least-loaded": "the replica with the fewest calls",
    "affinity": "the replica that caches most of the prompt, unless it is too loaded",
    "sticky": "the session's replica while its KV is kept (pinned) across tool calls",
    "cost": "the replica with the least prefill ahead, prefill of its own and slowdown together",
    "priority": "as cost, and urgent calls throw out less urgent ones",
}


@dataclass(frozen=True, slots=True)
class Router:
    """One routing policy.

    Attributes:
        name: One of :data:`DESCRIPTIONS`.
        ttl_s: How long a session's KV is pinned after a call that will be followed by another.
        spill: How much more loaded than the least loaded replica a preferred one may be, as a
            share of the batch limit.
        threshold: Share of the prompt a replica must cache to be preferred (affinity): a short
            prefix that everyone shares must not draw everyone to one place.
        cache_weight: Weight of the prefill the call itself needs (cost).
        load_weight: Weight of what is ahead of it (cost).
        shards: Front doors. Sessions are spread evenly over them, and each routes within its equal
            share of the replicas, as large sites do; the parts are simulated side by side.
    """

    name: str = "least-loaded"
    ttl_s: float = 0.0
    spill: float = 0.1
    threshold: float = 0.3
    cache_weight: float = 1.0
    load_weight: float = 1.0
    shards: int = 1

    def __post_init__(self) -> None:
        if self.name not in _CODES:
            known = ", ".join(DESCRIPTIONS)
            raise ConfigError(f"unknown router {self.name!r}; there are: {known}")
        if self.ttl_s < 0 or self.spill < 0 or self.cache_weight < 0 or self.load_weight < 0:
            raise ConfigError(f"router {self.name}: ttl, spill and weights cannot be negative")
        if self.shards < 1:
            raise ConfigError(f"router {self.name}: there must be at least one shard")

    @property
    def code(self) -> int:
        """Number by which the engine knows it."""
        return _CODES[self.name]

    @property
    def preempts(self) -> bool:
        """Whether urgent calls throw out less urgent ones."""
        return self.name == "priority"


DEFAULT_TTL_S = 30.0
"""TTL of ``sticky`` when none is given: the p90 of tool gaps in published agent traffic (29 s)."""


def make_router(name: str, ttl_s: float | None = None) -> Router:
    """A router by name, with its usual settings.

    Raises:
        ConfigError: No such router.
    """
    ttl = (DEFAULT_TTL_S if name == "sticky" else 0.0) if ttl_s is None else ttl_s
    return Router(name=name, ttl_s=ttl)
