"""Which kind of sandbox a run gets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from macrohard.errors import ConfigError, SandboxError
from macrohard.sandbox.base import SandboxProvider
from macrohard.sandbox.process import ProcessProvider
from macrohard.sandbox.profile import load_profile

if TYPE_CHECKING:
    from macrohard.sandbox.docker import DockerProvider, Engine

SandboxName = Literal["auto", "docker", "process"]
Say = Callable[[str], None]

_WARM = 1
"""Boxes a build keeps ready: it asks for them one by one, seconds apart."""


def choose(
    name: SandboxName,
    *,
    model_is_offline: bool,
    allow_process: bool,
    runtime: str = "",
    run: str = "",
    profile: str = "python",
    say: Say = lambda _: None,
    find: "Callable[[], Engine] | None" = None,
) -> SandboxProvider:
    """The provider for ``--sandbox NAME``.

    ``auto`` is Docker where an engine answers and the image is there. Without the image it is
    Docker too when the code comes from a real model (the first box then builds it, and says so),
    and the process sandbox when it comes from the offline model: nobody waits for a download
    that they did not ask for.

    Code from a real model runs in ``process`` only when the person allowed it: processes share
    the host's kernel.

    Args:
        name: What the person asked for.
        model_is_offline: Whether every line of code comes from the offline model, which writes
            nothing but what our own templates hold.
        allow_process: Whether ``--allow-process-sandbox`` was given.
        runtime: What ``--sandbox-runtime`` names, for an engine.
        run: What identifies the run, so that an earlier life of it can be cleared up.
        profile: What boxes are made from.
        say: Told what the person should know: what is used instead, what is being built.
        find: Finds the engine; in the usual places when None.

    Raises:
        ConfigError: No kind of that name.
        SandboxError: This kind cannot be had, or may not be used for this model.
    """
    if name not in ("auto", "docker", "process"):
        raise ConfigError(f"--sandbox {name}: choose auto, docker or process")
    if name == "process":
        return _process(profile, allowed=model_is_offline or allow_process)
    try:
        docker = _docker(find, profile, runtime, run)
    except SandboxError as error:
        if name == "docker" or runtime:
            raise
        if model_is_offline or allow_process:
            return _process(profile, allowed=True)
        raise SandboxError(
            f"code from a model other than offline needs a container engine, and {error}; or add"
            " --allow-process-sandbox if you accept that it shares this machine's kernel (best on"
            " a machine of its own)"
        ) from error
    if name == "auto" and model_is_offline and not runtime and not docker.images.built():
        docker.engine.close()
        say(
            "the process sandbox is used: there is a container engine, but the image for it is not"
            f" built (`macrohard sandbox build {profile}` does it: {docker.images.hint})"
        )
        return _process(profile, allowed=True)
    docker.build_with(say)
    return docker


def _docker(
    find: "Callable[[], Engine] | None", profile: str, runtime: str, run: str
) -> "DockerProvider":
    # The SDK takes a tenth of a second to load, which a process sandbox has no use for.
    from macrohard.sandbox.docker import DockerProvider, Engine  # noqa: PLC0415

    engine = (find or Engine.find)()
    try:
        return DockerProvider(engine, profile, runtime=runtime, run=run, warm=_WARM)
    except SandboxError:
        engine.close()
        raise


def _process(profile: str, *, allowed: bool) -> ProcessProvider:
    if not allowed:
        raise SandboxError(
            "code from a model other than offline does not run in the process sandbox unless you"
            " say so, because it shares this machine's kernel: add --allow-process-sandbox if you"
            " accept that (best on a machine of its own), or use --sandbox docker"
        )
    wanted = load_profile(profile)
    return ProcessProvider(packages=wanted.packages, limits=wanted.limits)
