"""What a server turned out not to understand, and how to ask it instead."""

import re
from dataclasses import dataclass, replace

from macrohard.llm.endpoint import Preset, SchemaMode, TokenLimit

_OTHER_LIMIT: dict[TokenLimit, TokenLimit] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}

_PICTURES = re.compile(
    r"\bimage|image_url|\bpicture|\bvision\b|\bvisual|multi-?modal|mmproj|content.{0,20}(?:string|str\b)",
    re.IGNORECASE,
)
"""What servers say that cannot do with pictures; some only know messages that are strings."""
_UNKNOWN = (
    "unsupported", "not supported", "unknown", "unrecog", "not permitted", "unexpected", "instead",
)  # fmt: skip


@dataclass(frozen=True)
class Manner:
    """How requests are put. Each refusal takes one thing away, so there are few.

    Attributes:
        schema: How an output schema is asked for.
        tokens: Name of the limit on output tokens; empty when neither is understood.
        other_tokens: Whether the other name was tried.
        stream: Whether answers are streamed.
        stream_usage: Whether usage is asked for in streams.
        thoughts: Whether encrypted thoughts are asked for (responses).
        unseen: Why pictures are left out; empty while they are sent.
    """

    schema: SchemaMode
    tokens: TokenLimit | None
    other_tokens: bool = False
    stream: bool = True
    stream_usage: bool = True
    thoughts: bool = True
    unseen: str = ""

    @property
    def pictures(self) -> bool:
        """Whether pictures are sent."""
        return not self.unseen

    @classmethod
    def of(cls, preset: Preset, *, sees: bool | None = None) -> "Manner":
        """The manner of a preset, for a model that sees, or does not."""
        return cls(
            schema=preset.schema,
            tokens=preset.tokens,
            stream=preset.stream,
            stream_usage=preset.stream_usage,
            unseen="" if sees is not False else "its endpoint says that it does not see",
        )

    def after(self, complaint: str) -> "Manner | None":
        """A manner without what a server complains about; None where asking otherwise is no use.

        Args:
            complaint: Text of an answer with status 400, 404, 415, 422 or 501.
        """
        text = complaint.lower()
        if "stream_options" in text or "include_usage" in text:
            return replace(self, stream_usage=False) if self.stream_usage else None
        if "encrypted" in text:
            return replace(self, thoughts=False) if self.thoughts else None
        if any(word in text for word in ("response_format", "json_schema", "grammar", "schema")):
            return self._without_schema()
        if self.tokens is not None and ("max_tokens" in text or "max_completion_tokens" in text):
            return self._with_other_limit(text)
        if "stream" in text:
            return replace(self, stream=False) if self.stream else None
        return None

    def without_pictures(self, complaint: str) -> "Manner | None":
        """A manner without pictures, where it is these that a server complains about.

        Args:
            complaint: Text of an answer to a request with pictures, whatever its status.
        """
        if not self.pictures or not _PICTURES.search(complaint):
            return None
        return replace(self, unseen=f"the server refuses them: {' '.join(complaint.split())[:200]}")

    def _without_schema(self) -> "Manner | None":
        if self.schema == "none":
            return None
        return replace(self, schema="json_object" if self.schema == "json_schema" else "none")

    def _with_other_limit(self, text: str) -> "Manner | None":
        if self.tokens is None or not any(word in text for word in _UNKNOWN):
            return None  # the number is too high, not the name unknown
        if self.other_tokens:
            return replace(self, tokens=None)
        return replace(self, tokens=_OTHER_LIMIT[self.tokens], other_tokens=True)
