"""One replica: continuous batching with chunked prefill over bounded KV.

Work happens only at step boundaries: finish what the step or run finished, admit what waits, plan
the next. A *mixed step* prefills up to a token budget beside one token of every decoding call. A
*run* is as many pure decode steps as nothing can change in: until the next call finishes, until KV
runs out, or until an arrival cuts it at the next boundary. Its time is a closed form.
"""

from typing import Any

from macrohard.cluster.engine.batch import (
    ceil_div,
    complete_prefill,
    finish_call,
    join_decode,
    leave_decode,
    preempt,
    victim,
)
from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.kv import (
    donate,
    evict,
    expire_pins,
    growth,
    hold_path,
    matched_tokens,
    path_evictable,
    trim_path,
    unpin_oldest,
)
from macrohard.cluster.engine.lines import dequeue, first_waiting, list_add
from macrohard.cluster.engine.queues import NEVER, set_time
from macrohard.cluster.engine.records import CALL_HANDED, CALL_PREFILL


@jit
def admit(w: Any, replica: int, call: int, now_s: float) -> bool:  # noqa: C901 - one decision
    """Start a waiting call if there is a place in the batch and room for its prompt."""
    r = w.replicas[replica]
    c = w.calls[call]
    busy = r.running + r.prefilling
    if busy >= r.batch:
        return False
    cached = matched_tokens(w, replica, c.stream, c.length)
    known = c.prompt // r.block * r.block
    cached = min(cached, known)  # what a preempted call had generated is nobody's prefix
    need = ceil_div(c.length, r.block) - cached // r.block
    spare = 0
    if busy > 0:  # leave room for the next step of those that run
        spare = max(r.capacity // 100, r.running)
    if need > r.free + r.evictable + (r.pinned if busy == 0 else 0):
        return False
    while need + spare > r.free + r.evictable - path_evictable(w, replica, c.stream):
        if busy > 0:
            return False
        if r.pin_head < 0:
            trim_path(w, replica, c.stream, cached)
            break
        unpin_oldest(w, replica)
    hold_path(w, replica, c.stream)
    if need > r.free:
        evict(w, replica, need - r.free)
    r.free -= need
    c.blocks = need
    if c.admitted_s < 0:
        c.admitted_s = now_s
        c.cached = cached
    dequeue(w, replica, call)
    if c.state == CALL_HANDED:
        given = donate(w, replica, c.stream, c.length)
        private = ceil_div(c.length, r.block) - c.length // r.block
        r.free += c.blocks - given - private
        c.blocks = private
        if c.first_s < 0:
            c.first_s = now_s
        join_decode(w, replica, call)
        return True
    c.state = CALL_PREFILL
    c.done = cached
    r.prefilled += c.length - cached
    list_add(w, replica, call, False)
    r.prefilling += 1
    return True


@jit
def admit_waiting(w: Any, replica: int, now_s: float) -> None:
    """Admit in order of urgency; an urgent call may throw out less urgent ones."""
    while True:
        call = first_waiting(w, replica)
        if call < 0:
            return
        if admit(w, replica, call, now_s):
            continue
        if not w.pools[w.replicas[replica].pool].preempt:
            return
        loser = victim(w, replica, w.calls[call].priority)
        if loser < 0:
            return
        preempt(w, replica, loser, now_s)


@jit
def make_room(w: Any, replica: int, now_s: float) -> bool:
    """See to it that every decoding call can take its next step; True if one was thrown out."""
    r = w.replicas[replica]
    before = r.preemptions
    while r.running > r.free + r.evictable and growth(w, replica, 1) > r.free + r.evictable:
        if r.pin_head >= 0:
            unpin_oldest(w, replica)
        else:
            preempt(w, replica, victim(w, replica, -1), now_s)
    return r.preemptions > before  # type: ignore[no-any-return]


@jit
def run_s(w: Any, replica: int, steps: int) -> float:
    """Seconds of that many decode steps with the batch as it is."""
    r = w.replicas[replica]
    slope = w.context[r.context + r.running]
    first = w.linear[r.linear + r.running * r.verify] + slope * r.context_sum
    more = slope * r.running * r.per_step * steps * (steps - 1) * 0.5
    return steps * first + more  # type: ignore[no-any-return]


@jit
def mixed_step_s(w: Any, replica: int) -> float:
    """Seconds of one step that prefills a chunk beside the decoding calls."""
    r = w.replicas[replica]
    budget = r.chunk - r.running * r.verify
    tokens = r.running * r.verify
    pairs = 0.0
    call = r.pre_head
    while call >= 0 and budget > 0:
        c = w.calls[call]
        part = c.length - c.done
        part = min(part, budget)
        pairs += part * (c.done + part * 0.5)
        tokens += part
        budget -= part
        call = c.next
    tokens = min(tokens, r.linear_last)
    read_s = w.context[r.context + r.running] * r.context_sum
    return w.linear[r.linear + tokens] + read_s + r.pair_s * pairs  # type: ignore[no-any-return]


@jit
def plan(w: Any, replica: int, now_s: float) -> None:
    """Decide what the replica does next and when that ends."""
    r = w.replicas[replica]
    leaves = w.count[0].leaves
    if r.pin_head >= 0:
        expire_pins(w, replica, now_s)
    thrown = make_room(w, replica, now_s)
    if not thrown:
        admit_waiting(w, replica, now_s)
        make_room(w, replica, now_s)
    if r.waiting > 0 and r.running + r.prefilling == 0:  # the last one threw itself out
        admit_waiting(w, replica, now_s)
    r.began_s = now_s
    if r.prefilling > 0:
        r.mode = 1
        set_time(w.tree_s, leaves, replica, now_s + mixed_step_s(w, replica))
        return
    if r.running == 0:
        r.mode = 0
        set_time(w.tree_s, leaves, replica, NEVER)
        return
    steps = w.calls[w.heap[r.heap]].finish - r.steps
    room = r.free + r.evictable
    if r.running * (steps // r.block_steps + 2) > room:
        low, high = 1, steps
        while low < high:
            middle = (low + high + 1) // 2
            if growth(w, replica, middle) <= room:
                low = middle
            else:
                high = middle - 1
        steps = low
    if thrown:
        steps = 1  # nobody was admitted now; look again after one step
    r.mode = 2
    r.run = steps
    set_time(w.tree_s, leaves, replica, now_s + run_s(w, replica, steps))


@jit
def take_steps(w: Any, replica: int, steps: int) -> None:
    """Move every decoding call forward, with the KV that takes."""
    r = w.replicas[replica]
    need = growth(w, replica, steps)
    if need > r.free:
        evict(w, replica, need - r.free)
    r.free -= need
    r.owned += need
    r.steps += steps
    r.context_sum += r.running * r.per_step * steps


@jit
def advance(w: Any, replica: int, now_s: float) -> None:
    """The planned step or run is over: account for it, then plan again."""
    r = w.replicas[replica]
    took_s = now_s - r.began_s
    r.batch_area += r.running * took_s
    budget = r.chunk - r.running * r.verify
    if r.mode == 1:
        r.mixed_s += took_s
        if r.running > 0:
            take_steps(w, replica, 1)
    else:
        r.decode_s += took_s
        take_steps(w, replica, r.run)
    while r.running > 0 and w.calls[w.heap[r.heap]].finish <= r.steps:
        call = w.heap[r.heap]
        w.calls[call].made = w.calls[call].output
        leave_decode(w, replica, call, 0)
        finish_call(w, replica, call, now_s)
    if r.mode == 1:
        call = r.pre_head
        while call >= 0 and budget > 0:
            c = w.calls[call]
            following = c.next
            part = c.length - c.done
            part = min(part, budget)
            c.done += part
            budget -= part
            if c.done >= c.length:
                complete_prefill(w, replica, call, now_s)
            call = following
    plan(w, replica, now_s)


@jit
def cut_run(w: Any, replica: int, now_s: float) -> None:
    """Something new arrived: end a run of decode steps at the first boundary from now on."""
    r = w.replicas[replica]
    slope = w.context[r.context + r.running] * r.running * r.per_step
    first = run_s(w, replica, 1)
    passed = now_s - r.began_s
    # steps k solve k*first + slope*k*(k-1)/2 = passed; rounding is repaired by the loops below
    half = first - 0.5 * slope
    if slope > 1e-12 * first:
        steps = int((-half + (half * half + 2 * slope * passed) ** 0.5) / slope)
    else:
        steps = int(passed / first)
    steps = max(1, steps)
    steps = min(r.run, steps)
    while steps > 1 and r.began_s + run_s(w, replica, steps - 1) >= now_s:
        steps -= 1
    while steps < r.run and r.began_s + run_s(w, replica, steps) < now_s:
        steps += 1
    if steps < r.run:
        r.run = steps
        set_time(w.tree_s, w.count[0].leaves, replica, r.began_s + run_s(w, replica, steps))
