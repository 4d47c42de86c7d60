"""The packages of an app: chosen with the design, the same in every box, committed as a lock."""

from collections.abc import Sequence
from pathlib import Path

from macrohard.graph.office import Office
from macrohard.packages import LOCK, Shelf, target_of, undeclared
from macrohard.work import Failure, FailureSource


async def equip(office: Office, packages: Sequence[str]) -> str:
    """Have packages in all boxes from now on, and their lock on main; the text of the lock.

    Raises:
        PackageError: They cannot be had as asked.
    """
    if not packages:
        return ""
    shelf = Shelf(office.folders.packages, offline=office.settings.offline_packages)
    target = await target_of(office.boxes)
    lock = await shelf.resolve(packages, target)
    office.boxes.use_packages(await shelf.install(lock, target))
    await office.repository.put({LOCK: lock.encode()}, "Lock the packages of the design")
    office.journal.write("packages_locked", wanted=list(packages), locked=lock.count("=="))
    return lock


def strangers(app: Path, lock: str, round_: int) -> list[Failure]:
    """A failure for each file of an app that says it needs what no box has."""
    by_file: dict[str, list[str]] = {}
    for file, name in undeclared(app, lock):
        by_file.setdefault(file, []).append(name)
    return [
        Failure(
            id=f"R{round_}-P{number}",
            source=FailureSource.UNIT,
            title=f"{file} asks for packages that the design does not name",
            evidence=f"{file} lists {', '.join(names)}; installed is what the design's `packages`"
            f" name and what these require (see {LOCK}). The app must do without, or not ask.",
            files=(file,),
        )
        for number, (file, names) in enumerate(by_file.items(), start=1)
    ]
