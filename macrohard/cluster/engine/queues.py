"""Ordered containers of the engine: a tournament over replicas, a heap of calls, a hash table.

All ties are broken by index, so that equal times always resolve the same way.
"""

from typing import Any

from macrohard.cluster.engine.jit import jit

NEVER = 1e300


@jit
def set_time(tree_s: Any, leaves: int, index: int, time_s: float) -> None:
    """Give leaf ``index`` of the tournament a time; inner nodes hold the earlier child's time."""
    node = leaves + index
    tree_s[node] = time_s
    node //= 2
    while node >= 1:
        left = tree_s[2 * node]
        right = tree_s[2 * node + 1]
        earliest = min(left, right)
        if tree_s[node] == earliest:
            return
        tree_s[node] = earliest
        node //= 2


@jit
def earliest_leaf(tree_s: Any, leaves: int) -> int:
    """Leaf with the earliest time; the lowest index among equals."""
    node = 1
    while node < leaves:
        node = 2 * node if tree_s[2 * node] <= tree_s[2 * node + 1] else 2 * node + 1
    return node - leaves


@jit
def push_wake(wake_s: Any, wake: Any, size: int, time_s: float, call: int) -> int:
    """Add a call to the heap ordered by (time, call); returns the new size."""
    at = size
    while at > 0:
        up = (at - 1) // 2
        if wake_s[up] < time_s or (wake_s[up] == time_s and wake[up] < call):
            break
        wake_s[at] = wake_s[up]
        wake[at] = wake[up]
        at = up
    wake_s[at] = time_s
    wake[at] = call
    return size + 1


@jit
def pop_wake(wake_s: Any, wake: Any, size: int) -> int:
    """Remove the first call of the heap; returns the new size. Read the call before."""
    size -= 1
    time_s = wake_s[size]
    call = wake[size]
    at = 0
    while True:
        low = 2 * at + 1
        if low >= size:
            break
        right = low + 1
        if right < size and (
            wake_s[right] < wake_s[low]
            or (wake_s[right] == wake_s[low] and wake[right] < wake[low])
        ):
            low = right
        if time_s < wake_s[low] or (time_s == wake_s[low] and call < wake[low]):
            break
        wake_s[at] = wake_s[low]
        wake[at] = wake[low]
        at = low
    wake_s[at] = time_s
    wake[at] = call
    return size


@jit
def finishes_before(calls: Any, one: int, other: int) -> bool:
    """Order of the heap of decoding calls."""
    a = calls[one].finish
    b = calls[other].finish
    return bool(a < b or (a == b and one < other))


@jit
def push_finish(calls: Any, heap: Any, base: int, size: int, call: int) -> None:
    """Add a decoding call to its replica's heap, which holds ``size`` calls from ``base`` on."""
    at = size
    while at > 0:
        up = (at - 1) // 2
        if not finishes_before(calls, call, heap[base + up]):
            break
        heap[base + at] = heap[base + up]
        at = up
    heap[base + at] = call


@jit
def remove_finish(calls: Any, heap: Any, base: int, size: int, at: int) -> None:
    """Remove the call at place ``at`` of a heap that holds ``size`` calls."""
    size -= 1
    call = heap[base + size]
    if at == size:
        return
    while at > 0:
        up = (at - 1) // 2
        if not finishes_before(calls, call, heap[base + up]):
            break
        heap[base + at] = heap[base + up]
        at = up
    while True:
        low = 2 * at + 1
        if low >= size:
            break
        if low + 1 < size and finishes_before(calls, heap[base + low + 1], heap[base + low]):
            low += 1
        if finishes_before(calls, call, heap[base + low]):
            break
        heap[base + at] = heap[base + low]
        at = low
    heap[base + at] = call


@jit
def slot_of(stream: int, replica: int, mask: int) -> int:
    """Home slot of a (stream, replica) pair: a multiplicative mix that stays below 2**63."""
    mixed = (stream * 40503 + replica * 2654435) & 0x3FFFFFFF
    mixed = (mixed * 1103515245) & 0x3FFFFFFFFFFF
    return (mixed >> 12) & mask


@jit
def find_entry(table: Any, entries: Any, mask: int, stream: int, replica: int) -> int:
    """Entry of a stream on a replica, or -1."""
    slot = slot_of(stream, replica, mask)
    while table[slot] >= 0:
        entry = table[slot]
        if entries[entry].stream == stream and entries[entry].replica == replica:
            return entry  # type: ignore[no-any-return]
        slot = (slot + 1) & mask
    return -1


@jit
def insert_entry(table: Any, entries: Any, mask: int, entry: int) -> None:
    """Put an entry into the table."""
    slot = slot_of(entries[entry].stream, entries[entry].replica, mask)
    while table[slot] >= 0:
        slot = (slot + 1) & mask
    table[slot] = entry


@jit
def delete_entry(table: Any, entries: Any, mask: int, entry: int) -> None:
    """Take an entry out, moving back those that had to step over it (Knuth 6.4, algorithm R)."""
    slot = slot_of(entries[entry].stream, entries[entry].replica, mask)
    while table[slot] != entry:
        slot = (slot + 1) & mask
    hole = slot
    while True:
        slot = (slot + 1) & mask
        other = table[slot]
        if other < 0:
            break
        home = slot_of(entries[other].stream, entries[other].replica, mask)
        if ((slot - home) & mask) >= ((slot - hole) & mask):
            table[hole] = other
            hole = slot
    table[hole] = -1
