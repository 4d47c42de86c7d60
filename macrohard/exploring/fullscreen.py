"""A user who looks around in a program that owns the screen: keys, a small window, the way out."""

from macrohard.exploring.typing import CommandExplorer
from macrohard.users.base import Press, Resize

_KEYS = ("Down", "Up", "Tab", "Right", "Left", "PageDown", "Home", "End", "?", "Escape", "Enter")
_LEAVES = ("q", "Escape", "Ctrl-Q", "Ctrl-X", "Ctrl-C", "Ctrl-D", ": q Enter")
_USUAL = (30, 100)
_SIZES = ((10, 40), (5, 20), (50, 200))
"""Rows and columns of windows that people have."""


async def explore_screen(user: CommandExplorer) -> None:
    """Look around in the program that owns the screen, and leave it.

    Args:
        user: Has just started it.

    Raises:
        SandboxError: The box failed.
    """
    shown = user.last
    if shown is not None and not shown.screen.strip():
        user.find("screen", "the program shows an empty screen")
    for rows, columns in _SIZES:
        seen = await user.tries(Resize(rows=rows, columns=columns))
        if seen is not None and seen.state.at == "prompt":
            user.find(
                "screen", f"the program ends when the window has {rows} rows and {columns} columns"
            )
            await user.tries(Resize(rows=_USUAL[0], columns=_USUAL[1]))
            if not await _start_again(user):
                return
    await user.tries(Resize(rows=_USUAL[0], columns=_USUAL[1]))
    for key in _KEYS:
        seen = await user.tries(Press(keys=key))
        gone = seen is None or seen.state.at in {"prompt", "ended"}
        if gone and not await _start_again(user):
            return
    await _leave(user)


async def _start_again(user: CommandExplorer) -> bool:
    told = await user.run()
    return told.at == "full-screen"


async def _leave(user: CommandExplorer) -> None:
    for keys in _LEAVES:
        seen = await user.tries(Press(keys=keys))
        if seen is not None and seen.state.at in {"prompt", "ended"}:
            status = seen.state.exit_status
            if keys in {"q", "Escape", "Ctrl-Q", "Ctrl-X"} and status:
                title = f"left with {keys}, the program ends with exit status {status}"
                user.find("screen", title, severity="minor")
            return
    user.find("screen", "none of the usual keys leaves the program", severity="minor")
