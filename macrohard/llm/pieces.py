"""Putting a streamed chat completion together, whatever order and shape its pieces come in."""

from typing import Any

from macrohard.llm.connection import AgainError
from macrohard.llm.written import as_text, plain_text

_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")


class Pieces:
    """A completion that grows chunk by chunk, as the JSON that would come without a stream."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
        self._details: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        self._places: dict[Any, dict[str, Any]] = {}
        self._finish: Any = None
        self._usage: Any = None
        self._model: Any = None

    @property
    def ended(self) -> bool:
        """Whether the answer was said to end."""
        return self._finish is not None

    def take(self, chunk: dict[str, Any]) -> None:
        """Add one chunk.

        Raises:
            AgainError: It tells of an error, or cannot be read.
        """
        if chunk.get("error"):
            raise AgainError(f"the provider failed in the midst: {str(chunk['error'])[:500]}")
        self._usage = chunk.get("usage") or self._usage
        self._model = chunk.get("model") or self._model
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if not isinstance(choice, dict):
                raise AgainError(f"a piece of the stream cannot be read: {str(choice)[:200]!r}")
            if choice.get("index") in {None, 0}:
                self._take_choice(choice)

    def completion(self) -> dict[str, Any]:
        """The completion as if it had come in one piece."""
        message: dict[str, Any] = {name: "".join(parts) for name, parts in self._texts.items()}
        message |= {"reasoning_details": self._details, "tool_calls": self._calls}
        for call in self._calls:
            function = call["function"]
            function["name"] = "".join(function["name"])
            function["arguments"] = "".join(function["arguments"])
        return {
            "choices": [{"message": message, "finish_reason": self._finish}],
            "usage": self._usage,
            "model": self._model,
        }

    def _take_choice(self, choice: dict[str, Any]) -> None:
        self._finish = choice.get("finish_reason") or self._finish
        delta = choice.get("delta", choice.get("message"))
        if not isinstance(delta, dict):
            return
        for name in _TEXTS:
            self._texts[name].append(plain_text(delta.get(name)))
        details = delta.get("reasoning_details")
        for detail in details if isinstance(details, list) else []:
            if isinstance(detail, dict):
                self._take_detail(detail)
        calls = delta.get("tool_calls")
        for raw in calls if isinstance(calls, list) else []:
            if isinstance(raw, dict):
                self._take_call(raw)

    def _take_call(self, raw: dict[str, Any]) -> None:
        function = raw.get("function")
        function = function if isinstance(function, dict) else {}
        place = raw.get("index", len(self._calls) if raw.get("id") else len(self._calls) - 1)
        call = self._places.get(place)
        # Some servers give every call the same index: another id is another call.
        if call is None or (raw.get("id") and call["id"] and raw["id"] != call["id"]):
            call = {"id": "", "function": {"name": [], "arguments": []}}
            self._places[place] = call
            self._calls.append(call)
        if isinstance(raw.get("id"), str):
            call["id"] = raw["id"]
        if isinstance(function.get("name"), str) and function["name"] != "".join(
            call["function"]["name"]
        ):
            call["function"]["name"].append(function["name"])
        if function.get("arguments") is not None:
            call["function"]["arguments"].append(as_text(function["arguments"]))
        if raw.get("extra_content"):
            call["extra_content"] = raw["extra_content"]

    def _take_detail(self, detail: dict[str, Any]) -> None:
        """Details of thoughts come in pieces of the same index, too, and go back whole."""
        last = self._details[-1] if self._details else {}
        same = all(last.get(name) == detail.get(name) for name in ("type", "index", "id"))
        if not last or not same:
            self._details.append(dict(detail))
            return
        for name, value in detail.items():
            if name in {"text", "summary", "data"} and isinstance(value, str):
                last[name] = f"{last.get(name) or ''}{value}"
            elif value is not None:
                last[name] = value
