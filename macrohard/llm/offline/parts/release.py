"""The part that writes release notes."""

import re

from macrohard.llm.offline.parts.reading import read_noun, read_text
from macrohard.llm.offline.parts.requirements import NO_EXAMPLE
from macrohard.llm.offline.scene import Scene
from macrohard.work import Design, ReleaseNotes, Requirements

_OPEN = "Open:"
_SATISFIED = re.compile(r"satisfied:\s*(\d+) of (\d+)", re.IGNORECASE)
_FAILED = re.compile(r"(?P<suite>[\w ]+ tests): .*?(?P<count>\d+) failed")


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
        known_issues=(
            *(said for said in requirements.assumptions if said.startswith(NO_EXAMPLE)),
            *_issues(read_text(scene, "outcome")),
            *requirements.out_of_scope,
        ),
    )


def _issues(outcome: str) -> list[str]:
    """What the outcome says is open, wrong, or was not liked."""
    issues = []
    for line in outcome.splitlines():
        satisfied = _SATISFIED.search(line)
        failed = _FAILED.match(line)
        if satisfied and satisfied[1] != satisfied[2]:
            left = int(satisfied[2]) - int(satisfied[1])
            issues.append(f"{left} of {satisfied[2]} trials by simulated users ended unsatisfied.")
        elif failed and int(failed["count"]):
            issues.append(f"{failed['suite']}: {failed['count']} failed.")
        elif line.startswith(_OPEN):
            issues.append(line.removeprefix(_OPEN).strip())
    return issues
