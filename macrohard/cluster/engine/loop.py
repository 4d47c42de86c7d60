"""The event loop: replicas reach boundaries, calls arrive, tools return; earliest first."""

from typing import Any

from macrohard.cluster.engine.jit import jit
from macrohard.cluster.engine.kv import matched_tokens
from macrohard.cluster.engine.lines import count_load, enqueue, first_waiting
from macrohard.cluster.engine.queues import NEVER, earliest_leaf, pop_wake
from macrohard.cluster.engine.records import CALL_HANDED, CALL_WAITING, CALL_WIRE
from macrohard.cluster.engine.replica import advance, cut_run, plan
from macrohard.cluster.engine.router import route


@jit
def queue_at(w: Any, replica: int, call: int, now_s: float) -> None:
    """Put a call into a replica's queue and wake the replica if that changes what it does."""
    r = w.replicas[replica]
    waiting = first_waiting(w, replica)
    jumps = waiting < 0 or w.calls[call].priority < w.calls[waiting].priority
    enqueue(w, replica, call, False)
    if r.mode == 0:
        plan(w, replica, now_s)
    elif r.mode == 2 and jumps:
        cut_run(w, replica, now_s)


@jit
def arrive(w: Any, call: int, now_s: float) -> None:
    """A call enters: it is routed, once."""
    c = w.calls[call]
    c.arrived_s = now_s
    c.state = CALL_WAITING
    c.length = c.prompt
    replica = route(w, call, now_s)
    c.replica = replica
    w.sessions[c.session].replica = replica
    w.sessions[c.session].seen_s = now_s
    r = w.replicas[replica]
    c.expected = c.prompt - matched_tokens(w, replica, c.stream, c.prompt)
    r.queued += c.expected
    count_load(w, replica, 1, now_s)
    w.count[0].entered += 1
    queue_at(w, replica, call, now_s)


@jit
def run(w: Any, most_events: int) -> bool:
    """Process up to ``most_events`` events.

    Returns:
        True when nothing is left to happen before the horizon.
    """
    clock = w.clock[0]
    count = w.count[0]
    roots = len(w.roots)
    for _ in range(most_events):
        step_s = w.tree_s[1]
        wake_s = w.wake_s[0] if count.wakes > 0 else NEVER
        root_s = w.calls[w.roots[count.root]].arrived_s if count.root < roots else NEVER
        call_s = min(wake_s, root_s)
        now_s = min(step_s, call_s)
        if now_s >= NEVER or now_s > clock.horizon_s:
            return True
        clock.now_s = now_s
        count.events += 1
        if step_s <= call_s:
            advance(w, earliest_leaf(w.tree_s, count.leaves), now_s)
        elif wake_s <= root_s:
            call = w.wake[0]
            count.wakes = pop_wake(w.wake_s, w.wake, count.wakes)
            if w.calls[call].state == CALL_WIRE:
                w.calls[call].state = CALL_HANDED
                queue_at(w, w.calls[call].decoder, call, now_s)
            else:
                arrive(w, call, now_s)
        else:
            call = w.roots[count.root]
            count.root += 1
            arrive(w, call, now_s)
    return False
