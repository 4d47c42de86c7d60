"""Every kind of sandbox the suites in this folder run against, and what they share."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable

import pytest
from support.boxes import Need

from macrohard.sandbox import Limits, ProcessProvider, Sandbox, SandboxProvider
from macrohard.sandbox.docker import DockerProvider, Engine
from macrohard.sandbox.interpreter import Layout, layout

LIMITS = Limits(memory_mb=256, pids=64, file_mb=8, disk_mb=16, output_bytes=10_000, cpu_s=30)
PLAIN = frozenset({"user", "mount", "pid", "net", "ipc", "orphans", "syscalls"})


class NamespaceProvider(ProcessProvider):
    """What an ordinary user gets, also when the tests run as root."""

    def _uid(self, keeper_pid: int) -> int | None:
        del keeper_pid
        return None


DOCKER = "docker"
KINDS: dict[str, Callable[[], SandboxProvider]] = {
    "process": lambda: ProcessProvider(limits=LIMITS),
    "process-userns": lambda: NamespaceProvider(limits=LIMITS),
    "process-plain": lambda: ProcessProvider(limits=LIMITS, without=PLAIN),
}


@pytest.fixture(scope="session")
def python_layout() -> Layout:
    return layout()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hostile code meets every kind; of the two full ones the contract needs only one."""
    if "provider" in metafunc.fixturenames:
        hostile = "hostile" in metafunc.module.__name__
        kinds = [kind for kind in KINDS if hostile or kind != "process-userns"]
        more = [given.partition("=")[0] for given in metafunc.config.getoption("--engine")]
        metafunc.parametrize("provider", [*kinds, DOCKER, *more], indirect=True)


@pytest.fixture
async def provider(
    request: pytest.FixtureRequest, python_layout: Layout
) -> AsyncIterator[SandboxProvider]:
    made: SandboxProvider
    if request.param == DOCKER:
        engine = Engine.find(request.getfixturevalue("engine_address"))
        made = DockerProvider(engine, limits=LIMITS)
    elif request.param in KINDS:
        made = KINDS[request.param]()
    else:
        given = dict(option.split("=", 1) for option in request.config.getoption("--engine"))
        address, _, runtime = given[request.param].partition("#")
        made = DockerProvider(Engine.find(address), limits=LIMITS, runtime=runtime)
        made.build_with(print)
    if isinstance(made, ProcessProvider):
        made._layout = python_layout  # looked up once for all tests, not once for each
    yield made
    await made.close()


@pytest.fixture
async def box(provider: SandboxProvider) -> AsyncIterator[Sandbox]:
    async with await provider.create(label="contract") as made:
        yield made


@pytest.fixture
def need(provider: SandboxProvider, box: Sandbox) -> Need:
    """Skip, with the provider's own words, what this host does not hold."""
    del box  # made first, so that the provider knows

    def check(*pieces: str) -> None:
        for line in provider.describe():
            if line.startswith(tuple(f"{piece}: does not hold" for piece in pieces)):
                pytest.skip(line)

    return check


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What held, by kind of box and suite."""
    if not config.getoption("--by-kind"):
        return
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            name, _, rest = report.nodeid.partition("[")
            known = [*KINDS, DOCKER, *(o.split("=")[0] for o in config.getoption("--engine"))]
            kind = max((k for k in known if rest.startswith(k)), key=len, default="")
            suite = "hostile" if "hostile" in name else "contract"
            if kind:
                counts[kind, suite][outcome] += 1
    terminalreporter.section("what held, by kind of box")
    for (kind, suite), found in sorted(counts.items()):
        held = ", ".join(f"{number} {outcome}" for outcome, number in found.items())
        terminalreporter.write_line(f"{kind:16} {suite:9} {held}")
