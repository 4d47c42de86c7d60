"""Step times of the cluster model against a GPU: ``python benchmarks/bench_gpu.py [FILE...]``.

Each file holds steps measured by ``gpu_steps.py`` (random weights, no engine's host). Beside each
step: what the data sheet allows (every share 1, nothing fixed), the built-in roofline with what
engines reach, and, with the extra ``cluster``, the measured kernels of three engines. Printed are
predicted over measured: 1.00 is right, below is too fast.
"""

import argparse
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import list_hardware
from macrohard.cluster.measured import MeasuredKernels, is_installed
from macrohard.cluster.models import find_model
from macrohard.cluster.roofline import Efficiency, Roofline
from macrohard.cluster.step_time import StepTable, StepTime
from macrohard.errors import ConfigError

MEASURED = Path(__file__).parent / "measured"
DATA_SHEET = Efficiency(
    hbm=1, flops=1, expert_flops=1, expert_width=0, attention_flops=1, layer_s=0, step_s=0
)
KERNELS_ALONE = Efficiency(layer_s=0, step_s=0)
"""What engines reach in kernels, without what they take besides: nothing of that was measured."""
BACKENDS = ("trtllm", "sglang", "vllm")


def deployment(row: Mapping[str, Any], gpu: str, backend: Any = "trtllm") -> Deployment:
    """The step's model on one GPU; KV in BF16, as it was measured."""
    hardware = next(h for h in list_hardware() if h.gpu in gpu)
    return Deployment(
        hardware, find_model(row["model"]), Parallel(), row["precision"], kv_bytes=2,
        max_batch=256, chunk_tokens=8192, backend=backend,
    )  # fmt: skip


def predictors(row: Mapping[str, Any], gpu: str) -> dict[str, StepTime]:
    """Whatever may know this deployment, by name."""
    here = deployment(row, gpu)
    found: dict[str, StepTime] = {
        "sheet": Roofline(here, DATA_SHEET),
        "kernels": Roofline(here, KERNELS_ALONE),
        "roofline": Roofline(here),
    }
    for backend in BACKENDS if is_installed() else ():
        found[backend] = MeasuredKernels(deployment(row, gpu, backend))
    return found


def tables(row: Mapping[str, Any], gpu: str) -> dict[str, StepTable]:
    """Every table there is for this deployment."""
    found = {}
    for name, predictor in predictors(row, gpu).items():
        try:
            found[name] = predictor.table()
        except ConfigError as error:
            print(f"  {name}: {error}")
    return found


def predicted_ms(table: StepTable, row: Mapping[str, Any]) -> float:
    """The step's time by a table."""
    if row["kind"] == "decode":
        return 1e3 * table.step_s(row["requests"], row["requests"] * row["context"])
    return 1e3 * table.step_s(0, 0, row["tokens"], row["past"])


def compare(found: Mapping[str, Any]) -> None:
    """Print a table a model, then means."""
    print(
        f"{found['gpu']}, PyTorch {found['torch']}: products {found['bf16_tflops']:.0f} TFLOP/s in "
        f"BF16, {found['fp8_tflops']:.0f} in FP8"
        + (f", memory {found['stream_tb_s']:.2f} TB/s" if "stream_tb_s" in found else "")
    )
    ratios: dict[tuple[str, str, str], list[float]] = {}
    last: tuple[str, str] | None = None
    for row in found["rows"]:
        name = row["model"], row["precision"]
        if name != last:
            by = tables(row, found["gpu"])
            print(f"\n{name[0]} {name[1]}, {row['layers_run']} layers run, times of all")
            print(f"{'step':26}{'measured':>10} " + "".join(f"{key:>10}" for key in by))
            last = name
        if row["kind"] == "decode":
            what = f"decode {row['requests']} x {row['context']}"
        else:
            what = f"prefill {row['tokens']} after {row['past']}"
        cells = ""
        for key, table in by.items():
            ratio = predicted_ms(table, row) / row["ms"]
            ratios.setdefault((key, row["kind"], row["model"]), []).append(ratio)
            cells += f"{ratio:10.2f}"
        print(f"{what:26}{row['ms']:7.1f} ms {cells}")
    print("\nmean |predicted / measured - 1|, and the median ratio")
    for (key, kind, model), values in sorted(ratios.items()):
        error = statistics.mean(abs(value - 1) for value in values)
        print(f"{key:9} {kind:8} {model:17} {error:6.0%} {statistics.median(values):8.2f}")


def main() -> None:
    """Compare each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", type=Path, nargs="*", default=sorted(MEASURED.glob("*.json")))
    for path in parser.parse_args().files:
        compare(json.loads(path.read_text("utf-8")))


if __name__ == "__main__":
    main()
