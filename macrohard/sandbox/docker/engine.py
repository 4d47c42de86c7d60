"""A container engine: every call to it has a deadline, and fails in words for people."""

import asyncio
import concurrent.futures
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import docker
import requests.exceptions
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from macrohard.errors import SandboxError

T = TypeVar("T")

DEADLINE_S = 60.0
"""For one call; each takes well under a second on an engine that is well."""

OLDEST = (1, 41)
"""API of Docker 20.10."""

_THREADS = 32
_ASKED_S = 3.0  # an engine that is there says so in milliseconds


class EngineError(SandboxError):
    """An engine that is absent, hangs, or refuses.

    Args:
        message: What happened and what to do.
        absent: Whether there is no engine at all, or none that answers.
        missing: Whether the engine knows nothing of what was asked for.
    """

    def __init__(self, message: str, *, absent: bool = False, missing: bool = False) -> None:
        super().__init__(message)
        self.absent = absent
        self.missing = missing


class Engine:
    """One engine. Make it with :meth:`find`.

    Args:
        client: The SDK's client.
        about: What the engine says of itself.
        address: Where it is; ``unix://`` and a path, or what the SDK was told.
    """

    def __init__(self, client: docker.APIClient, about: dict[str, Any], address: str = "") -> None:
        self.client = client
        self.address = address
        self.about = about
        self._threads = concurrent.futures.ThreadPoolExecutor(_THREADS, "engine")

    @classmethod
    def find(cls, address: str = "") -> Self:
        """The engine at ``address``, at ``DOCKER_HOST``, or at one of the usual sockets.

        Raises:
            EngineError: None answers; says where it was looked for.
        """
        tried = []
        for options in _addresses(address):
            where = options.get("base_url", "DOCKER_HOST")
            try:
                _knock(where)
                client = docker.APIClient(version="auto", timeout=_ASKED_S, **options)
                about = client.info()
            except (DockerException, requests.exceptions.RequestException, OSError) as error:
                tried.append(f"{where} ({_brief(error)})")
                continue
            client.timeout = DEADLINE_S
            spoken = tuple(int(part) for part in client.api_version.split("."))
            if spoken < OLDEST:
                tried.append(f"{where} (API {client.api_version}; Docker 20.10 or later is needed)")
                continue
            return cls(client, about, str(where))
        raise EngineError(
            "no container engine answers: looked at " + "; ".join(tried)
            if tried
            else "no container engine was found: DOCKER_HOST is not set and there is no"
            " /var/run/docker.sock; start Docker or Podman",
            absent=True,
        )

    async def call(
        self, what: str, function: Callable[..., T], *arguments: Any, **options: Any
    ) -> T:
        """Call the SDK in a thread.

        Args:
            what: What is being done, for messages: ``start a container``.
            function: Method of the client.
            *arguments: Its arguments.
            **options: Likewise.

        Raises:
            EngineError: It refused, hung or is gone.
        """
        loop = asyncio.get_running_loop()

        def ask() -> T:
            _knock(self.address)
            return function(*arguments, **options)

        work = loop.run_in_executor(self._threads, ask)
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.shield(work)
        except TimeoutError:
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise EngineError(
                f"the container engine took more than {DEADLINE_S:.0f} s to {what};"
                " is it overloaded? `docker info` tells whether it answers",
                absent=True,
            ) from None
        except (DockerException, requests.exceptions.RequestException, OSError) as error:
            raise _explained(what, error) from error

    def ask(self, what: str, function: Callable[..., T], *arguments: Any) -> T:
        """Call the SDK here and now, for questions before there is an event loop.

        Raises:
            EngineError: It refused, hung or is gone.
        """
        try:
            _knock(self.address)
            return function(*arguments)
        except (DockerException, requests.exceptions.RequestException, OSError) as error:
            raise _explained(what, error) from error

    async def open_stream(self, what: str, function: Callable[..., Any], *arguments: Any,
                          **options: Any) -> "RawStream":  # fmt: skip
        """Call a method of the SDK that turns its connection into a stream."""
        return RawStream(await self.call(what, function, *arguments, **options))

    def close(self) -> None:
        """Let go of the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.client.close()


class RawStream:
    """A connection the engine turned into a stream, as a plain non-blocking socket.

    Args:
        wrapper: What the SDK returned.
    """

    def __init__(self, wrapper: Any) -> None:
        self._kept: Any = None
        found: Any = getattr(wrapper, "_sock", wrapper)
        if isinstance(found, socket.socket) and not isinstance(found, ssl.SSLSocket):
            # A copy, so that closing is up to us alone and not to what the SDK wraps it in.
            self.socket = socket.socket(fileno=os.dup(found.fileno()))
            for each in {id(wrapper): wrapper, id(found): found}.values():
                with contextlib.suppress(OSError, ValueError):
                    each.close()
        else:
            self._kept = wrapper  # its response must not be collected
            self.socket = _bridge(found)  # TLS or SSH: no descriptor an event loop could use
        self.socket.setblocking(False)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def _bridge(inner: Any) -> socket.socket:
    outer, near = socket.socketpair()
    inner.settimeout(None)

    def pump(receive: Callable[[int], bytes], send: Callable[[bytes], Any]) -> None:
        with contextlib.suppress(OSError):
            while data := receive(65536):
                send(data)
        for end in (near, inner):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    for pair in ((inner.recv, near.sendall), (near.recv, inner.sendall)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
    return outer


def _addresses(address: str) -> Iterator[dict[str, Any]]:
    if address:
        yield {"base_url": address}
        return
    from_environment = kwargs_from_env()
    if from_environment.get("base_url"):
        yield from_environment
        return
    runtime = f"/run/user/{os.getuid()}"
    for path in (
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        f"{runtime}/podman/podman.sock",
        "/run/podman/podman.sock",
    ):
        if Path(path).exists():
            yield {"base_url": f"unix://{path}"}


def _knock(address: str) -> None:
    """Connect to a local socket, whose refusal the SDK would answer with a leaked descriptor."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_ASKED_S)
            probe.connect(address.removeprefix("unix://"))


def _explained(what: str, error: Exception) -> EngineError:
    if isinstance(error, NotFound):
        return EngineError(f"the container engine cannot {what}: {_brief(error)}", missing=True)
    if isinstance(error, APIError):
        return EngineError(f"the container engine cannot {what}: {_brief(error)}")
    return EngineError(
        f"the container engine went away while asked to {what} ({_brief(error)});"
        " start it again, then go on with `macrohard resume`",
        absent=True,
    )


def _brief(error: Exception) -> str:
    text = error.explanation if isinstance(error, APIError) else None
    return str(text or error).strip().splitlines()[-1][:300] if str(text or error) else "no reason"
