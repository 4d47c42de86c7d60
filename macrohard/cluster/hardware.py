"""The catalogue of machines: what a GPU, a tray and an NVLink domain are, each number with source.

A *system* here is one NVLink domain as it is bought: an NVL72 rack (18 compute trays of 4 GPUs,
9 switch trays, 8 power shelves) or an HGX server of 8 GPUs.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from macrohard.errors import ConfigError

Precision = Literal["bf16", "fp8", "fp4"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """One kind of NVLink domain and the GPUs in it. All bandwidths are one way.

    Attributes:
        name: Name in the catalogue, such as ``gb200-nvl72``.
        title: What it is, in words.
        gpu: Name of the GPU.
        hbm_gb: HBM on the data sheet, decimal GB.
        hbm_usable_gb: HBM that the driver hands out.
        hbm_tb_s: HBM bandwidth.
        bf16_tflops: Dense tensor throughput; ``fp8_tflops``, ``fp4_tflops`` likewise (0: none).
        nvlink_gb_s: NVLink bandwidth of one GPU.
        nic_gbit_s: Scale-out network of one GPU.
        gpu_w: Thermal design power of one GPU.
        idle_w: GPU power when nothing runs.
        all_in_w: Facility power provisioned per GPU, hosts, network and cooling included.
        usd_per_gpu_h: Cost of owning one GPU for an hour at hyperscale.
        domain_gpus: GPUs in one NVLink domain.
        gpus_per_tray: GPUs lost with one compute tray.
        trays: Compute trays per domain.
        switch_trays: NVLink switch trays per domain.
        power_shelves: Power shelves per domain.
        rack_kw: Nameplate power of the domain.
        aic_system: Name of this machine in aiconfigurator's tables.
        sources: Field name to the source of its value, in words.
    """

    name: str
    title: str
    gpu: str
    hbm_gb: float
    hbm_usable_gb: float
    hbm_tb_s: float
    bf16_tflops: float
    fp8_tflops: float
    fp4_tflops: float
    nvlink_gb_s: float
    nic_gbit_s: float
    gpu_w: float
    idle_w: float
    all_in_w: float
    usd_per_gpu_h: float
    domain_gpus: int
    gpus_per_tray: int
    trays: int
    switch_trays: int
    power_shelves: int
    rack_kw: float
    aic_system: str
    sources: tuple[tuple[str, str], ...]

    def flops(self, precision: Precision) -> float:
        """Dense FLOP/s at a precision. Without FP4 units, FP4 weights run at the FP8 rate."""
        rate = {"bf16": self.bf16_tflops, "fp8": self.fp8_tflops, "fp4": self.fp4_tflops}[precision]
        return (rate or self.fp8_tflops) * 1e12


@cache
def _catalogue() -> dict[str, Hardware]:
    text = (files("macrohard.cluster") / "catalogue" / "hardware.yaml").read_text("utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return {
        name: Hardware(
            name=name,
            **{key: v["value"] if isinstance(v, dict) else v for key, v in fields.items()},
            sources=tuple(
                (key, raw["sources"][v["source"]])
                for key, v in fields.items()
                if isinstance(v, dict)
            ),
        )
        for name, fields in raw["systems"].items()
    }


def list_hardware() -> tuple[Hardware, ...]:
    """Every machine of the catalogue, in its order."""
    return tuple(_catalogue().values())


def find_hardware(name: str) -> Hardware:
    """The machine of that name.

    Raises:
        ConfigError: No such machine; the message lists those there are.
    """
    try:
        return _catalogue()[name]
    except KeyError:
        known = ", ".join(_catalogue())
        raise ConfigError(f"unknown hardware {name!r}; the catalogue has: {known}") from None
