"""Which kind of sandbox a run gets."""

from typing import Literal

from macrohard.errors import ConfigError, SandboxError
from macrohard.sandbox.base import SandboxProvider
from macrohard.sandbox.process import ProcessProvider
from macrohard.sandbox.profile import load_profile

SandboxName = Literal["auto", "docker", "process"]


def choose(name: SandboxName, *, model_is_offline: bool, allow_process: bool) -> SandboxProvider:
    """The provider for ``--sandbox NAME``.

    Code from a real model runs in ``process`` only when the person allowed it: processes share
    the host's kernel.

    Args:
        name: What the person asked for.
        model_is_offline: Whether every line of code comes from the offline model, which writes
            nothing but what our own templates hold.
        allow_process: Whether ``--allow-process-sandbox`` was given.

    Raises:
        ConfigError: No kind of that name.
        SandboxError: This kind cannot be had, or may not be used for this model.
    """
    if name not in ("auto", "docker", "process"):
        raise ConfigError(f"--sandbox {name}: choose auto, docker or process")
    if name == "docker":
        raise SandboxError(
            "--sandbox docker: the Docker sandbox is not built yet in this version;"
            " use --sandbox process (with --allow-process-sandbox for a model other than offline)"
        )
    if model_is_offline or allow_process:
        profile = load_profile("python")
        return ProcessProvider(packages=profile.packages, limits=profile.limits)
    raise SandboxError(
        "code from a model other than offline does not run in the process sandbox unless you say"
        " so, because it shares this machine's kernel: add --allow-process-sandbox if you accept"
        " that (best on a machine of its own); the Docker sandbox is not built yet in this version"
    )
