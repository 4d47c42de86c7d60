"""Boxes that run code nobody has read: the protocol, the process sandbox, and the choice."""

from macrohard.sandbox.base import (
    WORKSPACE,
    ExecResult,
    Limits,
    Outcome,
    Sandbox,
    SandboxProvider,
    Terminal,
)
from macrohard.sandbox.box import ProcessSandbox
from macrohard.sandbox.choice import SandboxName, choose
from macrohard.sandbox.process import ProcessProvider

__all__ = [
    "WORKSPACE",
    "ExecResult",
    "Limits",
    "Outcome",
    "ProcessProvider",
    "ProcessSandbox",
    "Sandbox",
    "SandboxName",
    "SandboxProvider",
    "Terminal",
    "choose",
]
