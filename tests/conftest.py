"""Settings shared by all tests."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, settings

# Derandomised, so that a red run is red again; no deadlines, because machines differ in speed.
settings.register_profile(
    "macrohard", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("macrohard")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the contract suite, which have to be known before its folder is looked at."""
    group = parser.getgroup("sandboxes")
    group.addoption(
        "--engine",
        action="append",
        default=[],
        metavar="NAME=ADDRESS[#RUNTIME]",
        help="one more kind of box for tests/contract: an engine, and a runtime it has",
    )
    group.addoption(
        "--by-kind",
        action="store_true",
        help="print what held in tests/contract, by kind of box",
    )


def pytest_configure() -> None:
    """Keep the person's own configuration out of the tests, and out of processes they start."""
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent/macrohard-tests"
    for name in [name for name in os.environ if name.startswith("MACROHARD_")]:
        if name != "MACROHARD_DATA":  # where tests of the cluster find measurements
            del os.environ[name]


def _build(address: str, profile: str) -> None:
    """Have an image, built once by whichever process of this run needs it first."""
    from support import engines

    from macrohard.errors import SandboxError
    from macrohard.sandbox.docker import Engine
    from macrohard.sandbox.docker.images import Images

    engine = Engine.find(address)
    try:
        # In a thread of its own: a test's event loop may be running where this is asked for.
        with engines.building(profile), ThreadPoolExecutor(1) as pool:
            build = Images(engine, profile).build(lambda _: None)
            pool.submit(asyncio.run, build).result()
    except SandboxError as error:
        engines.unavailable(str(error))
    finally:
        engine.close()


@pytest.fixture(scope="session")
def engine_address() -> Iterator[str]:
    """A container engine with the image of the python profile built, or a skip."""
    from support import engines

    with engines.shared_daemon() as daemon:
        _build(daemon.address, "python")
        yield daemon.address


@pytest.fixture(scope="session")
def web_engine(engine_address: str) -> str:
    """The engine, with the image that has a browser."""
    _build(engine_address, "web")
    return engine_address


@pytest.fixture(scope="session")
def desktop_engine(engine_address: str) -> str:
    """The engine, with the image that has a screen in memory."""
    _build(engine_address, "desktop")
    return engine_address
