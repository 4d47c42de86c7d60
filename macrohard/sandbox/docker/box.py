"""One Docker box, seen from the factory: commands, terminals, connections, and its end."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from macrohard.errors import SandboxError
from macrohard.sandbox.base import ExecResult, Limits
from macrohard.sandbox.docker import podman
from macrohard.sandbox.docker.agent import Agent, Container
from macrohard.sandbox.docker.engine import EngineError, RawStream
from macrohard.sandbox.docker.hardening import APP, DRIVER
from macrohard.sandbox.docker.line import Line, LineLostError
from macrohard.sandbox.docker.trees import Trees
from macrohard.sandbox.inbox.capture import joined
from macrohard.sandbox.inbox.frames import Message
from macrohard.sandbox.relay import Relay
from macrohard.sandbox.terminal import PtyTerminal

_REPORT_PATIENCE_S = 3.0  # past a deadline; then the agent is taken for stopped or dead
_KILL_PATIENCE_S = 5.0  # as long as a runner and the agent try
_ENDED_ALL = "macrohard: the command ended every process of its user, its own runner included\n"
_UNHEARD = "macrohard: nothing was heard of the command at its deadline; everything was ended\n"


class DockerSandbox:
    """One box; made by :class:`~macrohard.sandbox.docker.provider.DockerProvider`.

    Args:
        container: Running; owned from here on.
        lifeline: A stream to its first process, which ends when this does.
        forget: Told when it is closed.
    """

    def __init__(
        self, container: Container, lifeline: RawStream, forget: Callable[["DockerSandbox"], None]
    ) -> None:
        self.container = container
        self._lifeline = lifeline
        self._forget = forget
        self._app = Agent(container, APP)
        self._driver = Agent(container, DRIVER)
        self._trees = Trees(container, self._app)
        self._terminals: list[PtyTerminal] = []
        self._relays: dict[int, Relay] = {}
        self._closing: asyncio.Task[None] | None = None

    @property
    def limits(self) -> Limits:
        """What it may use."""
        return self.container.limits

    @property
    def alive(self) -> bool:
        """Whether its agent answers, as far as is known."""
        return self._closing is None and self._app.open

    def rename(self, label: str) -> None:
        """Call it something else in messages to people."""
        self.container.label = label

    async def start(self) -> None:
        """Start the agent, so that the first command need not wait for it."""
        await self._app.line()

    async def exec(
        self,
        argv: list[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> ExecResult:
        """Run a command to its end, or to its deadline with the whole process tree killed.

        Whatever it started ends with it, also what it left in the background; a server that has
        to stay up is started with :meth:`terminal`. Cancelling kills the command likewise.

        Raises:
            SandboxError: The box is gone or cannot start processes.
        """
        request = _request(argv, env, cwd)
        return await self._exec(self._app, request, timeout_s, stdin)

    async def exec_beside(
        self,
        argv: list[str],
        *,
        timeout_s: float,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> ExecResult:
        """Run a command as the driver: a user the app cannot see into, kill or be killed by."""
        request = _request(argv, env, cwd)
        return await self._exec(self._driver, request, timeout_s, stdin)

    async def _exec(
        self, agent: Agent, request: dict[str, Any], timeout_s: float, stdin: bytes
    ) -> ExecResult:
        request |= {"op": "exec", "timeout_s": timeout_s, "cap": self.limits.output_bytes}
        line = await agent.line()
        number, report = line.expect()
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(timeout_s + _REPORT_PATIENCE_S):
                await line.send({**request, "id": number}, stdin)
                message, payload = await asyncio.shield(report)
        except asyncio.CancelledError:
            line.post("kill", job=number)
            await _wait_quietly(report, _KILL_PATIENCE_S)
            raise
        except (TimeoutError, LineLostError) as error:
            duration_s = asyncio.get_running_loop().time() - started
            return await self._end_all(agent, duration_s, late=isinstance(error, TimeoutError))
        return self._result(agent, message, payload)

    def _result(self, agent: Agent, message: Message, payload: bytes) -> ExecResult:
        if "error" in message:
            raise SandboxError(f"sandbox {self.container.label}: {message['error']}")
        agent.memory_deaths = message["memory_deaths"]
        if message.get("survivors"):
            agent.hang_up()  # the next agent is only started once everything of its user is dead
        sizes, texts, at = (message["out"], message["err"]), [], 0
        for head, tail, total in sizes:
            middle, end = at + head, at + head + tail
            texts.append(joined(payload[at:middle], payload[middle:end], total))
            at = end
        return ExecResult(
            returncode=message["returncode"],
            stdout=texts[0],
            stderr=texts[1],
            truncated=any(head + tail < total for head, tail, total in sizes),
            duration_s=message.get("duration_s", 0.0),
            outcome=message["outcome"],
        )

    async def _end_all(self, agent: Agent, duration_s: float, *, late: bool) -> ExecResult:
        """The agent is dead or stopped: end all that its user runs, and say how that command ended.

        Raises:
            SandboxError: The box itself is gone.
        """
        if self._closing is not None:
            raise self._closed()
        agent.hang_up()
        if await agent.lost_to_memory():
            return ExecResult(137, "", _ENDED_ALL, truncated=False, duration_s=duration_s,
                              outcome="oom")  # fmt: skip
        if late:
            return ExecResult(124, "", _UNHEARD, truncated=False, duration_s=duration_s,
                              outcome="timeout")  # fmt: skip
        return ExecResult(137, "", _ENDED_ALL, truncated=False, duration_s=duration_s,
                          outcome="killed")  # fmt: skip

    async def terminal(
        self,
        argv: list[str],
        *,
        rows: int = 30,
        columns: int = 100,
        env: dict[str, str] | None = None,
        cwd: str = "",
    ) -> PtyTerminal:
        """Start a program on a pseudo-terminal."""
        request = _request(argv, {"TERM": "linux", **(env or {})}, cwd)
        return await self._terminal(self._app, request, rows, columns)

    async def terminal_beside(self, argv: list[str]) -> PtyTerminal:
        """Start a program as the driver: a user the app cannot see into, kill or be killed by."""
        request = _request(argv, {"TERM": "linux", "HOME": "/tmp"}, "/tmp")  # noqa: S108 - the box's
        return await self._terminal(self._driver, request, rows=30, columns=400)

    async def _terminal(
        self, agent: Agent, request: dict[str, Any], rows: int, columns: int
    ) -> PtyTerminal:
        line = await agent.line()
        job, ended = line.expect()
        channel = line.new_channel(whole=True)
        request |= {"job": job, "channel": channel.number, "timeout_s": None}
        try:
            await line.ask("terminal", rows=rows, columns=columns, **request)
        except BaseException:
            line.post("kill", job=job)
            channel.close()
            channel.near.close()
            raise
        self._terminals = [terminal for terminal in self._terminals if terminal.open]
        terminal = PtyTerminal(
            channel.near.detach(),
            ended,
            kill=lambda: line.post("kill", job=job),
            resize=lambda rows, columns: line.post(
                "size", channel=channel.number, rows=rows, columns=columns
            ),
        )
        self._terminals.append(terminal)
        return terminal

    async def read(self, path: str, *, max_bytes: int = 10_000_000) -> bytes:
        """A file's bytes, from the workspace or ``/tmp``."""
        return await self._trees.read(path, max_bytes)

    async def write(self, path: str, data: bytes) -> None:
        """Write a file of the workspace, making its directories."""
        await self._trees.write(path, data)

    async def put_tree(self, source: Path, dest: str = "", *, read_only: bool = False) -> None:
        """Copy a directory of the host into the box (regular files and directories only)."""
        if read_only:
            await self._trees.put_read_only(source, dest)
        else:
            await self._trees.put(source, dest)

    async def get_tree(self, dest: Path, source: str = "") -> list[str]:
        """Copy a directory of the box to the host, checked; what was left out."""
        return await self._trees.get(dest, source)

    async def snapshot(self, dest: Path) -> None:
        """Pack the workspace into a tar file on the host, links and devices left out."""
        await self._trees.snapshot(dest)

    async def copy_workspace_to(self, other: Self) -> list[str]:
        """Put everything of this workspace into that of another box; what was left out."""
        return await self._trees.copy_to(other._trees)

    def endpoint(self, port: int) -> str:
        """Base URL through which a driver reaches a server on this port inside the box."""
        if self._closing is not None:
            raise self._closed()
        return self._endpoint(self._app, port)

    def endpoint_beside(self, port: int) -> str:
        """Base URL of a server that the driver runs: the app's agent has no part in it."""
        if self._closing is not None:
            raise self._closed()
        return self._endpoint(self._driver, port)

    def _endpoint(self, agent: Agent, port: int) -> str:
        if port not in self._relays:
            self._relays[port] = Relay(functools.partial(self._connect, agent, port))
        return self._relays[port].url

    async def _connect(self, agent: Agent, port: int) -> socket.socket:
        line: Line = await agent.line()
        channel = line.new_channel(whole=False)
        try:
            await line.ask("connect", port=port, channel=channel.number)
        except BaseException:
            channel.close()
            channel.near.close()
            raise
        return channel.near

    def _closed(self) -> SandboxError:
        return SandboxError(f"sandbox {self.container.label} is closed")

    async def end_app(self) -> None:
        """End everything the app's user runs; the box and its driver stay."""
        self._app.hang_up()
        await self._app.line()

    async def close(self) -> None:
        """End every process and remove every file. Safe to call twice."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._end())
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        for relay in self._relays.values():
            await relay.close()
        for agent in (self._app, self._driver):
            agent.close()
        self._trees.close()
        self._lifeline.close()
        engine = self.container.engine
        remove = engine.client.remove_container
        # It may be gone, or on its way: its first process ended when we hung up.
        with contextlib.suppress(EngineError):
            await engine.call("remove a container", remove, self.container.id, v=True, force=True)
        await podman.remove_disks(engine, self.container.volumes)
        for terminal in self._terminals:
            terminal.let_go()
        self._forget(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _request(argv: list[str], env: dict[str, str] | None, cwd: str) -> dict[str, Any]:
    if not argv:
        raise ValueError("a command needs at least a program")
    return {"argv": argv, "env": env or {}, "cwd": cwd}


async def _wait_quietly(report: "asyncio.Future[Any]", patience_s: float) -> None:
    with contextlib.suppress(SandboxError, TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(report), patience_s)
