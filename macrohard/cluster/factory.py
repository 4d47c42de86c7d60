"""Runs of our own factory as a workload.

A run directory says for each call who asked, when, how many tokens, and (in ``calls/``) which
messages. Calls of one asker (role, stage, item, round) form a chain, with the tool times between
them as gaps. A chain starts after the chains that had ended when it started (the interval order of
the run), so a faster or slower cluster moves everything behind it. Prompts share what their
messages share, from the first message on.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from macrohard.cluster.workload import Workload, WorkloadBuilder
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


class _Streams:
    """Gives each prompt a stream that branches where its messages part from earlier ones."""

    def __init__(self, builder: WorkloadBuilder) -> None:
        self._builder = builder
        self._nodes: dict[tuple[int, str], int] = {}
        self._tokens = [0]  # node -> tokens up to and with it
        self._stream = [-1]  # node -> stream it was first seen in
        self._end: dict[int, int] = {}  # stream -> its last node

    def stream_of(self, messages: Prefix, prompt: int, salt: str) -> int:
        """The stream of a prompt.

        Args:
            messages: Its messages; without any it shares nothing.
            prompt: Its tokens, spread over the messages by their length.
            salt: Makes everything after the first message different from build to build.
        """
        if not messages:
            return self._builder.add_stream()
        scale = prompt / sum(length for _, length in messages)
        node, depth = 0, 0
        keys = [
            identity if place == 0 else f"{salt}{identity}"
            for place, (identity, _) in enumerate(messages)
        ]
        while depth < len(keys) and (node, keys[depth]) in self._nodes:
            node = self._nodes[node, keys[depth]]
            depth += 1
        home = self._stream[node]
        if home >= 0 and (depth == len(keys) or self._end[home] == node):
            stream = home
        else:
            stream = self._builder.add_stream(home, min(self._tokens[node], prompt - 1))
        for place in range(depth, len(keys)):
            tokens = self._tokens[node] + max(1, round(messages[place][1] * scale))
            self._tokens.append(tokens)
            self._stream.append(stream)
            self._nodes[node, keys[place]] = node = len(self._tokens) - 1
            self._end[stream] = node
        return stream


def replay_runs(
    folders: Sequence[Path], *, builds: int, agents: int = 10, seed: int = 1
) -> Workload:
    """Builds like those recorded, one after another in a closed loop.

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
    builder = WorkloadBuilder("factory", f"calls of {len(folders)} recorded run(s)")
    streams = _Streams(builder)
    recorded = [(calls, _chains(calls)) for calls in map(read_calls, folders)]
    ends: list[list[int]] = []
    for build in range(builds):
        calls, chains = recorded[build % len(recorded)]
        session = builder.add_session()
        before = ends[build - agents] if build >= agents else []
        offset_s = ((seed * 7919 + build * 104_729) % 1000) / 1000 * min(60.0, agents)
        last: list[int] = []
        numbers: dict[int, int] = {}
        for chain in chains:
            waits = [last[k] for k in chain.after] or before
            for place, number in enumerate(chain.calls):
                call = calls[number]
                gap_s = chain.gap_s
                if place:
                    gap_s = max(0.0, call.began_s - calls[chain.calls[place - 1]].ended_s)
                stream = streams.stream_of(call.messages, call.prompt, f"{build}.")
                numbers[number] = builder.add_call(
                    session,
                    stream,
                    call.prompt,
                    call.output,
                    after=waits,
                    gap_s=gap_s,
                    at_s=0.0 if waits else call.began_s + offset_s,
                    keeps=False,
                    label=call.asker[1],
                )
                waits = [numbers[number]]
            last.append(waits[0])
        waited = {k for chain in chains for k in chain.after}
        ends.append([call for k, call in enumerate(last) if k not in waited])
    return builder.build()
