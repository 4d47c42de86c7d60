"""The parts from design to release."""

from macrohard.llm.offline.parts.art import direct
from macrohard.llm.offline.parts.coder import write_code
from macrohard.llm.offline.parts.design import write_design
from macrohard.llm.offline.parts.film import cut
from macrohard.llm.offline.parts.plan import write_plan
from macrohard.llm.offline.parts.release import write_notes
from macrohard.llm.offline.parts.reviews import review
from macrohard.llm.offline.parts.triage import judge
from macrohard.llm.offline.scene import Part

PARTS: dict[str, Part] = {
    "ArtDirection": direct,
    "Design": write_design,
    "Plan": write_plan,
    "Submission": write_code,
    "Review": review,
    "Triage": judge,
    "ReleaseNotes": write_notes,
    "CutList": cut,
}
"""Parts of the offline model."""
