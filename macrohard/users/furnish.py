"""Lays an application out in a box for one user: code that stays, data that starts empty."""

from pathlib import Path

from macrohard.sandbox.base import Sandbox
from macrohard.users.base import APP_FOLDER

_DATABASES = {".db", ".sqlite", ".sqlite3"}


async def furnish(box: Sandbox, app: Path, folder: str = APP_FOLDER) -> None:
    """Copy an application into a folder of the box.

    Folders of Python code cannot be changed from inside, so that no user breaks the program; the
    rest can, since programs keep their data beside it. Hidden files, links and databases that
    tests left behind are not copied.

    Args:
        box: A fresh box.
        app: Root of the application on the host.
        folder: Where it goes, relative to the workspace; the user sits there.

    Raises:
        SandboxError: It does not fit into the box.
    """
    # Nothing may have been built: then the user sits in an empty folder, and says so.
    await box.exec(["mkdir", "-p", folder], timeout_s=30)
    for entry in sorted(app.iterdir()):
        if entry.name.startswith(".") or entry.is_symlink() or entry.name == "__pycache__":
            continue
        target = f"{folder}/{entry.name}"
        if entry.is_dir():
            await box.put_tree(entry, target, read_only=any(entry.glob("*.py")))
        elif entry.is_file() and entry.suffix not in _DATABASES:
            await box.write(target, entry.read_bytes())
