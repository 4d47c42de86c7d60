"""Figures of the sandboxes, measured on this machine, each beside its target.

    python benchmarks/bench_sandbox.py [speed] [idle] [kills] [builds] [browser] [--engine ADDRESS]

``speed`` times Docker boxes, process boxes and raw ``docker exec`` in the same run. ``idle`` holds
``--boxes`` boxes at once. ``kills`` ends ``--n`` factories with ``kill -9`` and counts what they
left. ``builds`` runs ``--n`` whole builds at once. ``browser`` drives a page in the web image.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from macrohard.sandbox import ProcessProvider
from macrohard.sandbox.docker import DockerProvider, Engine, leftovers

SMALL = Path(__file__).parent / "small.md"
MEGABYTE = 2**20
FACTORY = """
import asyncio, sys
from macrohard.sandbox.docker import DockerProvider, Engine
async def main():
    provider = DockerProvider(Engine.find(sys.argv[1]), run=sys.argv[2], warm=1)
    print("begun", flush=True)
    while True:
        box = await provider.create(label="x")
        terminal = await box.terminal(["sleep", "7779"])
        await box.exec(["sleep", "0.3"], timeout_s=10)
        await box.close()
asyncio.run(main())
"""


async def timed(work: Callable[[], Awaitable[Any]], count: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        found.append((time.perf_counter() - began) * 1000)
    found.sort()
    return statistics.median(found), found[int(len(found) * 0.95)]


def row(what: str, figures: tuple[float, float], target: str = "") -> None:
    """One line of the table."""
    print(f"{what:44} {figures[0]:9.2f} {figures[1]:9.2f}  {target}", flush=True)


def load() -> str:
    """How busy the machine is, which every figure depends on."""
    one = os.getloadavg()[0]
    return f"load {one:.1f} on {os.cpu_count()} processors"


async def speed(engine: Engine, count: int) -> None:
    """Starts, commands, trees, deadlines."""
    print(f"milliseconds{'':36}median       p95  target   ({load()})")
    provider = DockerProvider(engine)
    await provider.images.build(print)
    boxes: list[Any] = []

    async def cold() -> None:
        boxes.append(await provider.create(label="cold"))

    row("docker: cold start to a working agent", await timed(cold, count), "median < 300")
    box = boxes.pop()

    async def end() -> None:
        await boxes.pop().close()

    row("docker: close", await timed(end, len(boxes)))
    await warm(engine, count)
    await commands(box, count)
    await raw(box, count)
    async with await ProcessProvider().create(label="process") as plain:

        async def true_in_process() -> None:
            await plain.exec(["true"], timeout_s=10)

        row("process box: true", await timed(true_in_process, 3 * count))
    await trees(provider, box, count)
    await deadlines(box, count)
    await provider.close()


async def warm(engine: Engine, count: int) -> None:
    """Boxes that are ready before they are asked for."""
    provider = DockerProvider(Engine.find(engine.address), warm=4)
    found = []
    for _ in range(count):
        await provider.warm_up()
        began = time.perf_counter()
        box = await provider.create(label="warm")
        found.append((time.perf_counter() - began) * 1000)
        await box.close()
    found.sort()
    row("docker: warm acquire", (statistics.median(found), found[int(count * 0.95)]), "< 5")
    await provider.close()


async def commands(box: Any, count: int) -> None:
    """Commands through the agent."""

    async def true() -> None:
        await box.exec(["true"], timeout_s=10)

    async def python() -> None:
        await box.exec(["python", "-c", "pass"], timeout_s=10)

    async def read() -> None:
        await box.read("small")

    await box.write("small", b"x")
    row("docker: true through the agent", await timed(true, 3 * count), "< 5")
    row("docker: python -c pass through the agent", await timed(python, count))
    row("docker: read a small file", await timed(read, 3 * count))


async def raw(box: Any, count: int) -> None:
    """The same command as anybody would run it, for comparison."""
    client, container = box.container.engine.client, box.container.id

    async def by_api() -> None:
        def work() -> None:
            made = client.exec_create(container, ["true"], user="1000:1000")
            client.exec_start(made["Id"])

        await asyncio.to_thread(work)

    row("raw: exec true by the engine's API", await timed(by_api, count))
    program = shutil.which("docker")
    if program is None:
        return

    address, image = box.container.engine.address, client.inspect_container(container)["Image"]

    async def by_program(*arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(program, "-H", address, *arguments)
        await process.wait()

    row("raw: docker exec true", await timed(lambda: by_program("exec", container, "true"), count))
    once = ("run", "--rm", "--network", "none", image, "true")
    row("raw: docker run true, no walls but the network", await timed(lambda: by_program(*once), 5))


async def trees(provider: DockerProvider, box: Any, count: int) -> None:
    """One megabyte in 50 files, in, out, and into another box."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "in")
        for number in range(50):
            file = source / f"d{number % 5}" / f"f{number}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.urandom(MEGABYTE // 50))

        async def put() -> None:
            await box.put_tree(source, "tree")

        async def get() -> None:
            await box.get_tree(Path(scratch, "out"), "tree")

        row("docker: 1 MB tree in", await timed(put, count), "< 100")
        row("docker: 1 MB tree out", await timed(get, count), "< 100")
        twin = await provider.create(label="twin")

        async def fork() -> None:
            await box.copy_workspace_to(twin)

        row("docker: 1 MB workspace into a ready box", await timed(fork, count))
        await twin.close()


async def deadlines(box: Any, count: int) -> None:
    """By how much a command that ignores everything outlives its second."""
    found = []
    script = "trap '' TERM INT HUP; sleep 60 & setsid sleep 60 & while :; do :; done"
    for _ in range(max(3, count // 4)):
        began = time.perf_counter()
        await box.exec(["bash", "-c", script], timeout_s=1.0)
        found.append((time.perf_counter() - began - 1.0) * 1000)
    found.sort()
    row("docker: deadline overshot", (statistics.median(found), found[-1]), "<= 500")


async def idle(engine: Engine, count: int) -> None:
    """Many boxes at once: what they weigh and how fast they come."""
    provider = DockerProvider(engine)
    await provider.images.build(print)
    before, began = available_mb(), time.perf_counter()
    slots = asyncio.Semaphore(4)

    async def one(number: int) -> None:
        async with slots:
            await provider.create(label=str(number))

    await asyncio.gather(*(one(number) for number in range(count)))
    seconds = time.perf_counter() - began
    used = before - available_mb()
    ids = [box.container.id for box in provider._boxes if box.alive]  # noqa: SLF001
    inside, shims, kernel = (total / max(1, len(ids)) for total in weigh(ids))
    print(
        f"{len(ids)} idle boxes, MB each: {inside + shims + kernel:.1f} (target < 10): {inside:.1f}"
        f" the processes in it, {shims:.1f} the engine's shim, {kernel:.1f} the kernel for its"
        f" cgroup; {used / count:.1f} by what the whole machine has less; {count / seconds:.1f}"
        f" starts/s ({load()})"
    )
    await provider.close()


def weigh(ids: list[str]) -> tuple[float, float, float]:
    """Megabytes of the processes in containers, of their shims, and of the kernel for them.

    Memory that processes share is shared out among them. What others do meanwhile does not count.
    """
    inside = shims = kernel = 0.0
    known = set(ids)
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            command = (entry / "cmdline").read_bytes()
            groups = (entry / "cgroup").read_text()
            shim = b"containerd-shim" in command
            if not known & set(command.decode(errors="replace").split("\0") if shim else
                               groups.replace("\n", "/").split("/")):  # fmt: skip
                continue
            for line in (entry / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    size = int(line.split()[1]) / 1024
                    inside, shims = (inside, shims + size) if shim else (inside + size, shims)
    for folder in Path("/sys/fs/cgroup").glob("memory/docker/*"):
        with suppress(OSError, ValueError):
            if folder.name in known:
                kernel += int((folder / "memory.kmem.usage_in_bytes").read_text()) / MEGABYTE
    return inside, shims, kernel


def available_mb() -> float:
    """Memory of this machine that could be had."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    return 0.0


def of_run(engine: Engine, run: str) -> tuple[int, int]:
    """Containers and volumes of a run."""
    filters = {"label": f"{leftovers.RUN}={run}"}
    volumes = engine.client.volumes(filters=filters).get("Volumes") or []
    return len(engine.client.containers(all=True, filters=filters)), len(volumes)


def sleepers() -> int:
    """Processes that factories started in boxes."""
    found = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found += (entry / "cmdline").read_bytes() == b"sleep\x007779\x00"
    return found


async def kills(engine: Engine, count: int) -> None:
    """Factories ended with kill -9 at random moments; what is left after the next start."""
    provider = DockerProvider(engine, run=f"bench-{os.getpid()}")
    await provider.images.build(print)
    run, chance, at_once = f"bench-{os.getpid()}", random.Random(7), [0, 0]
    for number in range(1, count + 1):
        command = [sys.executable, "-c", FACTORY, engine.address, run]
        factory = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        if factory.stdout is not None:
            await factory.stdout.readline()
        await asyncio.sleep(chance.uniform(0.0, 2.5))
        factory.send_signal(signal.SIGKILL)
        await factory.wait()
        await asyncio.sleep(1.0)
        left = await asyncio.to_thread(of_run, engine, run)
        at_once = [at_once[0] + left[0], at_once[1] + left[1]]
        if number % 10 == 0:
            print(f"{number} killed ...", flush=True)
    await leftovers.remove_own(engine, leftovers.labels(run))
    containers, volumes = of_run(engine, run)
    print(
        f"{count} factories killed: {at_once[0]} containers and {at_once[1]} volumes left a second"
        f" later; after the next start {containers} containers, {volumes} volumes,"
        f" {sleepers()} processes (target 0, 0, 0)"
    )
    await provider.close()


async def builds(engine: Engine, count: int) -> None:
    """Whole builds at once, their code in Docker."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:

        async def one(number: int) -> int:
            out = str(Path(scratch, str(number)))
            options = ["--sandbox", "docker", "--out", out, "--quiet"]
            command = [sys.executable, "-m", "macrohard", "build", str(SMALL), *options]
            process = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, "DOCKER_HOST": engine.address}
            )
            return await process.wait()

        statuses = await asyncio.gather(*map(one, range(count)))
    seconds = time.perf_counter() - began
    print(
        f"{count} builds at once in Docker: {statuses.count(0)} released in {seconds:.0f} s"
        f" ({seconds / count:.1f} s each; {load()})"
    )


PAGE = """<html lang=en><title>Tea</title><main><h1>Tea</h1><label>Name <input id=name></label>
<button onclick="document.querySelector('p').textContent='Hello '+document.querySelector('#name')
.value">Greet</button><p></p></main></html>"""
BROWSE = """
import http.server, threading, time
from playwright.sync_api import sync_playwright
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
def step(name, work):
    began = time.perf_counter(); found = work()
    print(f"{name} {(time.perf_counter() - began) * 1000:.0f}", flush=True); return found
with sync_playwright() as p:
    browser = step("launch", lambda: p.chromium.launch(
        executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox"]))
    page = browser.new_page()
    step("open", lambda: page.goto(f"http://127.0.0.1:{server.server_port}/page.html"))
    for _ in range(5):
        step("snapshot", lambda: page.locator("body").aria_snapshot())
        step("fill", lambda: page.fill("#name", "Ada"))
        step("click", lambda: page.click("button"))
        step("screenshot", lambda: page.screenshot(path="/tmp/shot.png"))
    assert page.inner_text("p") == "Hello Ada"
"""


async def browser(engine: Engine) -> None:
    """Steps of a browser in the web image, server and browser in one box."""
    provider = DockerProvider(engine, "web")
    await provider.images.build(print)
    async with await provider.create(label="browser") as box:
        await box.write("page.html", PAGE.encode())
        result = await box.exec_beside(["python", "-c", BROWSE], timeout_s=120)
        if result.returncode != 0:
            print(result.stderr[-2000:])
        steps: dict[str, list[float]] = {}
        for line in result.stdout.splitlines():
            name, took = line.rsplit(" ", 1)
            steps.setdefault(name, []).append(float(took))
        for name, found in steps.items():
            target = "" if name == "launch" else "< 200"
            row(f"browser: {name}", (statistics.median(found), max(found)), target)
    await provider.close()


def main() -> None:
    """Print the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = ["speed", "idle", "kills", "builds", "browser"]
    parser.add_argument("sections", nargs="*", choices=known, default=["speed"])
    parser.add_argument("--engine", default="", help="address; DOCKER_HOST or the usual ones")
    parser.add_argument("--n", type=int, default=0)
    parser.add_argument("--boxes", type=int, default=200)
    options = parser.parse_args()
    for section in options.sections:
        engine = Engine.find(options.engine)
        match section:
            case "speed":
                asyncio.run(speed(engine, options.n or 20))
            case "idle":
                asyncio.run(idle(engine, options.boxes))
            case "kills":
                asyncio.run(kills(engine, options.n or 50))
            case "builds":
                asyncio.run(builds(engine, options.n or 10))
            case _:
                asyncio.run(browser(engine))


if __name__ == "__main__":
    main()
