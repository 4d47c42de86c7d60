"""The part that writes release notes."""

import re
from collections.abc import Iterator

from macrohard.llm.offline.parts.reading import read_noun, read_text
from macrohard.llm.offline.parts.requirements import NO_EXAMPLE
from macrohard.llm.offline.parts.told import what_it_does
from macrohard.llm.offline.scene import Scene
from macrohard.work import Design, ReleaseNotes, Requirements

_OPEN = "Open:"
_SATISFIED = re.compile(r"satisfied:\s*(\d+) of (\d+)", re.IGNORECASE)
_FAILED = re.compile(r"(?P<suite>[\w ]+ tests): .*?(?P<count>\d+) failed")


def write_notes(scene: Scene) -> ReleaseNotes:
    """Tell what was built, how to run it, and what is known to be wrong."""
    requirements = read_noun(scene, "requirements", Requirements)
    design = read_noun(scene, "design", Design)
    return ReleaseNotes(
        headline=f"{requirements.title}: {' '.join(requirements.purpose.split())}",
        what_it_does=what_it_does(requirements),
        how_to_run=tuple(_ways(design)),
        known_issues=(
            *(said for said in requirements.assumptions if said.startswith(NO_EXAMPLE)),
            *_issues(read_text(scene, "outcome")),
            *requirements.out_of_scope,
        ),
    )


def _ways(design: Design) -> Iterator[str]:
    """How it is started, from its folder."""
    run = " ".join(design.run)
    yield (
        "It needs Python 3.11 or later, and nothing else. The commands below are typed in the "
        "folder of the application; README.md there says more."
    )
    yield f"`{run} --help` lists the commands."
    if design.serve:
        port = "8000"
        served = " ".join(design.serve).replace("{port}", port)
        yield f"`{served}` serves {_served(design)} at <http://127.0.0.1:{port}/>."
    if design.window:
        yield f"`{' '.join(design.window)}` opens its window."
    yield f"`{' '.join(design.test)}` runs its own tests."


def _served(design: Design) -> str:
    known = (("web", "its pages"), ("api", "its JSON API"))
    return " and ".join(words for name, words in known if name in design.interfaces)


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
