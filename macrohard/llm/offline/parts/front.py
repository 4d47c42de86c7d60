"""Registry of the parts that work before there is code, and of the simulated users."""

from macrohard.llm.offline.parts.acceptance import write_suite
from macrohard.llm.offline.parts.brief import write_brief
from macrohard.llm.offline.parts.requirements import write_requirements
from macrohard.llm.offline.parts.scenarios import write_scenarios
from macrohard.llm.offline.parts.staffing import write_staffing
from macrohard.llm.offline.parts.users import try_out
from macrohard.llm.offline.scene import Part

PARTS: dict[str, Part] = {
    "AcceptanceSuite": write_suite,
    "Brief": write_brief,
    "Requirements": write_requirements,
    "Scenarios": write_scenarios,
    "Staffing": write_staffing,
    "Verdict": try_out,
}
"""Parts of the offline model by the noun they hand in."""
