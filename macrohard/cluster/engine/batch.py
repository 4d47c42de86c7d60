"""How a call joins a replica's batch, leaves it, is thrown out, is complete or handed on."""

from typing import Any

from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.kv import donate, matched_tokens, release_path
from macrohard.cluster.engine.lines import count_load, enqueue, list_add, list_remove
from macrohard.cluster.engine.queues import push_finish, push_wake, remove_finish
from macrohard.cluster.engine.records import CALL_DECODE, CALL_DONE, CALL_WAITING, CALL_WIRE


@jit
def place_of(w: Any, replica: int, context: int) -> int:
    """A context as decode steps since its first block began (exact when a step is a token)."""
    r = w.replicas[replica]
    rest = (context % r.block) * r.block_steps // r.block
    return context // r.block * r.block_steps + rest  # type: ignore[no-any-return]


@jit
def ceil_div(a: int, b: int) -> int:
    """Division rounded up."""
    return -(-a // b)


@jit
def join_decode(w: Any, replica: int, call: int) -> None:
    """A call whose prompt is in KV starts to decode; it has ``made`` tokens already."""
    r = w.replicas[replica]
    c = w.calls[call]
    c.state = CALL_DECODE
    c.base = c.length
    c.steps0 = r.steps
    left = c.output - c.made
    steps = int(left / r.per_step)
    if steps * r.per_step < left:
        steps += 1
    c.finish = r.steps + steps
    place = place_of(w, replica, c.base)
    r.owned += ceil_div(place, r.block_steps)
    r.rounds += (place - r.steps) // r.block_steps
    w.hist[r.hist + (place - r.steps) % r.block_steps] += 1
    push_finish(w.calls, w.heap, r.heap, r.running, call)
    list_add(w, replica, call, True)
    r.running += 1
    r.context_sum += c.base


@jit
def leave_decode(w: Any, replica: int, call: int, at: int) -> None:
    """A decoding call stops; ``blocks`` becomes all the private blocks it has now."""
    r = w.replicas[replica]
    c = w.calls[call]
    place = place_of(w, replica, c.base)
    passed = r.steps - c.steps0
    owned = ceil_div(place + passed, r.block_steps)
    c.blocks += owned - ceil_div(place, r.block_steps)
    r.owned -= owned
    start = place - c.steps0
    r.rounds -= start // r.block_steps
    w.hist[r.hist + start % r.block_steps] -= 1
    remove_finish(w.calls, w.heap, r.heap, r.running, at)
    list_remove(w, replica, call, True)
    r.running -= 1
    r.context_sum -= c.base + passed * r.per_step
    if r.running == 0:
        r.context_sum = 0.0  # no rounding is carried into the next busy period


@jit
def finish_call(w: Any, replica: int, call: int, now_s: float) -> None:
    """A call is complete: its blocks become cache or free, its children may start."""
    r = w.replicas[replica]
    c = w.calls[call]
    pool = w.pools[r.pool]
    if c.keeps:
        c.blocks -= donate(w, replica, c.stream, c.prompt + c.output - 1)
    r.free += c.blocks
    c.blocks = 0
    until_s = now_s + pool.ttl_s if pool.ttl_s > 0 and c.children > 0 else 0.0
    release_path(w, replica, c.stream, until_s, now_s)
    c.state = CALL_DONE
    c.finished_s = now_s
    count_load(w, replica, -1, now_s)
    s = w.sessions[c.session]
    s.seen_s = now_s
    w.count[0].finished += 1
    for k in range(c.first_child, c.first_child + c.children):
        child = w.children[k]
        w.calls[child].parents -= 1
        if w.calls[child].parents == 0:
            wakes = w.count[0].wakes
            due_s = now_s + w.calls[child].gap_s
            w.count[0].wakes = push_wake(w.wake_s, w.wake, wakes, due_s, child)


@jit
def hand_over(w: Any, replica: int, call: int, now_s: float) -> None:
    """Send a prefilled call's KV to the least loaded decode replica of its unit."""
    r = w.replicas[replica]
    c = w.calls[call]
    pool = w.pools[r.pool]
    r.free += c.blocks
    c.blocks = 0
    until_s = now_s + pool.ttl_s if pool.ttl_s > 0 and c.children > 0 else 0.0
    release_path(w, replica, c.stream, until_s, now_s)
    best = -1
    for other in range(pool.decoders, pool.decoders_last):
        near = w.replicas[other].unit == r.unit
        if near and (best < 0 or w.load[other] < w.load[best]):
            best = other
    count_load(w, replica, -1, now_s)
    count_load(w, best, 1, now_s)
    c.decoder = best
    c.state = CALL_WIRE
    moved = c.length - matched_tokens(w, best, c.stream, c.length)
    due_s = now_s + r.wire_s + moved * r.wire_token_s
    w.count[0].wakes = push_wake(w.wake_s, w.wake, w.count[0].wakes, due_s, call)


@jit
def complete_prefill(w: Any, replica: int, call: int, now_s: float) -> None:
    """The last prompt token is in KV and the first output token is out."""
    r = w.replicas[replica]
    c = w.calls[call]
    list_remove(w, replica, call, False)
    r.prefilling -= 1
    r.queued -= c.expected
    c.expected = 0
    known = min(c.length, c.prompt)
    given = donate(w, replica, c.stream, known)
    private = ceil_div(c.length, r.block) - known // r.block
    r.free += c.blocks - given - private
    c.blocks = private
    c.made += 1
    if r.role == 1 and c.made < c.output:
        hand_over(w, replica, call, now_s)
        return
    if c.first_s < 0:
        c.first_s = now_s
    if c.made >= c.output:
        finish_call(w, replica, call, now_s)
    else:
        join_decode(w, replica, call)


@jit
def preempt(w: Any, replica: int, call: int, now_s: float) -> None:
    """Throw a running call out: its private KV is lost and it waits to be computed again."""
    r = w.replicas[replica]
    c = w.calls[call]
    if c.state == CALL_DECODE:
        passed = int((r.steps - c.steps0) * r.per_step)
        left = c.output - c.made
        c.made += passed if passed < left else left - 1
        at = 0
        while w.heap[r.heap + at] != call:
            at += 1
        leave_decode(w, replica, call, at)
    else:
        list_remove(w, replica, call, False)
        r.prefilling -= 1
        r.queued -= c.expected
    r.free += c.blocks
    c.blocks = 0
    release_path(w, replica, c.stream, 0.0, now_s)
    c.length = c.prompt + c.made
    c.done = 0
    c.expected = c.length
    r.queued += c.expected
    c.state = CALL_WAITING
    c.preempted += 1
    r.preemptions += 1
    enqueue(w, replica, call, True)


@jit
def victim(w: Any, replica: int, below: int) -> int:
    """The call to throw out: least urgent, then latest admitted; -1 if none is below a level."""
    r = w.replicas[replica]
    best = -1
    worst = below
    call = r.pre_tail
    while call >= 0:
        if w.calls[call].priority > worst:
            worst = w.calls[call].priority
            best = call
        call = w.calls[call].prev
    call = r.dec_tail
    while call >= 0:
        if w.calls[call].priority > worst:
            worst = w.calls[call].priority
            best = call
        call = w.calls[call].prev
    return best
