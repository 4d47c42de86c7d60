"""Which replica a call goes to. See :mod:`macrohard.cluster.routing` for what each policy means."""

from typing import Any

from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.kv import matched_tokens

ROUND_ROBIN, LEAST_LOADED, AFFINITY, STICKY, COST = range(5)


@jit
def least_loaded(w: Any, first: int, last: int) -> int:
    """Replica with the fewest calls; the lowest index among equals."""
    best = first
    fewest = w.load[first]
    for replica in range(first + 1, last):
        load = w.load[replica]
        if load < fewest:
            best = replica
            fewest = load
    return best


@jit
def cost_s(w: Any, pool: Any, replica: int, call: int) -> float:
    """Rough seconds until a call would be done there: prefill in front of it, its own, slowdown."""
    r = w.replicas[replica]
    c = w.calls[call]
    new = c.prompt - matched_tokens(w, replica, c.stream, c.prompt)
    own = new * r.prefill_token_s * pool.cache_weight
    ahead = r.queued * r.prefill_token_s
    slower = w.load[replica] * r.request_s * c.output
    return own + pool.load_weight * (ahead + slower)  # type: ignore[no-any-return]


@jit
def best_resident(w: Any, pool: Any, call: int, fallback: int) -> int:
    """Replica that caches most of the prompt, the less loaded one among equals."""
    c = w.calls[call]
    most = w.load[fallback] + pool.spill * w.replicas[fallback].batch
    stream = c.stream
    while stream >= 0:
        best = -1
        best_hit = max(0, int(pool.threshold * c.prompt) - 1)
        entry = w.streams[stream].resident
        while entry >= 0:
            replica = w.entries[entry].replica
            if pool.first <= replica < pool.last and w.load[replica] <= most:
                hit = matched_tokens(w, replica, c.stream, c.prompt)
                if hit > best_hit or (
                    hit == best_hit
                    and best >= 0
                    and (w.load[replica], replica) < (w.load[best], best)
                ):
                    best = replica
                    best_hit = hit
            entry = w.entries[entry].after
        if best >= 0:
            return best
        stream = w.streams[stream].parent
    return fallback


@jit
def cheapest(w: Any, pool: Any, call: int, fallback: int) -> int:
    """Replica with the lowest cost among the least loaded one and those that cache its stream."""
    c = w.calls[call]
    best = fallback
    best_s = cost_s(w, pool, fallback, call)
    stream = c.stream
    while stream >= 0:
        entry = w.streams[stream].resident
        looked = 0
        while entry >= 0 and looked < 8:  # a shared prefix lives everywhere; a sample will do
            replica = w.entries[entry].replica
            if pool.first <= replica < pool.last:
                looked += 1
                seconds = cost_s(w, pool, replica, call)
                if seconds < best_s or (seconds == best_s and replica < best):
                    best = replica
                    best_s = seconds
            entry = w.entries[entry].after
        stream = w.streams[stream].parent
    return best


@jit
def route(w: Any, call: int, now_s: float) -> int:
    """Choose the replica for a call that has just arrived."""
    c = w.calls[call]
    pool = w.pools[c.pool]
    if pool.router == ROUND_ROBIN:
        replica = pool.first + pool.cursor
        pool.cursor = (pool.cursor + 1) % (pool.last - pool.first)
        return replica  # type: ignore[no-any-return]
    fallback = least_loaded(w, pool.first, pool.last)
    if pool.router == AFFINITY:
        return best_resident(w, pool, call, fallback)
    if pool.router == STICKY:
        s = w.sessions[c.session]
        if s.replica >= 0 and now_s - s.seen_s <= pool.ttl_s:
            home = w.replicas[s.replica]
            if w.load[s.replica] <= w.load[fallback] + pool.spill * home.batch:
                return s.replica  # type: ignore[no-any-return]
        return fallback
    if pool.router == COST:
        return cheapest(w, pool, call, fallback)
    return fallback
