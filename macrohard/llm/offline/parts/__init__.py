"""The parts the offline model plays, by the noun they hand in."""

from macrohard.llm.offline.parts import back, front
from macrohard.llm.offline.scene import Part

PARTS: dict[str, Part] = {**front.PARTS, **back.PARTS}
