"""Registry of the parts that work before there is code, and of the simulated users."""

from macrohard.llm.offline.parts.acceptance import write_suite
from macrohard.llm.offline.parts.requirements import write_requirements
from macrohard.llm.offline.scene import Part

PARTS: dict[str, Part] = {
    "Requirements": write_requirements,
    "AcceptanceSuite": write_suite,
}
"""Parts of the offline model by the noun they hand in."""
