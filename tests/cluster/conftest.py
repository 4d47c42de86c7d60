"""Shared pieces of the cluster tests: small deployments, and the data folder where there is one."""

import os
from pathlib import Path
from typing import Any

import pytest

from macrohard.cluster.deployment import Deployment, Parallel
from macrohard.cluster.hardware import find_hardware
from macrohard.cluster.models import find_model


@pytest.fixture(scope="session")
def data_folder() -> Any:
    named = os.environ.get("MACROHARD_DATA")
    root = Path(__file__).parents[2]
    folder = Path(named) if named else root.parent / "shared" / "data"
    if not (folder / "cluster").is_dir():
        pytest.skip("no data folder: set MACROHARD_DATA to one that has cluster/")
    return folder / "cluster"


@pytest.fixture
def deploy() -> Any:
    def make(
        model: Any = "deepseek-r1",
        hardware: Any = "gb200-nvl72",
        gang: Any = None,
        precision: Any = "fp4",
        **more: Any,
    ) -> Any:
        return Deployment(
            find_hardware(hardware), find_model(model), gang or Parallel(8), precision, **more
        )

    return make
