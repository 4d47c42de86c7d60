"""Runs of our own factory as a workload, and what one run would take on a modelled cluster.

A run directory says for each call who asked, when, how many tokens, and (in ``calls/``) which
messages. Calls of one asker (role, stage, item, round) form a chain, with the tool times between
them as gaps. A chain starts after the chains that had ended when it started (the interval order of
the run), so a faster or slower cluster moves everything behind it. Prompts share what their
messages share, from the first message on.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.metrics import DECODE_POWER_SHARE
from macrohard.cluster.models import find_model
from macrohard.cluster.routing import make_router
from macrohard.cluster.simulation import ServingPool, simulate
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


@dataclass(frozen=True, slots=True)
class ClusterBill:
    """What the calls of a build would take on a modelled cluster.

    Attributes:
        hardware: The machine.
        deployment: What served it, in words.
        calls: Model calls.
        gpu_seconds: GPUs times the time they were in a step for this build.
        queueing_s: Time its calls waited for a place in a batch, added up.
        model_s: Time its calls took, added up.
        kwh: Energy at the facility's meter for those GPU-seconds.
        usd: Cost of owning the GPUs for those GPU-seconds.
        step_time: Where step times come from.
    """

    hardware: str
    deployment: str
    calls: int
    gpu_seconds: float
    queueing_s: float
    model_s: float
    kwh: float
    usd: float
    step_time: str

    def as_json(self) -> dict[str, Any]:
        """For ``run.json``."""
        return {name: getattr(self, name) for name in self.__slots__}


def house_deployment(hardware: str) -> Deployment:
    """Grok-1 at FP8 on the fewest GPUs it fits: what serves when nobody says otherwise.

    Raises:
        ConfigError: Unknown hardware, or it fits nowhere in a domain.
    """
    machine, model = find_hardware(hardware), find_model("grok-1")
    for tp in (1, 2, 4, 8):
        deployment = Deployment(machine, model, Parallel(tp), "fp8")
        if deployment.kv_room_gb_per_gpu > 0.2 * machine.hbm_usable_gb:
            return deployment
    deployment.check()
    return deployment


def bill_calls(
    events: Iterable[Mapping[str, Any]], hardware: str, *, deployment: Deployment | None = None
) -> ClusterBill:
    """Place the calls of a build on one modelled replica and read its meters.

    Args:
        events: ``call_finished`` events of a run's journal; others are passed over.
        hardware: Name in the catalogue.
        deployment: What serves; the house model by default.

    Raises:
        ConfigError: Unknown hardware, or a call that does not fit.
    """
    serving = deployment or house_deployment(hardware)
    builder = WorkloadBuilder("build", "calls of a build")
    session = builder.add_session()
    threads: dict[tuple[str, str, int], int] = {}
    starts = []
    for event in events:
        if event.get("type", "call_finished") != "call_finished" or event.get("reused"):
            continue
        stamp = event.get("at")
        ended = datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0
        starts.append((ended - float(event.get("seconds", 0.0)), event))
    if not starts:
        raise ConfigError("no model calls to place on the cluster")
    starts.sort(key=lambda pair: pair[0])
    for began, event in starts:
        asker = (str(event.get("role")), str(event.get("item", "")), int(event.get("round", 1)))
        if asker not in threads:
            threads[asker] = builder.add_stream()
        builder.add_call(
            session,
            threads[asker],
            max(1, int(event["input_tokens"])),
            max(1, int(event["output_tokens"])),
            at_s=began - starts[0][0],
        )
    router = make_router("affinity")
    result = simulate([ServingPool("house", serving, 1, router)], builder.build())
    account, gpus, machine = result.replicas[0], serving.parallel.gpus, serving.hardware
    busy_s = account.mixed_s + account.decode_s
    active_s = account.mixed_s + DECODE_POWER_SHARE * account.decode_s
    beside_w = machine.all_in_w - machine.gpu_w + machine.idle_w
    joules = gpus * (beside_w * busy_s + (machine.gpu_w - machine.idle_w) * active_s)
    rows = list(zip(result.arrived_s, result.admitted_s, result.finished_s, strict=True))
    return ClusterBill(
        hardware=machine.name,
        deployment=str(serving),
        calls=len(rows),
        gpu_seconds=gpus * busy_s,
        queueing_s=float(sum(admitted - arrived for arrived, admitted, _ in rows)),
        model_s=float(sum(finished - arrived for arrived, _, finished in rows)),
        kwh=joules / 3.6e6,
        usd=gpus * busy_s * machine.usd_per_gpu_h / 3600,
        step_time=result.sources[0],
    )


def bill_run(folder: Path, hardware: str) -> ClusterBill:
    """The bill of a run directory.

    Raises:
        ConfigError: No run, unknown hardware, or a call that does not fit.
    """
    if not (folder / "events.jsonl").is_file():
        raise ConfigError(f"{folder} is no run directory: it has no events.jsonl")
    return bill_calls(read_journal(folder / "events.jsonl"), hardware)
