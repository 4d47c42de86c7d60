"""What the model calls of one factory run would take on a modelled cluster."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.factory import replay_runs
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.metrics import DECODE_POWER_SHARE
from macrohard.cluster.models import find_model
from macrohard.cluster.routing import make_router
from macrohard.cluster.simulation import Result, ServingPool, simulate

NOTE = (
    "Modelled, not measured: the calls of this run, with their order and the work between them, "
    "replayed on one replica that serves nobody else."
)


@dataclass(frozen=True, slots=True)
class StageBill:
    """Calls of one stage: how many, how long they queued and took, added up, in seconds."""

    calls: int
    queueing_s: float
    model_s: float


@dataclass(frozen=True, slots=True)
class ClusterBill:
    """What the calls of a build would take on a modelled cluster.

    Attributes:
        hardware: The machine.
        deployment: What served it, in words.
        calls: Model calls.
        cached_tokens: Prompt tokens that were in the modelled KV cache.
        gpu_seconds: GPUs times the time they were in a step for this build.
        queueing_s: Time its calls waited for a place in a batch, added up.
        model_s: Time its calls took, added up.
        elapsed_s: Time from its first call to the end of its last one.
        kwh: Energy at the facility's meter for those GPU-seconds.
        usd: Cost of owning the GPUs for those GPU-seconds.
        step_time: Where step times come from.
        by_stage: Each stage's part in calls and their times.
    """

    hardware: str
    deployment: str
    calls: int
    cached_tokens: int
    gpu_seconds: float
    queueing_s: float
    model_s: float
    elapsed_s: float
    kwh: float
    usd: float
    step_time: str
    by_stage: dict[str, StageBill]

    def as_json(self) -> dict[str, Any]:
        """For ``run.json``, with the remark that all of it is modelled."""
        return {"modelled": NOTE, **asdict(self)}


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


def bill_run(folder: Path, hardware: str, *, deployment: Deployment | None = None) -> ClusterBill:
    """Replay the calls of a run directory on one modelled replica and read its meters.

    A call starts when those it waited for in the run have ended on the cluster, not when it
    started in the run: a slower cluster moves everything behind it.

    Args:
        folder: The run directory.
        hardware: Name in the catalogue.
        deployment: What serves; the house model by default.

    Raises:
        ConfigError: No run or one without calls, unknown hardware, or a call that does not fit.
    """
    serving = deployment or house_deployment(hardware)
    workload = replay_runs([folder], builds=1, agents=1)
    result = simulate([ServingPool("house", serving, 1, make_router("affinity"))], workload)
    account, gpus, machine = result.replicas[0], serving.parallel.gpus, serving.hardware
    busy_s = account.mixed_s + account.decode_s
    active_s = account.mixed_s + DECODE_POWER_SHARE * account.decode_s
    beside_w = machine.all_in_w - machine.gpu_w + machine.idle_w
    joules = gpus * (beside_w * busy_s + (machine.gpu_w - machine.idle_w) * active_s)
    stages = _by_stage(result)
    return ClusterBill(
        hardware=machine.name,
        deployment=str(serving),
        calls=len(workload),
        cached_tokens=int(sum(result.cached)),
        gpu_seconds=gpus * busy_s,
        queueing_s=sum(stage.queueing_s for stage in stages.values()),
        model_s=sum(stage.model_s for stage in stages.values()),
        elapsed_s=float(max(result.finished_s) - min(result.arrived_s)),
        kwh=joules / 3.6e6,
        usd=gpus * busy_s * machine.usd_per_gpu_h / 3600,
        step_time=result.sources[0],
        by_stage=stages,
    )


def _by_stage(result: Result) -> dict[str, StageBill]:
    rows: dict[str, list[tuple[float, float]]] = {}
    for stage, arrived, admitted, finished in zip(
        result.workload.labels,
        result.arrived_s,
        result.admitted_s,
        result.finished_s,
        strict=True,
    ):
        rows.setdefault(stage, []).append((float(admitted - arrived), float(finished - arrived)))
    return {
        stage: StageBill(len(own), sum(row[0] for row in own), sum(row[1] for row in own))
        for stage, own in rows.items()
    }
