"""Parts of the offline model."""

from macrohard.llm.offline.scene import Part

PARTS: dict[str, Part] = {}
