"""Docker boxes for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from macrohard.sandbox import Limits
from macrohard.sandbox.docker import DockerProvider, DockerSandbox, Engine

LIMITS = Limits(memory_mb=256, pids=64, file_mb=8, disk_mb=16, output_bytes=10_000, cpu_s=30)


@pytest.fixture
async def docker_provider(engine_address: str) -> AsyncIterator[DockerProvider]:
    made = DockerProvider(Engine.find(engine_address), limits=LIMITS)
    yield made
    await made.close()


@pytest.fixture
async def docker_box(docker_provider: DockerProvider) -> DockerSandbox:
    return await docker_provider.create(label="faulty")
