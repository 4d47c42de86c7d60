"""The records the engine works on, as columns of numpy arrays or as lists of slotted objects."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Fields = Sequence[tuple[str, str]]

CALL: Fields = (
    # what the workload says
    ("session", "i4"),
    ("stream", "i4"),  # token stream its prompt is a prefix of
    ("prompt", "i4"),  # prompt tokens
    ("output", "i4"),  # output tokens, 1 or more
    ("priority", "i4"),  # lower is more urgent
    ("pool", "i4"),  # which model serves it
    ("keeps", "i4"),  # 1: its output becomes part of the stream
    ("parents", "i4"),  # calls that must finish first; counted down
    ("gap_s", "f8"),  # tool or think time between the last parent and this call
    ("first_child", "i4"),  # into World.children
    ("children", "i4"),
    # what happens to it
    ("state", "i4"),
    ("replica", "i4"),
    ("decoder", "i4"),  # replica that decodes it, when prefill and decode are apart
    ("length", "i4"),  # tokens to prefill now: prompt, plus what a preemption made it lose
    ("done", "i4"),  # of these, in KV
    ("cached", "i4"),  # prompt tokens found in cache at first admission
    ("made", "i4"),  # output tokens produced
    ("steps0", "i4"),  # decode step of the replica at which it joined
    ("base", "i4"),  # context when it joined
    ("finish", "i4"),  # decode step of the replica at which it finishes
    ("blocks", "i4"),  # private KV blocks
    ("next", "i4"),  # neighbours in the list of its replica it is in
    ("prev", "i4"),
    ("preempted", "i4"),
    ("expected", "i4"),  # uncached tokens the router counted for it
    ("arrived_s", "f8"),
    ("admitted_s", "f8"),
    ("first_s", "f8"),
    ("finished_s", "f8"),
)

STREAM: Fields = (
    ("parent", "i4"),  # stream it branches from, or -1
    ("offset", "i4"),  # tokens of its parents' prefix, a multiple of the block
    ("resident", "i4"),  # first entry that caches it somewhere
)

SESSION: Fields = (("replica", "i8"), ("seen_s", "f8"))

ENTRY: Fields = (
    # a stream cached on a replica
    ("stream", "i4"),
    ("replica", "i4"),
    ("upto", "i4"),  # tokens cached, counted from the start of the prompt
    ("users", "i4"),  # running calls that hold it
    ("kind", "i4"),  # 0 held, 1 evictable, 2 pinned
    ("until_s", "f8"),  # when the pin ends
    ("prev", "i4"),
    ("next", "i4"),
    ("before", "i4"),  # neighbours among the entries of its stream
    ("after", "i4"),
)

REPLICA: Fields = (
    ("pool", "i8"),
    ("role", "i8"),  # 0 both, 1 prefill, 2 decode
    ("unit", "i8"),  # prefill hands over to decoders of its unit only
    ("capacity", "i8"),  # KV blocks
    ("block", "i8"),  # tokens per block
    ("block_steps", "i8"),  # decode steps per block
    ("chunk", "i8"),
    ("batch", "i8"),
    ("verify", "i8"),  # tokens a decoding request puts into a step
    ("per_step", "f8"),  # tokens a decoding request gains per step
    ("linear", "i8"),  # where its step table starts in World.linear
    ("linear_last", "i8"),
    ("context", "i8"),
    ("pair_s", "f8"),
    ("prefill_token_s", "f8"),  # rough seconds per prefill token, for routers
    ("request_s", "f8"),  # rough seconds one more request costs the others, for routers
    ("wire_token_s", "f8"),  # seconds per token of KV handed to a decoder
    ("wire_s", "f8"),
    ("heap", "i8"),  # where its finish heap starts in World.heap
    ("hist", "i8"),  # where its block histogram starts in World.hist
    # state
    ("free", "i8"),
    ("evictable", "i8"),
    ("pinned", "i8"),
    ("mode", "i8"),  # 0 idle, 1 mixed step, 2 run of decode steps
    ("run", "i8"),  # decode steps planned
    ("began_s", "f8"),
    ("running", "i8"),  # decoding calls
    ("prefilling", "i8"),
    ("waiting", "i8"),
    ("queued", "i8"),  # uncached tokens of calls not yet prefilled
    ("steps", "i8"),  # decode steps since the start
    ("context_sum", "f8"),  # tokens in KV of decoding calls
    ("rounds", "i8"),  # sum of whole blocks, see kv.growth
    ("owned", "i8"),  # blocks decoding calls own now, as kv.growth counts them
    ("lru_head", "i8"),
    ("lru_tail", "i8"),
    ("pin_head", "i8"),
    ("pin_tail", "i8"),
    ("pre_head", "i8"),
    ("pre_tail", "i8"),
    ("dec_head", "i8"),
    ("dec_tail", "i8"),
    # accounts
    ("mixed_s", "f8"),
    ("decode_s", "f8"),
    ("prefilled", "i8"),
    ("decoded", "f8"),
    ("evicted", "i8"),
    ("preemptions", "i8"),
    ("area", "f8"),  # integral of assigned calls over time
    ("area_s", "f8"),
    ("batch_area", "f8"),  # integral of decoding calls over time
)

CALL_NEW, CALL_WAITING, CALL_PREFILL, CALL_DECODE, CALL_WIRE, CALL_DONE, CALL_HANDED = range(7)

LEVELS = 4
"""Priority levels; each replica keeps one queue per level."""


class World(NamedTuple):
    """Everything the engine reads and writes."""

    calls: Any
    children: Any
    roots: Any
    streams: Any
    sessions: Any
    replicas: Any
    entries: Any
    pools: Any
    queues: Any
    linear: Any
    context: Any
    heap: Any
    hist: Any
    table: Any
    load: Any  # per replica: calls routed there and not finished
    tree_s: Any
    wake_s: Any
    wake: Any
    clock: Any
    count: Any


POOL: Fields = (
    # replicas [first, last) take new calls; [decoders, decoders_last) decode for them
    ("first", "i8"),
    ("last", "i8"),
    ("decoders", "i8"),
    ("decoders_last", "i8"),
    ("router", "i8"),
    ("cursor", "i8"),
    ("ttl_s", "f8"),
    ("spill", "f8"),
    ("threshold", "f8"),
    ("cache_weight", "f8"),
    ("load_weight", "f8"),
    ("preempt", "i8"),
)

QUEUE: Fields = (("head", "i8"), ("tail", "i8"))

CLOCK: Fields = (("now_s", "f8"), ("horizon_s", "f8"))

COUNT: Fields = (
    ("root", "i8"),  # next root of the workload
    ("wakes", "i8"),
    ("free_entry", "i8"),
    ("mask", "i8"),  # size of the entry table minus one
    ("leaves", "i8"),  # leaves of the tournament over replicas
    ("entered", "i8"),
    ("finished", "i8"),
    ("events", "i8"),
)


def make_records(fields: Fields, columns: Mapping[str, Any], size: int, *, arrays: bool) -> Any:
    """Records with those columns filled in and every other field zero."""
    if arrays:
        import numpy as np  # noqa: PLC0415 - an extra

        table: Any = np.zeros(size, dtype=np.dtype([(n, t) for n, t in fields], align=True))
        for name, column in columns.items():
            table[name] = column
        return table
    names = tuple(name for name, _ in fields)
    kind = type("Row", (), {"__slots__": names})
    columns = {k: c.tolist() if hasattr(c, "tolist") else c for k, c in columns.items()}
    rows = []
    zero = {name: 0.0 if code == "f8" else 0 for name, code in fields}
    for i in range(size):
        row = kind()
        for name in names:
            column = columns.get(name)
            value = zero[name]
            if column is not None:
                value = column[i] if hasattr(column, "__getitem__") else column
            setattr(row, name, value)
        rows.append(row)
    return rows


def make_flat(size: int, fill: float, *, arrays: bool) -> Any:
    """A flat column of one number."""
    if arrays:
        import numpy as np  # noqa: PLC0415 - an extra

        return np.full(size, fill, dtype=np.int64 if isinstance(fill, int) else np.float64)
    return [fill] * size


def as_flat(values: Sequence[Any], *, arrays: bool, floats: bool = False) -> Any:
    """A flat column with those values."""
    if arrays:
        import numpy as np  # noqa: PLC0415 - an extra

        return np.asarray(values, dtype=np.float64 if floats else np.int64)
    return values.tolist() if hasattr(values, "tolist") else list(values)


def rows_of(table: Any) -> Any:
    """The rows of a table with their fields as attributes, whichever form it has."""
    if isinstance(table, list):
        return table
    import numpy as np  # noqa: PLC0415 - an extra

    return table.view(np.recarray)


def column_of(table: Any, name: str) -> Any:
    """One column of a table."""
    if isinstance(table, list):
        return [getattr(row, name) for row in table]
    return table[name].copy()
