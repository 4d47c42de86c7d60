"""The layout of a box on a host that gives no private root: directories under a scratch folder."""

import os
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
    """Remove a scratch folder whatever its former owner left in it.

    Nothing of the box may run any more. ``rm`` walks trees deeper than our stack.
    """
    import subprocess  # noqa: PLC0415 - most keepers never need it, and it takes a while to load

    for program in (["rm", "-rf"], ["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*program, "--", scratch], check=False, capture_output=True)
        if not Path(scratch).exists():
            return
