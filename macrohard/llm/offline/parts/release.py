"""The part that writes release notes."""

from macrohard.llm.offline.parts.reading import read_noun, read_text
from macrohard.llm.offline.scene import Scene
from macrohard.work import Design, ReleaseNotes, Requirements

_ISSUE_MARKS = ("known issue", "open defect", "not satisfied", "unsatisfied", "minor")


def write_notes(scene: Scene) -> ReleaseNotes:
    """Tell what was built, how to run it, and what is known to be wrong."""
    requirements = read_noun(scene, "requirements", Requirements)
    design = read_noun(scene, "design", Design)
    run = " ".join(design.run)
    return ReleaseNotes(
        headline=f"{requirements.title}: {requirements.purpose}",
        what_it_does=tuple(f"{story.as_a}: {story.i_want}" for story in requirements.stories),
        how_to_run=(
            f"{run} --help",
            f"{run} COMMAND ... (from the folder of the application; Python 3.11 or later)",
            f"Its unit tests: {' '.join(design.test)}",
        ),
        known_issues=(*_issues(read_text(scene, "outcome")), *requirements.out_of_scope),
    )


def _issues(outcome: str) -> list[str]:
    """The lines of the outcome that speak of something open."""
    return [
        line.strip().lstrip("-* ").strip()
        for line in outcome.splitlines()
        if any(mark in line.lower() for mark in _ISSUE_MARKS) and ": none" not in line.lower()
    ]
