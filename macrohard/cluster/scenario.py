"""Scenarios: a YAML file as frozen settings. docs/cluster.md lists every key.

Everything is checked here, with file and line, before anything runs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from macrohard.cluster.deployment import Deployment, Parallel, Speculation
from macrohard.cluster.failure_domains import FailureDomains
from macrohard.cluster.hardware import Hardware, find_hardware, list_hardware
from macrohard.cluster.models import find_model
from macrohard.cluster.placement import domain_capacities
from macrohard.cluster.routing import DEFAULT_TTL_S, DESCRIPTIONS, Router
from macrohard.cluster.sections import Section, read_yaml
from macrohard.cluster.simulation import ServingPool, StepSource
from macrohard.errors import ConfigError

PLACEMENTS = ("first-fit", "best-fit", "fragmentation-aware", "optimal")
SPARES = ("72", "68+4", "64+8")

MOST_SESSIONS = 5e6
"""Sessions that can be laid out at once; each has some 34 calls, and each call some 200 bytes."""


@dataclass(frozen=True, slots=True)
class WorkloadPlan:
    """Where the calls come from.

    Attributes:
        kind: ``agents``, ``mooncake``, ``azure`` or ``run``.
        sessions: Sessions to generate.
        agents: Agents at work all the time (closed loop).
        rate_per_s: Sessions per second (open loop).
        files: Trace or run directories.
        speed: Plays a trace so much faster.
        limit: Reads only so many lines of a trace; 0 reads all.
        builds: Builds to replay (run).
        deadline_s: What a session may take; 0 for no deadline.
        urgent_share: Share of sessions with priority 0; the others have 1.
    """

    kind: Literal["agents", "mooncake", "azure", "run"] = "agents"
    sessions: int = 0
    agents: int = 0
    rate_per_s: float = 0.0
    files: tuple[Path, ...] = ()
    speed: float = 1.0
    limit: int = 0
    builds: int = 0
    deadline_s: float = 0.0
    urgent_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Objectives:
    """What people will bear: p90 of time to first token and of time per output token."""

    ttft_s: float = math.inf
    tpot_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Site:
    """How much of everything there is.

    Attributes:
        hardware: The kind of NVLink domain.
        racks: How many domains.
        halls: Halls they stand in, as evenly as they go; a failure domain.
        racks_per_leaf: Domains behind one leaf switch.
        spines: Spine switches over the leaves; counted, their traffic is not modelled.
        spares: GPUs in use and spare per domain.
        lost_trays_share: Share of domains with one compute tray out.
        most_per_rack: Most gangs of one model in a domain, so that losing it takes no more; 0 for
            no limit.
        most_per_leaf: The same behind a leaf switch.
        most_per_hall: The same in a hall.
    """

    hardware: Hardware
    racks: int = 1
    halls: int = 1
    racks_per_leaf: int = 8
    spines: int = 1
    spares: str = "72"
    lost_trays_share: float = 0.0
    most_per_rack: int = 0
    most_per_leaf: int = 0
    most_per_hall: int = 0

    @property
    def gpus(self) -> int:
        """All GPUs of the site."""
        return self.racks * self.hardware.domain_gpus

    @property
    def inventory(self) -> dict[str, float]:
        """How many there are of everything, and the nameplate power of the domains together."""
        one, per_hall = self.hardware, self.racks_per_hall
        halls = [min(per_hall, self.racks - k) for k in range(0, self.racks, per_hall)]
        return {
            "GPUs": self.gpus,
            "compute trays": one.trays * self.racks,
            "switch trays": one.switch_trays * self.racks,
            "power shelves": one.power_shelves * self.racks,
            "NVLink domains": self.racks,
            "leaf switches": sum(-(-racks // self.racks_per_leaf) for racks in halls),
            "spine switches": self.spines,
            "halls": len(halls),
            "MW of racks": one.rack_kw * self.racks / 1000,
        }

    @property
    def racks_per_hall(self) -> int:
        """Domains in one hall; the last hall may have fewer."""
        return -(-self.racks // self.halls)

    @property
    def failing(self) -> FailureDomains:
        """What fails together, and how much of a model may stand there."""
        return FailureDomains(
            self.racks_per_leaf, self.racks_per_hall,
            self.most_per_rack, self.most_per_leaf, self.most_per_hall,
        )  # fmt: skip

    def capacities(self, seed: int) -> list[int]:
        """Usable GPUs per domain; the seed says which have lost a tray."""
        lost = self.lost_trays_share
        return domain_capacities(
            self.hardware, self.racks, spares=self.spares, lost_share=lost, seed=seed
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question to the simulator."""

    name: str
    site: Site
    pools: tuple[ServingPool, ...]
    workload: WorkloadPlan
    objectives: Objectives = field(default_factory=Objectives)
    placement: str = "best-fit"
    seed: int = 1
    seeds: int = 3
    duration_s: float = math.inf
    source: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, key: str) -> str:
        """Where a key of the file stands, to begin a complaint: ``team.yaml:12: workload: ``."""
        line = f":{self.lines[key]}: {key}: " if key in self.lines else ": "
        return f"{self.source}{line}" if self.source else ""

    def with_router(self, router: Router) -> "Scenario":
        """The same with another routing policy everywhere."""
        return replace(self, pools=tuple(replace(pool, router=router) for pool in self.pools))


def _parallel(section: Section) -> Parallel:
    parallel = Parallel(*(section.count(key, 1) for key in ("tp", "dp", "pp", "ep")))
    section.end()
    return parallel


def _deployment(section: Section, hardware: Hardware) -> Deployment:
    drafts = section.section("speculation")
    speculation = Speculation(
        drafts.count("draft", 0, least=0), drafts.number("acceptance", "share", 0.0, most=1)
    )
    drafts.end()
    try:
        model = find_model(section.text("model"))
    except ConfigError as error:
        raise section.fail(str(error), "model") from None
    precision = section.text("precision", "fp8", among=("bf16", "fp8", "fp4"))
    backend = section.text("backend", "trtllm", among=("trtllm", "sglang", "vllm"))
    deployment = Deployment(
        hardware=hardware,
        model=model,
        parallel=_parallel(section.section("parallel")),
        precision=precision,  # type: ignore[arg-type]  # one of three, checked above
        kv_bytes=section.number("kv_bytes", "count", 1, least=0.5, most=4),
        max_batch=section.count("max_batch", 256),
        chunk_tokens=section.count("chunk", 8192, least=64),
        backend=backend,  # type: ignore[arg-type]  # one of three, checked above
        speculation=speculation,
    )
    try:
        deployment.check()
    except ConfigError as error:
        raise section.fail(str(error), "parallel") from None
    return deployment


def _pool(
    section: Section, hardware: Hardware, router: Router, step_time: StepSource
) -> ServingPool:
    deployment = _deployment(section, hardware)
    decode, decoders, transfer = None, 0, "nic"
    if section.has("decode"):
        apart = section.section("decode")
        decode = replace(
            deployment,
            parallel=_parallel(apart.section("parallel")),
            max_batch=apart.count("max_batch", deployment.max_batch),
        )
        decoders = apart.count("replicas", 1)
        transfer = apart.text("transfer", "nic", among=("nic", "nvlink"))
        apart.end()
        try:
            decode.check()
        except ConfigError as error:
            raise apart.fail(str(error)) from None
    pool = ServingPool(
        name=section.text("name", deployment.model.name),
        deployment=deployment,
        replicas=section.count("replicas", 1),
        router=router,
        decode=decode,
        decoders=decoders,
        step_time=step_time,
        priority=section.count("priority", 0, least=0),
        transfer=transfer,  # type: ignore[arg-type]  # one of two, checked above
    )
    section.end()
    if transfer == "nvlink" and pool.unit_gpus > hardware.domain_gpus:
        raise section.fail(
            f"KV over NVLink needs prefill and decode in one domain: {pool.units} unit(s) of "
            f"{pool.unit_gpus} GPUs each, {hardware.name} has {hardware.domain_gpus}; choose "
            f"counts with a larger common divisor, or `transfer: nic`",
            "decode",
        )
    if min(pool.replicas, decoders or pool.replicas) < router.shards:
        raise section.fail(f"too few replicas for a share behind each of {router.shards} shards")
    return pool


def _router(section: Section) -> Router:
    name = section.text("name", "least-loaded", among=tuple(DESCRIPTIONS))
    usual = DEFAULT_TTL_S if name == "sticky" else 0.0
    router = Router(
        name=name,
        ttl_s=section.number("ttl", "time", usual, most=86400),
        spill=section.number("spill", "share", 0.1, most=1),
        threshold=section.number("threshold", "share", 0.3, most=1),
        cache_weight=section.number("cache_weight", "count", 1, most=1000),
        load_weight=section.number("load_weight", "count", 1, most=1000),
        shards=section.count("shards", 1),
    )
    section.end()
    return router


def _workload(section: Section) -> WorkloadPlan:
    kind = section.text("kind", "agents", among=("agents", "mooncake", "azure", "run"))
    base = section.path.parent
    files = tuple(base / name for name in section.text("file", "").split(",") if name)
    plan = WorkloadPlan(
        kind=kind,  # type: ignore[arg-type]  # one of four, checked above
        sessions=section.count("sessions", 0, least=0, most=MOST_SESSIONS),
        agents=section.count("agents", 0, least=0, most=MOST_SESSIONS),
        rate_per_s=section.number("rate", "rate", 0.0, most=1e6),
        files=files,
        speed=section.number("speed", "count", 1.0, least=1e-3, most=1e3),
        limit=section.count("limit", 0, least=0, most=1e12),
        builds=section.count("builds", 0, least=0),
        deadline_s=section.number("deadline", "time", 0.0),
        urgent_share=section.number("urgent", "share", 1.0, most=1),
    )
    section.end()
    if kind == "agents" and (plan.rate_per_s > 0) == (plan.agents > 0):
        raise section.fail("agents need either `agents: N` (closed loop) or `rate: N /s`")
    if kind != "agents" and not files:
        raise section.fail(f"{kind} needs `file:`")
    for file in files:
        if not file.exists():
            raise section.fail(f"{file} does not exist", "file")
    return plan


def _site(section: Section, hardware: Hardware) -> Site:
    site = Site(
        hardware=hardware,
        racks=section.count("racks", 1),
        halls=section.count("halls", 1),
        racks_per_leaf=section.count("racks_per_leaf", 8),
        spines=section.count("spines", 1),
        spares=section.text("spares", "72", among=SPARES),
        lost_trays_share=section.number("lost_trays", "share", 0.0, most=1),
        most_per_rack=section.count("most_per_rack", 0, least=0),
        most_per_leaf=section.count("most_per_leaf", 0, least=0),
        most_per_hall=section.count("most_per_hall", 0, least=0),
    )
    section.end()
    if site.halls > site.racks:
        raise section.fail(f"{site.racks} racks cannot fill {site.halls} halls", "halls")
    return site


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario.

    Raises:
        ConfigError: Anything in it that means nothing; names file and line.
    """
    top = read_yaml(path)
    names = tuple(hardware.name for hardware in list_hardware())
    hardware = find_hardware(top.text("hardware", among=names))
    router = _router(top.section("router"))
    step_time: StepSource = (
        "measured"
        if top.text("step_time", "roofline", among=("roofline", "measured")) == "measured"
        else "roofline"
    )
    models = top.sections("models")
    if not models:
        raise top.fail("models is missing: list what is served")
    slo = top.section("slo")
    objectives = Objectives(
        slo.number("ttft", "time", math.inf), slo.number("tpot", "time", math.inf)
    )
    slo.end()
    scenario = Scenario(
        name=top.text("name", path.stem),
        site=_site(top.section("site"), hardware),
        pools=tuple(_pool(one, hardware, router, step_time) for one in models),
        workload=_workload(top.section("workload")),
        objectives=objectives,
        placement=top.text("placement", "best-fit", among=PLACEMENTS),
        seed=top.count("seed", 1, least=0, most=1e9),
        seeds=top.count("seeds", 3, most=1000),
        duration_s=top.number("duration", "time", math.inf, least=1e-3),
        source=str(path),
        lines=top.lines,
    )
    top.end()
    used = sum(pool.gpus for pool in scenario.pools)
    if used > scenario.site.gpus:
        raise top.fail(
            f"the models take {used} GPUs, the site has {scenario.site.gpus} "
            f"({scenario.site.racks} x {hardware.domain_gpus})",
            "models",
        )
    return scenario
