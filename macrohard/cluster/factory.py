"""Runs of our own factory as a workload.

A run directory says for each call who asked, when, how many tokens, and (in ``calls/``) which
messages. Calls of one asker (role, stage, item, round) form a chain, with the tool times between
them as gaps. A chain starts after the chains that had ended when it started (the interval order of
the run), so a faster or slower cluster moves everything behind it. Prompts share what their
messages share, from the first message on.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from macrohard.cluster.workload import BRANCH_TOKENS, Workload
from macrohard.errors import ConfigError
from macrohard.journal import read_journal

Prefix = tuple[tuple[str, int], ...]
"""Messages of a prompt: identity and length of each."""


@dataclass(frozen=True, slots=True)
class FactoryCall:
    """One model call of a run. Times in seconds since the run's first call began."""

    asker: tuple[str, str, str, int]
    began_s: float
    ended_s: float
    prompt: int
    output: int
    messages: Prefix = ()


def _messages(folder: Path, key: str) -> Prefix:
    path = folder / "calls" / f"{key}.json"
    try:
        request = json.loads(path.read_text("utf-8"))["request"]
    except (OSError, ValueError, KeyError):
        return ()
    parts = []
    for message in request.get("messages", []):
        text = json.dumps(message, sort_keys=True)
        content = message.get("content", "")
        length = len(text)
        if isinstance(content, dict):
            digest = str(content.get("artifact", ""))
            file = folder / "artifacts" / digest[:2] / digest[2:]
            length = file.stat().st_size if file.is_file() else 4000
        parts.append((sha256(text.encode()).hexdigest()[:16], max(1, length)))
    return tuple(parts)


def read_calls(folder: Path) -> list[FactoryCall]:
    """The model calls of a run directory, in order of their start.

    Raises:
        ConfigError: No run directory, or a run without calls.
    """
    journal = folder / "events.jsonl"
    if not journal.is_file():
        raise ConfigError(f"{folder} is no run directory: it has no events.jsonl")
    rows = []
    try:
        for event in read_journal(journal):
            if event.get("type") == "call_finished" and not event.get("reused"):
                ended = datetime.fromisoformat(event["at"]).timestamp()
                rows.append((ended - float(event["seconds"]), ended, event))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{journal}: cannot be read as a journal: {error}") from error
    if not rows:
        raise ConfigError(f"{folder}: this run has made no model calls yet")
    start = min(began for began, _, _ in rows)
    calls = [
        FactoryCall(
            asker=(event["role"], event["stage"], event["item"], int(event.get("round", 1))),
            began_s=began - start,
            ended_s=ended - start,
            prompt=max(1, int(event["input_tokens"])),
            output=max(1, int(event["output_tokens"])),
            messages=_messages(folder, str(event.get("key", ""))),
        )
        for began, ended, event in rows
    ]
    return sorted(calls, key=lambda call: (call.began_s, call.ended_s))


@dataclass(frozen=True, slots=True)
class _Chain:
    """Calls of one asker, and the chains it waited for."""

    calls: tuple[int, ...]
    after: tuple[int, ...]
    gap_s: float


def _chains(calls: Sequence[FactoryCall]) -> list[_Chain]:
    askers: dict[tuple[str, str, str, int], list[int]] = defaultdict(list)
    for number, call in enumerate(calls):
        askers[call.asker].append(number)
    spans = [
        (calls[own[0]].began_s, max(calls[n].ended_s for n in own), own) for own in askers.values()
    ]
    spans.sort(key=lambda span: span[:2])
    chains = []
    for start, _, own in spans:
        before = [k for k, (_, end, _) in enumerate(spans) if end <= start]
        # only the latest ones: those that no other chain in between waited for
        latest_start = max((spans[k][0] for k in before), default=0.0)
        after = tuple(
            k for k in before if spans[k][1] > latest_start or spans[k][0] == latest_start
        )
        ended = max((spans[k][1] for k in after), default=start)
        chains.append(_Chain(tuple(own), after, max(0.0, start - ended)))
    return chains


@dataclass(slots=True)
class _Template:
    """One build of a recorded run as columns, numbered from 0; builds are copies of it.

    Streams below ``shared`` are first messages, which builds have in common; those above are a
    build's own.
    """

    prompt: list[int]
    output: list[int]
    gap_s: list[float]
    began_s: list[float]
    labels: list[str]
    stream: list[int]
    edges: list[tuple[int, int]]
    roots: list[int]
    ends: list[int]
    own_parent: list[int]
    own_offset: list[int]


class _Streams:
    """Gives each prompt a stream that branches where its messages part from earlier ones."""

    def __init__(self) -> None:
        self.first: dict[str, int] = {}  # first message -> shared stream
        self.begin()

    def begin(self) -> None:
        """Start a build: nothing but first messages is known to it."""
        self.parent: list[int] = []  # of own streams; -1 - k is shared stream k, None is no parent
        self.offset: list[int] = []
        self._nodes: dict[tuple[int, str], int] = {}
        self._tokens = [0]  # node -> tokens up to and with it
        self._stream: list[int | None] = [None]  # node -> stream it was first seen in
        self._end: dict[int, int] = {}  # own stream -> its last node

    def _add(self, parent: int, at_token: int) -> int:
        self.parent.append(parent)
        self.offset.append(at_token // BRANCH_TOKENS * BRANCH_TOKENS)
        return len(self.parent) - 1

    def stream_of(self, messages: Prefix, prompt: int) -> int:
        """The build's own stream of a prompt.

        Args:
            messages: Its messages; without any it shares nothing.
            prompt: Its tokens, spread over the messages by their length.
        """
        if not messages:
            return self._add(NOBODY, 0)
        scale = prompt / sum(length for _, length in messages)
        node, depth = 0, 0
        while depth < len(messages) and (node, messages[depth][0]) in self._nodes:
            node = self._nodes[node, messages[depth][0]]
            depth += 1
        home = self._stream[node]
        tokens = min(self._tokens[node], prompt - 1)
        if home is not None and (depth == len(messages) or self._end[home] == node):
            stream = home
        elif home is not None:
            stream = self._add(home, tokens)
        else:
            shared = self.first.setdefault(messages[0][0], len(self.first))
            opening = min(max(1, round(messages[0][1] * scale)), prompt - 1)
            stream = self._add(-1 - shared, opening)
        for place in range(depth, len(messages)):
            identity, length = messages[place]
            self._tokens.append(self._tokens[node] + max(1, round(length * scale)))
            self._stream.append(stream)
            self._nodes[node, identity] = node = len(self._tokens) - 1
            self._end[stream] = node
        return stream


NOBODY = -1_000_000
"""Parent of a stream that branches from none."""


def _template(calls: Sequence[FactoryCall], streams: _Streams) -> _Template:
    streams.begin()
    made = _Template([], [], [], [], [], [], [], [], [], streams.parent, streams.offset)
    chains = _chains(calls)
    last: list[int] = []
    for chain in chains:
        waits = [last[k] for k in chain.after]
        for place, number in enumerate(chain.calls):
            call, here = calls[number], len(made.prompt)
            gap_s = chain.gap_s
            if place:
                gap_s = max(0.0, call.began_s - calls[chain.calls[place - 1]].ended_s)
            made.prompt.append(call.prompt)
            made.output.append(call.output)
            made.gap_s.append(gap_s)
            made.began_s.append(call.began_s)
            made.labels.append(call.asker[1])
            made.stream.append(streams.stream_of(call.messages, call.prompt))
            made.edges += [(before, here) for before in waits]
            if not waits:
                made.roots.append(here)
            waits = [here]
        last.append(waits[0])
    waited = {k for chain in chains for k in chain.after}
    made.ends = [call for k, call in enumerate(last) if k not in waited]
    return made


def replay_runs(
    folders: Sequence[Path], *, builds: int, agents: int = 10, seed: int = 1
) -> Workload:
    """Builds like those recorded, one after another in a closed loop.

    Each run is laid out once and copied, so ten thousand builds are laid out in seconds.

    Args:
        folders: Run directories; builds take turns among them.
        builds: How many builds.
        agents: How many builds are under way at any time.
        seed: Shifts the start of the first builds.

    Raises:
        ConfigError: A folder that is no run, or numbers that make no sense.
    """
    if builds < 1 or agents < 1:
        raise ConfigError("a replay needs builds and a number of them at a time")
    streams = _Streams()
    runs = [_template(read_calls(folder), streams) for folder in folders]
    order = [runs[build % len(runs)] for build in range(builds)]
    first_call = _running_sum(len(run.prompt) for run in order)
    first_stream = _running_sum((len(run.own_parent) for run in order), len(streams.first))
    edges: list[tuple[int, int]] = []
    arrival: list[float] = []
    for build, (run, at) in enumerate(zip(order, first_call, strict=False)):
        edges += [(at + before, at + after) for before, after in run.edges]
        starts = [-1.0] * len(run.prompt)
        if build >= agents:
            earlier, since = order[build - agents], first_call[build - agents]
            edges += [(since + end, at + root) for root in run.roots for end in earlier.ends]
        else:
            offset_s = ((seed * 7919 + build * 104_729) % 1000) / 1000 * min(60.0, agents)
            for root in run.roots:
                starts[root] = run.began_s[root] + offset_s
        arrival += starts
    calls = first_call[-1]
    parents, count = [0] * calls, [0] * calls
    for before, after in edges:
        parents[after] += 1
        count[before] += 1
    edges.sort()
    nobody = len(streams.first)
    return Workload(
        name="factory",
        source=f"calls of {len(folders)} recorded run(s)",
        session=[build for build, run in enumerate(order) for _ in run.prompt],
        stream=[at + k for run, at in zip(order, first_stream, strict=False) for k in run.stream],
        prompt=[k for run in order for k in run.prompt],
        output=[k for run in order for k in run.output],
        gap_s=[k for run in order for k in run.gap_s],
        arrival_s=arrival,
        parents=parents,
        first_child=_running_sum(count)[:-1],
        child_count=count,
        children=[after for _, after in edges],
        stream_parent=[-1] * nobody + [
            at + k if k >= 0 else (-1 if k == NOBODY else -1 - k)
            for run, at in zip(order, first_stream, strict=False)
            for k in run.own_parent
        ],
        stream_offset=[0] * nobody + [k for run in order for k in run.own_offset],
        priority=[0] * calls,
        pool=[0] * calls,
        keeps=[0] * calls,
        sessions=builds,
        labels=[k for run in order for k in run.labels],
    )  # fmt: skip


def _running_sum(values: Iterable[int], start: int = 0) -> list[int]:
    return list(accumulate(values, initial=start))
