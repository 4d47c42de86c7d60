"""A generator of agent traffic, calibrated to published figures.

Targets (docs/cluster.md has the table): GitHub Copilot coding agents 2026 (67.8k prompt and 527
output tokens per call, 86 % of prompt tokens cached, 7.8 calls per turn, 3.95 turns per session);
InferenceX explorer 2026-09 (gaps between calls p50 3.8 s, p90 29 s, p99 334 s).
"""

from dataclasses import dataclass
from typing import Any

from macrohard.cluster.workload import Workload
from macrohard.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AgentTraffic:
    """Parameters of agent sessions. Defaults are the calibration.

    Attributes:
        turns: Mean turns (requests of a person) per session.
        calls_per_turn: Mean model calls per turn.
        shared: Tokens of system prompt, tools and repository that sessions share.
        shared_streams: How many such prefixes there are (teams, repositories).
        first_new: Median tokens of the first request beyond the shared prefix.
        new_median: Median new prompt tokens per call (tool results, files read).
        new_sigma: Deviation of their logarithm.
        output_median: Median output tokens.
        output_sigma: Deviation of their logarithm.
        gap_median_s: Median time of an ordinary tool call.
        gap_sigma: Deviation of its logarithm.
        slow_gap_share: Share of slow tools (test suites, builds).
        slow_gap_median_s: Their median time.
        slow_gap_sigma: Deviation of its logarithm.
        think_median_s: Median pause of the person between turns.
        think_sigma: Deviation of its logarithm.
        longest: Context at which the agent compacts its history.
        fan_out_share: Share of calls that hand out sub-agents.
        fan_out: Sub-agents then.
        child_calls: Mean calls of a sub-agent.
        kept_share: Most that a compaction keeps, as a share of the room.
    """

    turns: float = 3.95
    calls_per_turn: float = 7.8
    shared: int = 20_480
    shared_streams: int = 50
    first_new: float = 8_000.0
    new_median: float = 1_900.0
    new_sigma: float = 1.5
    output_median: float = 300.0
    output_sigma: float = 1.06
    gap_median_s: float = 2.6
    gap_sigma: float = 1.3
    slow_gap_share: float = 0.08
    slow_gap_median_s: float = 60.0
    slow_gap_sigma: float = 1.0
    think_median_s: float = 15.0
    think_sigma: float = 1.0
    longest: int = 131_072
    fan_out_share: float = 0.02
    fan_out: int = 3
    child_calls: float = 4.0
    kept_share: float = 0.5


def generate_agents(
    sessions: int,
    *,
    seed: int,
    rate_per_s: float = 0.0,
    agents: int = 0,
    traffic: AgentTraffic | None = None,
) -> Workload:
    """Sessions of coding agents.

    Args:
        sessions: How many.
        seed: Same seed, same sessions.
        rate_per_s: Poisson arrivals of sessions (open loop); or
        agents: so many agents, each starting its next session when one is over (closed loop).
        traffic: Parameters.

    Raises:
        ConfigError: Neither a rate nor agents, or both.
    """
    if sessions < 1 or (rate_per_s > 0) == (agents > 0):
        raise ConfigError("agent traffic needs sessions and either a rate or a number of agents")
    shape_of = traffic or AgentTraffic()
    if shape_of.shared >= shape_of.longest - 16_384 or shape_of.fan_out < 1:
        raise ConfigError("agent traffic: the shared prefix must be well below the longest context")
    from macrohard.cluster.engine import agents as engine  # noqa: PLC0415 - may start numba
    from macrohard.cluster.engine.jit import has_numba  # noqa: PLC0415
    from macrohard.cluster.engine.records import make_flat  # noqa: PLC0415

    arrays = has_numba()
    values = {name: getattr(shape_of, name) for name in engine.Shape._fields}
    values["shared"] = shape_of.shared // 64 * 64
    shape = engine.Shape(**values)

    def column(size: int, fill: float = 0) -> Any:
        return make_flat(size, fill, arrays=arrays)

    def columns(calls: int, edges: int, streams: int) -> Any:
        return engine.Columns(
            session=column(calls),
            stream=column(calls),
            prompt=column(calls),
            output=column(calls),
            gap_s=column(calls, 0.0),
            arrival_s=column(calls, 0.0),
            parents=column(calls),
            stream_parent=column(streams),
            stream_offset=column(streams),
            edge_from=column(edges),
            edge_to=column(edges),
            last=column(sessions),
        )

    at = engine.Cursor(column(1), column(1), column(1))
    state, ends = column(2), column(max(1, shape.fan_out))
    arguments = (at, state, shape, ends, seed, sessions, float(rate_per_s), agents)
    engine.fill_sessions(columns(1, 1, 1), *arguments, False)
    calls, edges, streams = int(at.call[0]), int(at.edge[0]), int(at.stream[0])
    filled = columns(calls, edges, streams)
    for shared in range(shape.shared_streams):
        filled.stream_parent[shared] = -1
    engine.fill_sessions(filled, *arguments, True)
    first, count, children = column(calls), column(calls), column(edges)
    engine.group_edges(filled.edge_from, filled.edge_to, first, count, children)
    return Workload(
        name="agents",
        source="generated agent sessions, calibrated to Copilot 2026 and InferenceX 2026-09",
        session=filled.session,
        stream=filled.stream,
        prompt=filled.prompt,
        output=filled.output,
        gap_s=filled.gap_s,
        arrival_s=filled.arrival_s,
        parents=filled.parents,
        first_child=first,
        child_count=count,
        children=children,
        stream_parent=filled.stream_parent,
        stream_offset=filled.stream_offset,
        priority=column(calls),
        pool=column(calls),
        keeps=make_flat(calls, 1, arrays=arrays),
        sessions=sessions,
    )
