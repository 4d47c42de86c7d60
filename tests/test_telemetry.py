"""Spans of a build: run > stage > item or trial > call, and no text that nobody asked for."""

import builtins
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.bad_server import raw, serving
from support.builds import TINY

from macrohard import build
from macrohard.errors import UsageError
from macrohard.telemetry import TEXTS_VARIABLE, Exported, Telemetry

SECRET_WORD = "Know which teas there are"  # noqa: S105 - a line of the spec


def exported(telemetry: Callable[[TracerProvider], Telemetry]) -> tuple[Telemetry, Any]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return telemetry(provider), exporter.get_finished_spans


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[ReadableSpan], ...]:
    """Spans of one whole build, with texts and without."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "tea.md").write_text(TINY)
    telling, told = exported(lambda provider: Telemetry(provider, lambda _id: folder / "run"))
    silent, untold = exported(Telemetry)

    def take(event: dict[str, Any]) -> None:
        telling.take(event)
        silent.take(event)

    build(folder / "tea.md", out=folder / "run", on_event=take)
    telling.close()
    silent.close()
    return list(told()), list(untold())


@pytest.fixture
def spans(both: tuple[list[ReadableSpan], ...]) -> list[ReadableSpan]:
    return both[0]


def parents(span: ReadableSpan, spans: list[ReadableSpan]) -> list[str]:
    by_id = {one.context.span_id: one for one in spans}
    names = []
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names


def test_spans_nest_as_work_does(spans: list[ReadableSpan]) -> None:
    (run,) = [span for span in spans if span.parent is None]
    assert run.name == "invoke_workflow macrohard.build"
    assert run.attributes["macrohard.status"] == "released"
    stages = {span.name for span in spans if span.parent and parents(span, spans) == [run.name]}
    assert stages >= {"stage intake", "stage plan", "stage coding", "stage users", "stage release"}
    chats = [span for span in spans if span.name == "chat offline"]
    roots = {tuple(parents(span, spans)) for span in chats}
    assert ("stage plan", run.name) in roots
    assert any(path[0].startswith("invoke_agent ") and path[1] == "stage coding" for path in roots)
    assert any(path[0].startswith("invoke_agent ") and path[1] == "stage users" for path in roots)
    assert all(path[-1] == run.name for path in roots)


def test_times_of_inner_spans_lie_within_the_outer(spans: list[ReadableSpan]) -> None:
    by_id = {span.context.span_id: span for span in spans}
    for span in spans:
        assert span.start_time <= span.end_time
        if span.parent is not None:
            outer = by_id[span.parent.span_id]
            # Events are stamped to the millisecond, calls measured more finely.
            assert span.start_time >= outer.start_time - 2_000_000
            assert span.end_time <= outer.end_time + 2_000_000


def test_a_call_says_what_it_took(spans: list[ReadableSpan]) -> None:
    chats = [span for span in spans if span.name == "chat offline"]
    for span in chats:
        said = span.attributes
        assert said["gen_ai.operation.name"] == "chat"
        assert said["gen_ai.provider.name"] == "offline"
        assert said["gen_ai.usage.input_tokens"] > 0
        assert said["gen_ai.usage.output_tokens"] > 0


def test_texts_are_there_when_asked_for(spans: list[ReadableSpan]) -> None:
    (intake,) = [span for span in spans if span.attributes.get("macrohard.stage") == "intake"
                 and span.name.startswith("chat")]  # fmt: skip
    messages = json.loads(intake.attributes["gen_ai.input.messages"])
    assert SECRET_WORD in messages[1]["parts"][0]["content"]
    assert json.loads(intake.attributes["gen_ai.output.messages"])[0]["role"] == "assistant"


def events(*rows: dict[str, Any]) -> list[ReadableSpan]:
    telemetry, spans = exported(Telemetry)
    for number, row in enumerate(rows):
        telemetry.take({"at": f"2026-01-01T00:00:{number:02d}.000+00:00", **row})
    telemetry.close()
    return list(spans())


STARTED = {"type": "run_started", "id": "r", "resumed": True}
CALL = {
    "type": "call_finished", "key": "k", "role": "architect", "stage": "design", "item": "",
    "round": 1, "model": "gemini:flash", "served": "flash-2", "input_tokens": 9,
    "cached_tokens": 4, "output_tokens": 2, "estimated": False, "usd": 0.25, "seconds": 0.5,
    "reused": False,
}  # fmt: skip


def test_no_text_is_told_unless_asked_for(both: tuple[list[ReadableSpan], ...]) -> None:
    told, untold = (json.dumps([dict(span.attributes) for span in spans]) for spans in both)
    assert SECRET_WORD in told
    assert SECRET_WORD not in untold
    assert "messages" not in untold
    assert len(both[0]) == len(both[1])


def test_what_came_from_the_store_is_no_call_and_a_killed_run_ends() -> None:
    spans = events(
        STARTED,
        {"type": "item_started", "item": "W1", "role": "x", "round": 1},
        {**CALL, "reused": True},
        CALL,
        {"type": "model_failed", "model": "a", "instead": "b", "reason": "gone"},
    )
    names = sorted(span.name for span in spans)
    assert names == [
        "chat flash", "invoke_agent x", "invoke_workflow macrohard.build", "stage coding",
    ]  # fmt: skip
    (chat,) = [span for span in spans if span.name == "chat flash"]
    assert chat.attributes["gen_ai.provider.name"] == "gcp.gemini"
    assert chat.attributes["gen_ai.usage.cache_read.input_tokens"] == 4
    (run,) = [span for span in spans if span.parent is None]
    assert run.events[0].attributes["instead"] == "b"


def test_spans_are_sent_where_the_variables_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(TEXTS_VARIABLE, raising=False)
    with serving(raw(b"", kind="application/x-protobuf")) as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{server.url}/traces")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        with Exported(lambda _id: tmp_path) as exported:
            exported.take({**STARTED, "at": "2026-01-01T00:00:00.000+00:00"})
    assert b"invoke_workflow macrohard.build" in server.bodies[0]
    assert b"macrohard" in server.bodies[0]


def test_without_the_extra_the_way_to_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("opentelemetry.exporter"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"pip install -e '\.\[telemetry\]'"):
        Exported(lambda _id: tmp_path)
