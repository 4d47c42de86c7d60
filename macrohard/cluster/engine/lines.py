"""Who waits at a replica and who runs there: queues by priority, and two linked lists."""

from typing import Any

from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.records import LEVELS


@jit
def count_load(w: Any, replica: int, change: int, now_s: float) -> None:
    """Change the number of calls a replica has, keeping its integral over time."""
    r = w.replicas[replica]
    r.area += w.load[replica] * (now_s - r.area_s)
    r.area_s = now_s
    w.load[replica] += change


@jit
def enqueue(w: Any, replica: int, call: int, front: bool) -> None:
    """Put a call into the queue of its priority."""
    c = w.calls[call]
    q = w.queues[replica * LEVELS + c.priority]
    w.replicas[replica].waiting += 1
    if front:
        c.next = q.head
        q.head = call
        if q.tail < 0:
            q.tail = call
        return
    c.next = -1
    if q.tail >= 0:
        w.calls[q.tail].next = call
    else:
        q.head = call
    q.tail = call


@jit
def first_waiting(w: Any, replica: int) -> int:
    """Most urgent waiting call, or -1."""
    if w.replicas[replica].waiting == 0:
        return -1
    for level in range(LEVELS):
        q = w.queues[replica * LEVELS + level]
        if q.head >= 0:
            return q.head  # type: ignore[no-any-return]
    return -1


@jit
def dequeue(w: Any, replica: int, call: int) -> None:
    """Take the first call of its level out of the queue."""
    q = w.queues[replica * LEVELS + w.calls[call].priority]
    q.head = w.calls[call].next
    if q.head < 0:
        q.tail = -1
    w.replicas[replica].waiting -= 1


@jit
def list_add(w: Any, replica: int, call: int, decoding: bool) -> None:
    """Append to the list of prefilling or of decoding calls."""
    r = w.replicas[replica]
    c = w.calls[call]
    c.next = -1
    c.prev = r.dec_tail if decoding else r.pre_tail
    if c.prev >= 0:
        w.calls[c.prev].next = call
    elif decoding:
        r.dec_head = call
    else:
        r.pre_head = call
    if decoding:
        r.dec_tail = call
    else:
        r.pre_tail = call


@jit
def list_remove(w: Any, replica: int, call: int, decoding: bool) -> None:
    """Take a call out of the list it is in."""
    r = w.replicas[replica]
    c = w.calls[call]
    if c.prev >= 0:
        w.calls[c.prev].next = c.next
    elif decoding:
        r.dec_head = c.next
    else:
        r.pre_head = c.next
    if c.next >= 0:
        w.calls[c.next].prev = c.prev
    elif decoding:
        r.dec_tail = c.prev
    else:
        r.pre_tail = c.prev
