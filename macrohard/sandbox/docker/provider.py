"""Makes Docker boxes: hardened containers, a few of them ready before they are asked for."""

import asyncio
import contextlib
import functools
import secrets
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Limits
from macrohard.sandbox.docker import leftovers, podman
from macrohard.sandbox.docker.agent import Container
from macrohard.sandbox.docker.box import DockerSandbox
from macrohard.sandbox.docker.engine import Engine, EngineError
from macrohard.sandbox.docker.hardening import (
    KEEPER,
    host_settings,
    memory_mb,
    own_kernel,
    seccomp_profile,
)
from macrohard.sandbox.docker.images import PACKAGES, Images

_FIRST = ["/bin/cat"]
"""The first process: it waits for the lifeline to end, and with it ends the container."""

_TRIES = 4
_PAUSE_S = 0.3  # times the tries so far: engines fail when a machine is far too busy

_ALWAYS = (
    (
        "user: holds: commands run as a user without privileges or a way to any; what keeps the"
        " box and what drives the app from beside it are two others"
    ),
    (
        "mount: holds: a read-only root made from an image; nothing of the host is mounted; the"
        " workspace is in memory, with a hard cap on bytes and files"
    ),
    "pid: holds: a process tree of its own; closing the box ends every process in it",
    "net: holds: no network but a loopback of its own",
    "ipc: holds: shared memory, message queues and host name of its own",
    "orphans: holds: whatever a command started dies when it ends, daemons included",
    (
        "syscalls: holds: ptrace, bpf, io_uring, keyrings, mounts, new namespaces and AF_VSOCK are"
        " refused to everything in the box"
    ),
)
_PIDS_OF_OWN_KERNEL = (
    "pids: does not hold: the runtime's own kernel counts its threads with a box's processes; a"
    " command that takes too many, or all memory, may end its whole box"
)


class DockerProvider:
    """Makes Docker boxes of one profile.

    Args:
        engine: Where they run; closed with this.
        profile: What they are made from.
        limits: What they may use unless ``create`` is told otherwise; the profile's when None.
        runtime: ``runsc``, ``kata``, … when the engine has it; its own when empty.
        warm: How many boxes are kept ready.
        run: What containers are labelled with, so that leftovers of the same run are found.

    Raises:
        SandboxError: The engine has no such runtime.
    """

    name = "docker"

    def __init__(
        self,
        engine: Engine,
        profile: str = "python",
        *,
        limits: Limits | None = None,
        runtime: str = "",
        warm: int = 0,
        run: str = "",
    ) -> None:
        known = engine.about.get("Runtimes") or {}
        if runtime and runtime not in known:
            raise SandboxError(
                f"--sandbox-runtime {runtime}: the container engine does not have it;"
                f" it has {', '.join(sorted(known)) or 'none to choose from'}"
            )
        self._podman = podman.is_podman(engine.about)
        if self._podman:
            podman.check_runtime(engine.about, runtime)
        self.engine = engine
        self.images = Images(engine, profile)
        self._limits = limits or self.images.profile.limits
        self._runtime = runtime
        self._warm = warm
        self._labels = leftovers.labels(run or secrets.token_hex(8))
        self._seccomp = seccomp_profile()
        if self._podman:
            self._seccomp = podman.filter_file(self._seccomp)
        self._image = ""
        self._site: Path | None = None
        self._say: Callable[[str], None] | None = None
        self._boxes: set[DockerSandbox] = set()
        self._ready: deque[DockerSandbox] = deque()
        self._filling: asyncio.Task[None] | None = None
        self._preparing = asyncio.Lock()
        self._closed = False

    def build_with(self, say: Callable[[str], None]) -> None:
        """Build the image when the first box is asked for and there is none, telling what is done.

        Without this a missing image is an error, which says what to run.
        """
        self._say = say

    async def create(self, *, label: str, limits: Limits | None = None) -> DockerSandbox:
        """A fresh box: at once when one is ready, else in about 300 ms.

        Raises:
            SandboxError: None can be made; says why and what to do.
        """
        box = await self._take(label, limits)
        if self._site is not None:
            try:
                await box.put_tree(self._site, PACKAGES, read_only=True)
            except BaseException:
                await box.close()
                raise
        return box

    def use_packages(self, site: Path) -> None:
        """Put a folder with Python packages into boxes that are asked for from now on."""
        self._site = site

    async def _take(self, label: str, limits: Limits | None) -> DockerSandbox:
        if self._closed:
            raise SandboxError(f"sandbox {label} cannot be made: its provider is closed")
        if limits in (None, self._limits):
            while self._ready:
                box = self._ready.popleft()
                self._fill()
                if box.alive:
                    box.rename(label)
                    return box
                await box.close()
        made = await self._make(label, limits or self._limits)
        self._fill()
        return made

    async def warm_up(self) -> None:
        """Return when as many boxes are ready as are to be kept."""
        self._fill()
        if self._filling is not None:
            await asyncio.shield(self._filling)

    async def fork(self, box: DockerSandbox, *, label: str) -> DockerSandbox:
        """A box with the same workspace, for work that goes on in two directions."""
        twin = await self.create(label=label, limits=box.limits)
        try:
            await box.copy_workspace_to(twin)
        except BaseException:
            await twin.close()
            raise
        return twin

    def _fill(self) -> None:
        if self._closed or len(self._ready) >= self._warm:
            return
        if self._filling is None or self._filling.done():
            self._filling = asyncio.get_running_loop().create_task(self._make_ready())

    async def _make_ready(self) -> None:
        # What cannot be made here is made, and explained, when it is asked for.
        with contextlib.suppress(SandboxError):
            while len(self._ready) < self._warm and not self._closed:
                self._ready.append(await self._make("ready", self._limits))

    async def _make(self, label: str, limits: Limits) -> DockerSandbox:
        image = await self._prepared()
        for tries in range(1, _TRIES + 1):
            try:
                return await self._make_once(label, limits, image)
            except EngineError as error:
                if error.missing and not await self.images.present(image):
                    self._image = ""
                    image = await self._prepared()
                elif tries == _TRIES or error.absent:
                    raise
                await asyncio.sleep(_PAUSE_S * tries)
        raise SandboxError(f"sandbox {label} cannot be made: its container ends at once")

    async def _make_once(self, label: str, limits: Limits, image: str) -> DockerSandbox:
        engine, client = self.engine, self.engine.client
        settings = host_settings(
            limits,
            profile=self._seccomp,
            processors=int(engine.about.get("NCPU") or 1),
            runtime=self._runtime,
            labels=self._labels,
        )
        volumes: dict[str, str] = {}
        if self._podman:
            volumes = await podman.make_disks(engine, limits, self._labels)
            settings = podman.adapted(settings, volumes)
        kept = tuple(volumes.values())
        create = functools.partial(
            client.create_container, image, _FIRST, user=f"{KEEPER}:{KEEPER}", stdin_open=True,
            hostname="box", labels=self._labels, environment={"LANG": "C.UTF-8"},
            host_config=client.create_host_config(**settings), working_dir="/",
        )  # fmt: skip
        made = asyncio.ensure_future(engine.call("create a container", create))
        try:
            found = await asyncio.shield(made)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                with contextlib.suppress(SandboxError):
                    await self._discard((await made)["Id"])
            await podman.remove_disks(engine, kept)
            raise
        container = Container(engine, found["Id"], label, limits, kept)
        try:
            return await self._bring_up(container)
        except BaseException:
            await self._discard(container.id)
            await podman.remove_disks(engine, kept)
            raise

    async def _bring_up(self, container: Container) -> DockerSandbox:
        engine, client, container_id = self.engine, self.engine.client, container.id
        lifeline = await engine.open_stream(
            "attach to a container", client.attach_socket, container_id,
            params={"stdin": 1, "stream": 1},
        )  # fmt: skip
        try:
            await engine.call("start a container", client.start, container_id)
            box = DockerSandbox(container, lifeline, self._boxes.discard)
            await box.start()
        except BaseException:
            lifeline.close()
            raise
        self._boxes.add(box)
        return box

    async def _discard(self, container_id: str) -> None:
        remove = self.engine.client.remove_container
        with contextlib.suppress(SandboxError):
            await self.engine.call("remove a container", remove, container_id, v=True, force=True)

    async def _prepared(self) -> str:
        """The image, which must be there; leftovers of this run are removed before first use."""
        async with self._preparing:
            if not self._image:
                tag = self.images.tag
                if missing := await self.images.missing():
                    await self._build(missing)
                await leftovers.remove_own(self.engine, self._labels)
                self._image = tag
        return self._image

    async def _build(self, missing: list[str]) -> None:
        name, steps = self.images.profile.name, "; ".join(missing)
        if self._say is None:
            raise SandboxError(
                f"the image of the sandbox profile {name} is not built:"
                f" run `macrohard sandbox build {name}` ({steps})"
            )
        self._say(f"building the image of the sandbox profile {name}, once: {steps}")
        await self.images.build(self._say)

    def describe(self) -> list[str]:
        """What holds and what does not, one sentence each."""
        limits, about = self._limits, self.engine.about
        cpus = min(limits.cpus, int(about.get("NCPU") or 1))
        kernel = (
            f"kernel: holds: the runtime {self._runtime} stands between a box and the host's"
            if own_kernel(self._runtime)
            else "kernel: does not hold: it is the host's own, so a hole in it is a way out; with"
            " --sandbox-runtime runsc or kata it is not"
        )
        if own_kernel(self._runtime):
            return [*_ALWAYS, *_capped(limits, cpus)[1:], _PIDS_OF_OWN_KERNEL, kernel]
        return [*_ALWAYS, *_capped(limits, cpus), kernel]

    async def close(self) -> None:
        """Close every box that is still open."""
        self._closed = True
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        await asyncio.gather(*(box.close() for box in tuple(self._boxes)))
        self.engine.close()


def _capped(limits: Limits, cpus: int) -> tuple[str, ...]:
    most = memory_mb(limits)
    return (
        f"pids: holds: the kernel caps processes and threads at {limits.pids}, and a few of ours",
        (
            f"memory: holds: the kernel caps a box at {most} MB, files in memory included; its"
            f" processes are ended past {limits.memory_mb} MB; there is no swap"
        ),
        f"cpu: holds: a box gets {cpus} processors' worth of time at most",
    )


def summary(about: dict[str, Any]) -> str:
    """One line on an engine, from what it says of itself."""
    return f"{about.get('OperatingSystem', 'container engine')}, {about.get('ServerVersion', '?')}"
