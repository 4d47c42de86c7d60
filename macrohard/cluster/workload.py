"""What the agents ask for: calls that follow each other, and the token streams they share.

A *session* is one agent at work: a chain and fan-out of calls. A call starts when all calls before
it have finished and its gap (a tool running, a person thinking) is over. Its prompt is the first
``prompt`` tokens of a *stream*; a stream may branch from another one, which is how calls share
prefixes. All columns have one row per call, sessions in order of their first call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from macrohard.errors import ConfigError

BRANCH_TOKENS = 64
"""Streams branch at multiples of this; it is the KV block of the simulator."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Calls as columns. Times in seconds.

    Attributes:
        name: What to call it.
        source: Where it comes from, in words.
        session: Session of each call.
        stream: Stream its prompt is a prefix of.
        prompt: Prompt tokens.
        output: Output tokens, at least 1.
        gap_s: Time between the end of what it waits for and its start.
        arrival_s: When a call that waits for nothing arrives; negative for all others.
        parents: How many calls it waits for.
        first_child: Where its children start in ``children``.
        child_count: How many calls wait for it.
        children: Calls that wait, grouped by what they wait for.
        stream_parent: Per stream, the stream it branches from, or -1.
        stream_offset: Per stream, the token at which it branches.
        priority: Urgency, 0 first.
        pool: Which model serves it.
        keeps: 1 when its output becomes part of its stream.
        sessions: Number of sessions.
        deadline_s: Per session, seconds it may take; empty when there are none.
        labels: Per call, what it is (a role, a stage); empty when nobody asked.
    """

    name: str
    source: str
    session: Sequence[int]
    stream: Sequence[int]
    prompt: Sequence[int]
    output: Sequence[int]
    gap_s: Sequence[float]
    arrival_s: Sequence[float]
    parents: Sequence[int]
    first_child: Sequence[int]
    child_count: Sequence[int]
    children: Sequence[int]
    stream_parent: Sequence[int]
    stream_offset: Sequence[int]
    priority: Sequence[int]
    pool: Sequence[int]
    keeps: Sequence[int]
    sessions: int
    deadline_s: Sequence[float] = ()
    labels: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.prompt)


@dataclass(slots=True)
class WorkloadBuilder:
    """Collects calls one by one. Not for millions: see ``agents.generate_agents`` for those."""

    name: str
    source: str
    _rows: list[tuple[int, int, int, int, float, float, int, int, int]] = field(
        default_factory=list
    )
    _after: list[tuple[int, ...]] = field(default_factory=list)
    _labels: list[str] = field(default_factory=list)
    _streams: list[tuple[int, int]] = field(default_factory=list)
    _sessions: int = 0
    _deadlines: list[float] = field(default_factory=list)

    def add_session(self, deadline_s: float = 0.0) -> int:
        """A new session; returns its number."""
        self._sessions += 1
        self._deadlines.append(deadline_s)
        return self._sessions - 1

    def add_stream(self, parent: int = -1, at_token: int = 0) -> int:
        """A new stream of tokens, branching from another at (the block before) a token."""
        offset = at_token // BRANCH_TOKENS * BRANCH_TOKENS if parent >= 0 else 0
        self._streams.append((parent, offset))
        return len(self._streams) - 1

    def add_call(
        self,
        session: int,
        stream: int,
        prompt: int,
        output: int,
        *,
        after: Sequence[int] = (),
        gap_s: float = 0.0,
        at_s: float = 0.0,
        priority: int = 0,
        pool: int = 0,
        keeps: bool = True,
        label: str = "",
    ) -> int:
        """A new call; returns its number.

        Raises:
            ConfigError: No tokens, or a time that makes no sense.
        """
        if prompt < 1 or output < 1:
            raise ConfigError(f"a call needs prompt and output tokens, not {prompt} and {output}")
        if gap_s < 0 or at_s < 0:
            raise ConfigError(f"a call cannot start before the clock does ({min(gap_s, at_s)} s)")
        arrival = -1.0 if after else at_s
        self._rows.append(
            (session, stream, prompt, output, gap_s, arrival, priority, pool, int(keeps))
        )
        self._after.append(tuple(after))
        self._labels.append(label)
        return len(self._rows) - 1

    def build(self) -> Workload:
        """All of it as columns."""
        children: list[list[int]] = [[] for _ in self._rows]
        for call, before in enumerate(self._after):
            for one in before:
                children[one].append(call)
        first, flat = [], list[int]()
        for mine in children:
            first.append(len(flat))
            flat.extend(mine)
        columns = list(zip(*self._rows, strict=True)) or [()] * 9
        return Workload(
            name=self.name,
            source=self.source,
            session=columns[0],
            stream=columns[1],
            prompt=columns[2],
            output=columns[3],
            gap_s=columns[4],
            arrival_s=columns[5],
            parents=[len(before) for before in self._after],
            first_child=first,
            child_count=[len(mine) for mine in children],
            children=flat,
            stream_parent=[parent for parent, _ in self._streams],
            stream_offset=[offset for _, offset in self._streams],
            priority=columns[6],
            pool=columns[7],
            keeps=columns[8],
            sessions=self._sessions,
            deadline_s=self._deadlines if any(self._deadlines) else (),
            labels=self._labels if any(self._labels) else (),
        )
