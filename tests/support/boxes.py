"""What tests in this folder do in a box."""

from collections.abc import Callable
from typing import Any

from macrohard.sandbox import ExecResult, Sandbox

Need = Callable[..., None]
"""Skips the test when the provider says that one of the named pieces does not hold."""

QUICK_S = 20.0


async def python(box: Sandbox, code: str, *arguments: str, **options: Any) -> ExecResult:
    """Run Python code."""
    options.setdefault("timeout_s", QUICK_S)
    return await box.exec(["python", "-c", code, *arguments], **options)


async def shell(box: Sandbox, script: str, **options: Any) -> ExecResult:
    """Run a shell script."""
    options.setdefault("timeout_s", QUICK_S)
    return await box.exec(["bash", "-c", script], **options)


async def count_running(box: Sandbox, marker: str) -> int:
    """How many processes that the box can see have ``marker`` on their command line."""
    script = f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^{marker}$'"
    return int((await shell(box, script)).stdout)


async def works(box: Sandbox) -> bool:
    """Whether the box still runs commands."""
    return (await shell(box, "echo works")).stdout == "works\n"
