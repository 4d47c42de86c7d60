"""The layout of a box on a host that gives no private root: directories under a scratch folder."""

import os
import shutil
import stat
from pathlib import Path
from typing import Any

OWN_PREFIX = "/opt/"
"""What the plan puts below this exists only for the box and is copied; the rest is the host's."""


def build_scratch(plan: dict[str, Any], uid: int | None) -> tuple[int, int]:
    """Fill the scratch folder named by ``plan``.

    Returns:
        Descriptors of the workspace and of the folder for temporary files.
    """
    scratch = Path(plan["scratch"])
    scratch.chmod(0o711)
    for dest, text in plan["files"]:
        if dest.startswith(OWN_PREFIX):
            file = _inside(scratch, dest)
            file.write_text(text.replace("#!/opt/", f"#!{scratch}/opt/"))
            file.chmod(0o755 if text.startswith("#!") else 0o644)
    for dest, target in plan["links"]:
        if dest.startswith(OWN_PREFIX):
            _inside(scratch, dest).symlink_to(target)
    for source, dest in plan["binds"]:
        if dest.startswith(OWN_PREFIX):
            _inside(scratch, dest).symlink_to(source)
    return _open_folder(scratch / "work", uid), _open_folder(scratch / "tmp", uid)


def _inside(scratch: Path, dest: str) -> Path:
    path = scratch / dest.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _open_folder(folder: Path, uid: int | None) -> int:
    folder.mkdir()
    if uid is not None:
        # Sticky and ours: the box may add entries, and not rename those that are not its own.
        folder.chmod(0o1777)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def remove_scratch(scratch: str) -> None:
    """Remove a scratch folder whatever permissions its former owner left on it."""
    shutil.rmtree(scratch, onerror=_open_up_and_retry)


def _open_up_and_retry(_function: Any, path: str, _error: Any) -> None:
    try:
        parent = Path(path).parent
        if not stat.S_ISLNK(parent.lstat().st_mode):
            parent.chmod(0o700)
        if Path(path).is_dir() and not Path(path).is_symlink():
            Path(path).chmod(0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink()
    except OSError:
        pass
