"""KV memory of a replica: blocks, the prefix cache over them, pins, eviction.

A prompt is a prefix of a *stream* of tokens; a stream may branch from a parent at some offset (a
shared repository prefix, a sub-agent's start). An *entry* says how much of a stream one replica
caches. Entries in use are held; the others stand in one list, least recently used last out first.
Children are put there before their parents, so what is evicted is always a leaf, trimmed from its
end block by block. Pinned entries (KV kept across a tool call) wait in a list of their own, in
order of expiry.
"""

from typing import Any

from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.queues import delete_entry, find_entry, insert_entry

HELD, EVICTABLE, PINNED = 0, 1, 2


@jit
def entry_blocks(w: Any, entry: int) -> int:
    """Blocks an entry occupies."""
    e = w.entries[entry]
    return (e.upto - w.streams[e.stream].offset) // w.replicas[e.replica].block  # type: ignore[no-any-return]


@jit
def matched_tokens(w: Any, replica: int, stream: int, length: int) -> int:
    """Tokens of the first ``length`` of a stream that a replica has cached, in whole blocks."""
    block = w.replicas[replica].block
    mask = w.count[0].mask
    need = length // block * block
    result = need
    while stream >= 0:
        entry = find_entry(w.table, w.entries, mask, stream, replica)
        have = w.entries[entry].upto if entry >= 0 else w.streams[stream].offset
        if have < need:
            result = have
        need = w.streams[stream].offset
        stream = w.streams[stream].parent
    most = (length - 1) // block * block  # the last token is always computed
    return min(most, result)  # type: ignore[no-any-return]


@jit
def unlink(w: Any, entry: int) -> None:
    """Take an entry out of the list it waits in."""
    e = w.entries[entry]
    r = w.replicas[e.replica]
    if e.prev >= 0:
        w.entries[e.prev].next = e.next
    elif e.kind == 1:
        r.lru_head = e.next
    else:
        r.pin_head = e.next
    if e.next >= 0:
        w.entries[e.next].prev = e.prev
    elif e.kind == 1:
        r.lru_tail = e.prev
    else:
        r.pin_tail = e.prev
    if e.kind == 1:
        r.evictable -= entry_blocks(w, entry)
    else:
        r.pinned -= entry_blocks(w, entry)
    e.kind = 0


@jit
def append(w: Any, entry: int, kind: int) -> None:
    """Put an entry at the young end of the evictable (1) or the pinned (2) list."""
    e = w.entries[entry]
    r = w.replicas[e.replica]
    e.kind = kind
    e.next = -1
    if kind == 1:
        e.prev = r.lru_tail
        if r.lru_tail >= 0:
            w.entries[r.lru_tail].next = entry
        else:
            r.lru_head = entry
        r.lru_tail = entry
        r.evictable += entry_blocks(w, entry)
    else:
        e.prev = r.pin_tail
        if r.pin_tail >= 0:
            w.entries[r.pin_tail].next = entry
        else:
            r.pin_head = entry
        r.pin_tail = entry
        r.pinned += entry_blocks(w, entry)


@jit
def create(w: Any, replica: int, stream: int) -> int:
    """A new, empty, held entry."""
    c = w.count[0]
    entry = c.free_entry
    e = w.entries[entry]
    c.free_entry = e.next
    e.stream = stream
    e.replica = replica
    e.upto = w.streams[stream].offset
    e.users = 0
    e.kind = 0
    e.before = -1
    e.after = w.streams[stream].resident
    if e.after >= 0:
        w.entries[e.after].before = entry
    w.streams[stream].resident = entry
    insert_entry(w.table, w.entries, c.mask, entry)
    return entry  # type: ignore[no-any-return]


@jit
def destroy(w: Any, entry: int) -> None:
    """Forget an empty entry that stands in no list."""
    c = w.count[0]
    e = w.entries[entry]
    delete_entry(w.table, w.entries, c.mask, entry)
    if e.before >= 0:
        w.entries[e.before].after = e.after
    else:
        w.streams[e.stream].resident = e.after
    if e.after >= 0:
        w.entries[e.after].before = e.before
    e.next = c.free_entry
    c.free_entry = entry


@jit
def hold_path(w: Any, replica: int, stream: int) -> None:
    """Hold (and where missing create) the entries of a stream and of all it branches from."""
    while stream >= 0:
        entry = find_entry(w.table, w.entries, w.count[0].mask, stream, replica)
        if entry < 0:
            entry = create(w, replica, stream)
        elif w.entries[entry].kind != 0:
            unlink(w, entry)
        w.entries[entry].users += 1
        stream = w.streams[stream].parent


@jit
def release_path(w: Any, replica: int, stream: int, until_s: float, now_s: float) -> None:
    """Let go of a path: leaf first, so that it is older than what it branches from."""
    while stream >= 0:
        entry = find_entry(w.table, w.entries, w.count[0].mask, stream, replica)
        e = w.entries[entry]
        e.users -= 1
        if until_s > now_s and until_s > e.until_s:
            e.until_s = until_s
        if e.users == 0:
            if e.upto == w.streams[stream].offset:
                destroy(w, entry)
            else:
                append(w, entry, 2 if e.until_s > now_s else 1)
        stream = w.streams[stream].parent


@jit
def expire_pins(w: Any, replica: int, now_s: float) -> None:
    """Make entries evictable whose time is over."""
    r = w.replicas[replica]
    while r.pin_head >= 0 and w.entries[r.pin_head].until_s <= now_s:
        entry = r.pin_head
        unlink(w, entry)
        append(w, entry, 1)


@jit
def unpin_oldest(w: Any, replica: int) -> None:
    """Give up the pin that would end first."""
    entry = w.replicas[replica].pin_head
    unlink(w, entry)
    w.entries[entry].until_s = 0.0
    append(w, entry, 1)


@jit
def evict(w: Any, replica: int, blocks: int) -> None:
    """Free that many cached blocks, oldest first; the caller made sure they are there."""
    r = w.replicas[replica]
    while blocks > 0:
        entry = r.lru_head
        e = w.entries[entry]
        held = entry_blocks(w, entry)
        taken = min(blocks, held)
        if taken == held:
            unlink(w, entry)
            destroy(w, entry)
        else:
            e.upto -= taken * r.block
            r.evictable -= taken
        r.free += taken
        r.evicted += taken
        blocks -= taken


@jit
def path_evictable(w: Any, replica: int, stream: int) -> int:
    """Evictable blocks that belong to a path (admitting it would hold them)."""
    total = 0
    while stream >= 0:
        entry = find_entry(w.table, w.entries, w.count[0].mask, stream, replica)
        if entry >= 0 and w.entries[entry].kind == 1:
            total += entry_blocks(w, entry)
        stream = w.streams[stream].parent
    return total


@jit
def trim_path(w: Any, replica: int, stream: int, length: int) -> None:
    """Free what a path's evictable entries cache beyond its first ``length`` tokens."""
    r = w.replicas[replica]
    while stream >= 0:
        offset = w.streams[stream].offset
        parent = w.streams[stream].parent
        entry = find_entry(w.table, w.entries, w.count[0].mask, stream, replica)
        keep = max(offset, length)
        if entry >= 0 and w.entries[entry].kind == 1 and w.entries[entry].upto > keep:
            blocks = (w.entries[entry].upto - keep) // r.block
            w.entries[entry].upto = keep
            r.evictable -= blocks
            r.free += blocks
            r.evicted += blocks
            if keep == offset:
                unlink(w, entry)
                destroy(w, entry)
        length = min(offset, length)
        stream = parent


@jit
def donate(w: Any, replica: int, stream: int, length: int) -> int:
    """Turn a call's computed prefix into cache, on entries it holds; returns blocks handed over."""
    block = w.replicas[replica].block
    need = length // block * block
    given = 0
    while stream >= 0:
        entry = find_entry(w.table, w.entries, w.count[0].mask, stream, replica)
        e = w.entries[entry]
        if e.upto < need:
            given += (need - e.upto) // block
            e.upto = need
        need = w.streams[stream].offset
        stream = w.streams[stream].parent
    return given


@jit
def growth(w: Any, replica: int, steps: int) -> int:
    """KV blocks that all decoding calls together need for ``steps`` more decode steps.

    A call that joined at step D with a remainder of r tokens in its last block owns
    (r + d + B - 1) // B blocks beyond its whole ones after d steps. Summed over a histogram of
    (r - D) mod B this costs at most B additions, however many calls run.
    """
    r = w.replicas[replica]
    size = r.block_steps
    whole = (r.steps + steps) // size
    rest = (r.steps + steps) % size
    total = r.rounds + r.running * (whole + 1) - r.owned
    base = r.hist
    # a remainder q gives nothing for q + rest = 0, one block up to size, two above
    if rest == 0:
        return total - w.hist[base]  # type: ignore[no-any-return]
    for q in range(base + size - rest + 1, base + size):
        total += w.hist[q]
    return total  # type: ignore[no-any-return]
