"""Boxes that are hardened containers of any engine that speaks Docker's API.

``engine`` is the only module that talks to an engine, each call with a deadline; ``hardening``
says what a container may do; ``stream`` and ``line`` carry everything between the factory and the
agent inside; ``box`` is one sandbox; ``provider`` makes them; ``images`` and ``debian`` build what
they are made from.
"""

from macrohard.sandbox.docker.box import DockerSandbox
from macrohard.sandbox.docker.engine import Engine
from macrohard.sandbox.docker.provider import DockerProvider

__all__ = ["DockerProvider", "DockerSandbox", "Engine"]
