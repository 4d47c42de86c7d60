"""The directory of a run: made whole or not at all, and refused when parts of it are gone."""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from macrohard.config import Settings
from macrohard.errors import UsageError
from macrohard.lock import hold
from macrohard.record import new_record, read_record, write_record
from macrohard.spec import Spec


def create_run(
    spec: Spec, settings: Settings, out: Path | None, *, overwrite: bool = False
) -> Path:
    """Make the directory of a new run, whole or not at all.

    Raises:
        UsageError: ``out`` is there already, or cannot be made.
    """
    run_id = _new_id(spec)
    target = out or Path("runs") / run_id
    _check_free(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".new-run-", dir=target.parent))
    except OSError as error:
        raise UsageError(f"{target} cannot be made: {error.strerror}.") from error
    try:
        scratch.chmod(0o755)
        (scratch / "spec.md").write_text(spec.text)
        write_record(scratch, new_record(target.name if out else run_id, spec, settings))
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def check_whole(folder: Path, record: Mapping[str, Any]) -> None:
    """Refuse a run that has begun and whose parts are gone: going on would build on nothing."""
    if not record["stages"]:
        return
    for part in ("app/.git", "checkpoints.sqlite"):
        if not (folder / part).exists():
            raise UsageError(
                f"{folder} is damaged: {part} is missing. Put it back, or build again."
            )


def _check_free(target: Path, *, overwrite: bool) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} exists and is no folder; choose another --out.")
    if not target.exists() or not any(target.iterdir()):
        return
    try:
        record = read_record(target)
    except UsageError:
        raise UsageError(
            f"{target} exists and is not a run of macrohard; it was left untouched. "
            "Choose another --out."
        ) from None
    if not overwrite:
        raise UsageError(
            f"{target} already holds a run ({record['status']}). See it with "
            f"`macrohard show {target}`, go on with `macrohard resume {target}`, "
            "choose another --out, or build it anew with --overwrite."
        )
    with hold(target):
        pass


def _new_id(spec: Spec) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    title = next((line for line in spec.text.splitlines() if line.strip()), "app")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30].strip("-") or "app"
    return f"{slug}-{stamp}-{os.getpid() % 10_000:04d}"
