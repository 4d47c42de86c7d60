# ruff: noqa: PLR0917 - compiled functions take their arguments by position
"""Generates agent sessions, row by row, in the engine's compiled subset of Python."""

from typing import Any, NamedTuple

from macrohard.cluster.engine.draw import (
    exponential,
    geometric,
    lognormal,
    seed_stream,
    uniform,
)
from macrohard.cluster.engine.jit import jit


class Columns(NamedTuple):
    """Where the calls go; see ``workload.Workload``."""

    session: Any
    stream: Any
    prompt: Any
    output: Any
    gap_s: Any
    arrival_s: Any
    parents: Any
    stream_parent: Any
    stream_offset: Any
    edge_from: Any
    edge_to: Any
    last: Any  # per session: its last call


class Cursor(NamedTuple):
    """Where the next row goes: one-element columns, because the generator counts in them."""

    call: Any
    edge: Any
    stream: Any


class Shape(NamedTuple):
    """Parameters of the traffic, see ``agents.AgentTraffic``."""

    turns: float
    calls_per_turn: float
    shared: int
    shared_streams: int
    first_new: float
    new_median: float
    new_sigma: float
    output_median: float
    output_sigma: float
    gap_median_s: float
    gap_sigma: float
    slow_gap_share: float
    slow_gap_median_s: float
    slow_gap_sigma: float
    think_median_s: float
    think_sigma: float
    longest: int
    fan_out_share: float
    fan_out: int
    child_calls: float
    kept_share: float


@jit
def tool_gap_s(state: Any, shape: Any) -> float:
    """Time a tool takes: mostly short, sometimes very long."""
    if uniform(state) < shape.slow_gap_share:
        return lognormal(state, shape.slow_gap_median_s, shape.slow_gap_sigma)
    return lognormal(state, shape.gap_median_s, shape.gap_sigma)


@jit
def draw_new(state: Any, shape: Any) -> int:
    """New prompt tokens of a call."""
    return max(16, int(lognormal(state, shape.new_median, shape.new_sigma)))


@jit
def draw_output(state: Any, shape: Any) -> int:
    """Output tokens of a call."""
    return min(16_384, max(1, int(lognormal(state, shape.output_median, shape.output_sigma))))


@jit
def put_stream(c: Any, at: Any, root: int, offset: int, write: bool) -> int:
    """A new stream that branches from a shared one."""
    stream = at.stream[0]
    if write:
        c.stream_parent[stream] = root
        c.stream_offset[stream] = offset
    at.stream[0] = stream + 1
    return stream  # type: ignore[no-any-return]


@jit
def put_call(
    c: Any, at: Any, session: int, stream: int, prompt: int, output: int, gap_s: float, write: bool
) -> int:
    """A new call that waits for nothing yet."""
    call = at.call[0]
    if write:
        c.session[call] = session
        c.stream[call] = stream
        c.prompt[call] = prompt
        c.output[call] = output
        c.gap_s[call] = gap_s
        c.arrival_s[call] = -1.0
        c.parents[call] = 0
    at.call[0] = call + 1
    return call  # type: ignore[no-any-return]


@jit
def put_edge(c: Any, at: Any, before: int, after: int, write: bool) -> None:
    """``after`` waits for ``before``."""
    edge = at.edge[0]
    if write:
        c.edge_from[edge] = before
        c.edge_to[edge] = after
        c.parents[after] += 1
    at.edge[0] = edge + 1


@jit
def write_sub_agent(
    c: Any, at: Any, state: Any, shape: Any, session: int, root: int, before: int, write: bool
) -> int:
    """A chain of calls in a stream of its own; returns its last call."""
    stream = put_stream(c, at, root, shape.shared, write)
    context = shape.shared + max(64, int(lognormal(state, shape.first_new, 0.6)))
    for _ in range(geometric(state, shape.child_calls)):
        output = draw_output(state, shape)
        gap_s = tool_gap_s(state, shape)
        call = put_call(c, at, session, stream, context, output, gap_s, write)
        put_edge(c, at, before, call, write)
        before = call
        context = min(shape.longest - 16_384, context + output + draw_new(state, shape))
    return before


@jit
def write_session(
    c: Any, at: Any, state: Any, shape: Any, session: int, before: int, ends: Any, write: bool
) -> int:
    """One session: a chain of calls, some of which hand out sub-agents; returns its last call.

    The call after such a one waits for all of its sub-agents.
    """
    root = int(uniform(state) * uniform(state) * shape.shared_streams)  # some are more popular
    stream = put_stream(c, at, root, shape.shared, write)
    context = shape.shared + max(64, int(lognormal(state, shape.first_new, 0.6)))
    waits = 0
    if before >= 0:
        ends[0] = before
        waits = 1
    last = -1
    for turn in range(geometric(state, shape.turns)):
        for step in range(geometric(state, shape.calls_per_turn)):
            output = draw_output(state, shape)
            if step == 0 and (turn > 0 or before >= 0):
                gap_s = lognormal(state, shape.think_median_s, shape.think_sigma)
            else:
                gap_s = tool_gap_s(state, shape)
            if context + output > shape.longest:  # compaction: a summary in a fresh stream
                room = shape.longest - shape.shared
                context = shape.shared + 64 + int(room * shape.kept_share * uniform(state))
                stream = put_stream(c, at, root, shape.shared, write)
            last = put_call(c, at, session, stream, context, output, gap_s, write)
            for k in range(waits):
                put_edge(c, at, ends[k], last, write)
            ends[0] = last
            waits = 1
            if uniform(state) < shape.fan_out_share:
                for k in range(shape.fan_out):
                    ends[k] = write_sub_agent(c, at, state, shape, session, root, last, write)
                waits = shape.fan_out
            context += output + draw_new(state, shape)
    return last


@jit
def fill_sessions(
    c: Any,
    at: Any,
    state: Any,
    shape: Any,
    ends: Any,
    seed: int,
    sessions: int,
    rate: float,
    slots: int,
    write: bool,
) -> None:
    """All sessions; without ``write`` only counts calls, edges and streams.

    Args:
        c: Columns to fill.
        at: Where to go on; moved.
        state: Two numbers of the generator.
        shape: Parameters.
        ends: Scratch for the calls the next one waits for.
        seed: Seed.
        sessions: How many.
        rate: Sessions per second of a Poisson process; 0 for a closed loop.
        slots: Agents of the closed loop: session ``i`` follows session ``i - slots``.
        write: Whether to fill.
    """
    at.call[0] = 0
    at.edge[0] = 0
    at.stream[0] = shape.shared_streams
    seed_stream(state, seed, 0)
    arrival_s = 0.0
    for session in range(sessions):
        seed_stream(state, seed, session + 1)
        before = -1
        if rate > 0:
            arrival_s += exponential(state, 1 / rate)
        elif session >= slots:
            before = c.last[session - slots]
        else:  # agents do not all start in the same instant
            arrival_s = uniform(state) * shape.think_median_s
        first = at.call[0]
        c.last[session] = write_session(c, at, state, shape, session, before, ends, write)
        if write and before < 0:
            c.arrival_s[first] = arrival_s


@jit
def group_edges(edge_from: Any, edge_to: Any, first: Any, count: Any, children: Any) -> None:
    """Edges grouped by where they start, in order (a counting sort)."""
    for edge in range(len(edge_from)):
        count[edge_from[edge]] += 1
    at = 0
    for call in range(len(count)):
        first[call] = at
        at += count[call]
        count[call] = 0
    for edge in range(len(edge_from)):
        call = edge_from[edge]
        children[first[call] + count[call]] = edge_to[edge]
        count[call] += 1
