"""The agents of a container, as the factory sees them: started when needed, and again when killed.

Code in a box may kill the agent that serves it, being the same user. What it ran then counts as
killed, and the next request finds a new agent.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from macrohard.errors import SandboxError
from macrohard.sandbox.base import Limits
from macrohard.sandbox.docker.engine import Engine, EngineError
from macrohard.sandbox.docker.hardening import APP, command_limits
from macrohard.sandbox.docker.line import Line, LineLostError
from macrohard.sandbox.inbox.keeper import base_environment

CODE_IN_BOX = "/opt/macrohard"
"""Where an image has the code of the agent; no command has it on its path."""

_START = (
    f"import sys; sys.path.insert(0, {CODE_IN_BOX!r});"
    " from macrohard.sandbox.inbox.agent import main; main()"
)
_ARGV = ["/usr/bin/python3", "-I", "-S", "-B", "-c", _START]
_LOOKS = 10
_BETWEEN_LOOKS_S = 0.1
_END_ALL = ["/bin/sh", "-c", "kill -9 -1"]
_COUNTED_BY_THE_KERNEL = 2**31
_HELLO_S = 30.0  # 30 ms on an idle machine


@dataclass
class Container:
    """A running container.

    Attributes:
        engine: Where it runs.
        id: What the engine calls it.
        label: Name of the box, for messages to people.
        limits: What it may use.
        volumes: Those that do not go with it by themselves.
    """

    engine: Engine
    id: str
    label: str
    limits: Limits
    volumes: tuple[str, ...] = ()

    async def running(self) -> bool:
        """Whether it still runs.

        Raises:
            EngineError: The engine does not say.
        """
        client = self.engine.client
        try:
            state = await self.engine.call("look at a container", client.inspect_container, self.id)
        except EngineError as error:
            if error.missing:
                return False
            raise
        return bool(state["State"]["Running"])

    async def end_all_of(self, user: int) -> None:
        """Kill every process of one user. The first process of the container is nobody's."""
        client = self.engine.client
        created = await self.engine.call(
            "prepare a kill", client.exec_create, self.id, _END_ALL, user=f"{user}:{user}"
        )
        # Detached: a kill that waited for the output of what it kills could wait for ever.
        await self.engine.call("kill", client.exec_start, created["Id"], detach=True)


class Agent:
    """The agent of one user in one container.

    Args:
        container: Where it lives.
        user: Whom it serves.
    """

    def __init__(self, container: Container, user: int = APP) -> None:
        self._container = container
        self._user = user
        self._line: Line | None = None
        self._starting = asyncio.Lock()
        self.memory_deaths = 0
        self.closed = False

    @property
    def open(self) -> bool:
        """Whether an agent answers, as far as is known."""
        return self._line is not None and self._line.open

    async def line(self) -> Line:
        """The line to a living agent.

        Raises:
            SandboxError: The box is closed, or no agent can be started in it.
        """
        if self._line is not None and self._line.open:
            return self._line
        async with self._starting:
            if self._line is not None and self._line.open:
                return self._line
            if self.closed:
                raise self._closed()
            again = self._line is not None
            if again:
                # Whatever killed the last one must not meet the next.
                try:
                    await self._container.end_all_of(self._user)
                except EngineError as error:
                    raise await self.explain(error) from error
            self._line, hello = await self._start()
            if not again:
                self.memory_deaths = hello["memory_deaths"]
            return self._line

    async def _start(self) -> tuple[Line, dict[str, Any]]:
        engine, client = self._container.engine, self._container.engine.client
        who = f"{self._user}:{self._user}"
        label = self._container.label
        try:
            created = await engine.call(
                "prepare the agent of a box", client.exec_create, self._container.id, _ARGV,
                stdin=True, user=who, environment={},
            )  # fmt: skip
            stream = await engine.open_stream(
                "start the agent of a box", client.exec_start, created["Id"], socket=True
            )
        except EngineError as error:
            if self.closed:
                raise self._closed() from error
            raise await self.explain(error) from error
        line = Line(stream, label)
        try:
            hello, _ = await line.ask(
                "start",
                within_s=_HELLO_S,
                limits={
                    "memory_mb": self._container.limits.memory_mb,
                    "pids": _COUNTED_BY_THE_KERNEL,
                },
                rlimits=command_limits(self._container.limits),
                environment=base_environment(""),
            )
        except LineLostError as error:
            said = line.said
            line.close()
            reason = EngineError(f"sandbox {label}: its agent did not start: {said or error}")
            raise await self.explain(reason) from error
        except BaseException:
            line.close()
            raise
        return line, hello

    async def lost_to_memory(self) -> bool:
        """Whether the kernel has killed for memory since this was last asked; starts a new agent.

        Raises:
            SandboxError: There is no box any more.
        """
        known = self.memory_deaths
        line = await self.line()
        message, _ = await line.ask("deaths")
        self.memory_deaths = message["memory_deaths"]
        return self.memory_deaths > known

    async def explain(self, error: SandboxError) -> SandboxError:
        """What to tell when the agent cannot be reached: that, or that the container is gone."""
        label = self._container.label
        with contextlib.suppress(SandboxError):
            # An engine tells of a container that is about to go, for a moment, that it runs.
            for _ in range(_LOOKS if isinstance(error, EngineError) else 1):
                if not await self._container.running():
                    return SandboxError(
                        f"sandbox {label} is gone: its container was ended or removed by somebody"
                        " else; the work in it has to be started again in a new one"
                    )
                await asyncio.sleep(_BETWEEN_LOOKS_S)
        return error

    def _closed(self) -> SandboxError:
        return SandboxError(f"sandbox {self._container.label} is closed")

    def close(self) -> None:
        """Hang up for good."""
        self.closed = True
        self.hang_up()

    def hang_up(self) -> None:
        """Hang up; the next request finds a new agent."""
        if self._line is not None:
            self._line.close()
