"""Keeps the answers of a run on a cassette."""

from pathlib import Path

from macrohard.errors import UsageError
from macrohard.graph.office import Office
from macrohard.llm.base import Asker, sees, window_tokens
from macrohard.llm.cassette import record_cassette


def keep_cassette(office: Office, target: Path, folder: Path, spec: str) -> None:
    """Write the cassette, in the run's own folder where its place went away meanwhile.

    Args:
        office: Where the answers are.
        target: The cassette.
        folder: The run directory.
        spec: SHA-256 of the spec's text.
    """
    header = {
        "model": ", ".join(_without_folder(name) for name in office.settings.models),
        "spec": spec,
        "windows": _windows(office),
        "seeing": _seeing(office),
        "roles": [role.model_dump(mode="json", exclude={"source"}) for role in office.roster],
    }
    try:
        record_cassette(office.folders.calls, office.artifacts, target, header)
    except UsageError as error:
        spare = folder / "cassette.jsonl.gz"
        record_cassette(office.folders.calls, office.artifacts, spare, header)
        office.journal.write("notice", text=f"{error} The cassette is {spare} instead.")


def _windows(office: Office) -> dict[str, int]:
    """Context window of each role's model: a replay must cut conversations in the same places."""
    return {
        role.name: window_tokens(office.model, Asker(role=role.name, stage=role.stage))
        for role in office.roster
    }


def _seeing(office: Office) -> dict[str, int]:
    """Roles that were shown pictures where there were any, each with its context window then."""
    askers = [Asker(role=role.name, stage=role.stage, looks=True) for role in office.roster]
    return {
        asker.role: window_tokens(office.model, asker)
        for asker in askers
        if sees(office.model, asker)
    }


def _without_folder(model: str) -> str:
    """A model's name as others may read it: of a mailbox or a replay, not where it lies."""
    kind, _, _ = model.partition(":")
    return kind if kind in {"mailbox", "replay"} else model
