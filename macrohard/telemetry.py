"""OpenTelemetry spans of a build, with the semantic conventions for generative AI.

Off unless somebody hands :meth:`Telemetry.take` to a build as its listener. Spans are made from the
journal's events, so the graph knows nothing of them: run > stage > item or trial > call. Texts of
prompts and answers are left out unless ``texts`` asks for them.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from macrohard import __version__
from macrohard.artifacts import Artifacts
from macrohard.errors import MacrohardError, UsageError
from macrohard.journal import Event
from macrohard.llm.base import Message
from macrohard.llm.store import restore_request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

TEXTS_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The conventions' own variable: ``true`` puts prompts and answers into the spans."""
_YES = frozenset({"true", "1", "span_only", "span_and_event"})
_PARALLEL = {"item": "coding", "trial": "users"}
"""Stages that do not announce themselves, by what runs in them side by side."""
_PROVIDERS = {"openai-responses": "openai", "xai": "x_ai", "gemini": "gcp.gemini"}
"""The conventions' names of providers, where they are not ours."""

Key = tuple[str, ...]


class Telemetry:
    """Turns the events of one run into spans.

    Args:
        provider: Where spans go; it stays the caller's.
        texts: Tells the run directory by the run's id, to put prompts and answers into the spans;
            None leaves them out.
    """

    def __init__(
        self, provider: "TracerProvider", texts: Callable[[str], Path] | None = None
    ) -> None:
        self._tracer = provider.get_tracer("macrohard", __version__)
        self._find = texts
        self._texts: Path | None = None
        self._open: dict[Key, Span] = {}
        self._parents: dict[Key, Key] = {}
        self._latest: dict[Key, int] = {}

    def take(self, event: Event) -> None:
        """Make, end or add to a span."""
        kind, at = str(event["type"]), _ns(event["at"])
        group, _, what = kind.partition("_")
        if kind == "run_started":
            self._texts = self._find(event["id"]) if self._find is not None else None
            self._start(("run",), (), at, "invoke_workflow macrohard.build", {
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": "macrohard.build",
                "gen_ai.conversation.id": event["id"],
                "macrohard.resumed": event["resumed"],
            })  # fmt: skip
        elif kind == "run_finished":
            self._finish(event, at)
        elif kind == "stage_started":
            self._end_idle(at)
            self._start_stage(event["stage"], event["round"], at)
        elif kind == "stage_finished":
            self._end(_stage(event), at)
        elif group in _PARALLEL and what == "started":
            self._start_agent(group, event, at)
        elif group in _PARALLEL and what == "finished":
            self._end((group, event[group]), at, outcome=str(event.get("outcome", "")))
        elif kind == "call_finished":
            self._call(event, at)
        elif kind == "model_failed" and ("run",) in self._open:
            fields = {name: str(event.get(name)) for name in ("model", "instead", "reason")}
            self._open["run",].add_event("macrohard.model_failed", fields, at)

    def close(self) -> None:
        """End what is still open, innermost first; a run that was killed ends here."""
        for key in reversed(list(self._open)):
            self._end(key, self._latest.get(key))

    def _start(
        self, key: Key, parent: Key, at: int, name: str, attributes: Mapping[str, Any]
    ) -> None:
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - an extra

        above = self._open.get(parent)
        context = set_span_in_context(above) if above is not None else None
        self._open[key] = self._tracer.start_span(
            name, context, attributes=dict(attributes), start_time=at
        )
        self._parents[key] = parent
        self._touch(key, at)

    def _end(self, key: Key, at: int | None, outcome: str = "") -> None:
        span = self._open.pop(key, None)
        if span is None:
            return
        if outcome:
            span.set_attribute("macrohard.outcome", outcome)
        span.end(at)
        if at is not None:
            self._touch(self._parents[key], at)

    def _touch(self, key: Key, at: int) -> None:
        """Something happened within a span, and all it is within."""
        while key:
            self._latest[key] = max(at, self._latest.get(key, at))
            key = self._parents.get(key, ())

    def _start_stage(self, stage: str, round_: int, at: int) -> None:
        attributes = {"macrohard.stage": stage, "macrohard.round": round_}
        self._start(("stage", stage, str(round_)), ("run",), at, f"stage {stage}", attributes)

    def _start_agent(self, group: str, event: Event, at: int) -> None:
        stage = _PARALLEL[group]
        above = ("stage", stage, str(event["round"]))
        if above not in self._open:
            self._start_stage(stage, event["round"], at)
        role = event.get("role") or event.get("persona")
        self._start((group, event[group]), above, at, f"invoke_agent {role}", {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": role,
            "gen_ai.agent.id": event[group],
            f"macrohard.{group}": event[group],
            "macrohard.round": event["round"],
        })  # fmt: skip

    def _end_idle(self, at: int) -> None:
        """End stages that do not say when they end: no one works in them, and another begins."""
        busy = {self._parents[key] for key in self._open}
        for key in [key for key in self._open if key[0] == "stage" and key not in busy]:
            if key[1] in _PARALLEL.values():
                self._end(key, self._latest.get(key, at))

    def _finish(self, event: Event, at: int) -> None:
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - an extra

        for key in reversed([key for key in self._open if key != ("run",)]):
            self._end(key, self._latest.get(key, at))
        span = self._open.get(("run",))
        if span is not None:
            span.set_attribute("macrohard.status", event["status"])
            if event.get("error"):
                span.set_status(Status(StatusCode.ERROR, str(event["error"])))
        self._end(("run",), at)

    def _call(self, event: Event, at: int) -> None:
        """One call that was made now; an answer from the store is none."""
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415 - an extra

        if event["reused"]:
            return
        item = event["item"]
        above = next(
            (key for key in (("item", item), ("trial", item), _stage(event)) if key in self._open),
            ("run",),
        )
        parent = self._open.get(above)
        span = self._tracer.start_span(
            f"chat {_model(event['model'])}",
            set_span_in_context(parent) if parent is not None else None,
            kind=SpanKind.CLIENT,
            attributes={**_call_attributes(event), **self._said(event)},
            start_time=at - int(event["seconds"] * 1e9),
        )
        span.end(at)
        self._touch(above, at)

    def _said(self, event: Event) -> dict[str, str]:
        """Prompt and answer, where they are asked for and still there."""
        if self._texts is None:
            return {}
        try:
            call = json.loads((self._texts / "calls" / f"{event['key']}.json").read_text())
            request = restore_request(call["request"], Artifacts(self._texts / "artifacts"))
        except (OSError, ValueError, KeyError, MacrohardError):
            return {}
        reply = Message.model_validate(
            {
                "role": "assistant",
                "content": call["reply"].get("content", ""),
                "tool_calls": call["reply"].get("tool_calls", ()),
            }
        )
        return {
            "gen_ai.input.messages": json.dumps([_message(one) for one in request.messages]),
            "gen_ai.output.messages": json.dumps([_message(reply)]),
        }


class Exported:
    """A provider of spans set up by the standard ``OTEL_*`` variables, flushed on leaving.

    Args:
        folder: Tells the run directory by the run's id.

    Raises:
        UsageError: The extra is not installed.
    """

    def __init__(self, folder: Callable[[str], Path]) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError:
            raise UsageError(
                "--telemetry needs an extra; in macrohard's checkout: "
                "pip install -e '.[telemetry]'."
            ) from None
        service = Resource.create({"service.version": __version__})
        if str(service.attributes.get("service.name", "")).startswith("unknown_service"):
            service = service.merge(Resource({"service.name": "macrohard"}))
        self._provider = TracerProvider(resource=service)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        wanted = os.environ.get(TEXTS_VARIABLE, "").lower() in _YES
        self._telemetry = Telemetry(self._provider, folder if wanted else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._telemetry.close()
        self._provider.shutdown()

    def take(self, event: Event) -> None:
        """As of :meth:`Telemetry.take`."""
        self._telemetry.take(event)


def _call_attributes(event: Event) -> dict[str, Any]:
    kind = event["model"].partition(":")[0]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "url" if "#" in event["model"] else _PROVIDERS.get(kind, kind),
        "gen_ai.request.model": _model(event["model"]),
        "gen_ai.response.model": event["served"] or _model(event["model"]),
        "gen_ai.usage.input_tokens": event["input_tokens"],
        "gen_ai.usage.cache_read.input_tokens": event["cached_tokens"],
        "gen_ai.usage.output_tokens": event["output_tokens"],
        "gen_ai.agent.name": event["role"],
        "macrohard.stage": event["stage"],
        "macrohard.round": event["round"],
        "macrohard.call": event["key"],
        "macrohard.usd": event["usd"],
        "macrohard.estimated": event["estimated"],
    }


def _message(message: Message) -> dict[str, Any]:
    """A message in the conventions' form."""
    if message.role == "tool":
        part = {"type": "tool_call_response", "id": message.tool_call_id,
                "response": message.content}  # fmt: skip
        return {"role": "tool", "parts": [part]}
    parts: list[dict[str, Any]] = []
    if message.content:
        parts.append({"type": "text", "content": message.content})
    parts += [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]
    return {"role": message.role, "parts": parts}


def _model(name: str) -> str:
    """A model's name at its provider."""
    if "#" in name:
        return name.partition("#")[2]
    return name.partition(":")[2] or name


def _stage(event: Event) -> Key:
    return "stage", event["stage"], str(event["round"])


def _ns(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000) * 1_000_000
