"""`macrohard doctor --model NAME`: one small call for each thing that a build asks of a model."""

import json
from typing import Any

import pytest
from support.bad_server import (
    BadServer,
    Handler,
    completion,
    error,
    good,
    listing,
    raw,
    responded,
    serving,
    streamed,
)
from support.commands import Command

from macrohard.llm.probe import CALLS

KEY = "sk-canary-5512"
CALL = {"id": "1", "type": "function", "function": {"name": "report", "arguments": '{"number": 7}'}}
GOOD = [completion("ready"), completion(None, tool_calls=[CALL]), completion('{"sum": 5}')]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("MACROHARD_API_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("MACROHARD_MODEL", raising=False)


def look(macrohard: Command, server: BadServer) -> tuple[int, str]:
    """Exit code and all that was said of the one model."""
    said = macrohard("doctor", "--model", f"{server.url}#m", "--json")
    assert KEY not in said.out + said.err
    return said.code, said.out


def test_a_model_that_can_do_everything(macrohard: Command) -> None:
    with serving(*map(streamed, GOOD), listing=listing("m", "n")) as server:
        code, text = look(macrohard, server)
    assert code == 0
    for words in (
        "is reached, the model is there",
        "answers: came in a stream, usage reported",
        "tool calling: works",
        "structured output: works, the server takes the schema",
        "this look took 3 calls, 30 tokens",
    ):
        assert words in text
    assert len(server.requests) == 3
    assert "pictures: not known whether it sees" in text
    assert f"Bearer {KEY}" in server.headers[0]


def test_the_responses_api_is_tried_in_the_same_way(macrohard: Command, tmp_path: Any) -> None:
    with serving(*map(responded, GOOD), listing=listing("m")) as server:
        table = f'[endpoints.mine]\nurl = "{server.url}"\napi = "responses"\n'
        (tmp_path / "macrohard.toml").write_text(table)
        said = macrohard("doctor", "--model", "mine:m")
    assert said.code == 0, said.out
    assert "structured output: works, the server takes the schema" in said.out


@pytest.mark.parametrize(
    ("sees", "script", "told", "calls"),
    [
        ("true", [streamed(completion("Red."))], ("ok", "pictures: it sees"), CALLS),
        ("true", [streamed(completion("Blue."))], ("note", "of a red square it wrote"), CALLS),
        (
            "true",
            [error("400 Bad Request", "no image_url here"), streamed(completion("I cannot see."))],
            ("note", "pictures: the server refuses them: "),
            CALLS + 1,
        ),
        ("false", [], ("ok", "pictures: it does not see"), CALLS - 1),
    ],
)
def test_a_model_that_is_to_see_is_shown_a_square(
    macrohard: Command,
    tmp_path: Any,
    *,
    sees: str,
    script: list[Handler],
    told: tuple[str, str],
    calls: int,
) -> None:
    with serving(*map(streamed, GOOD), *script, listing=listing("m")) as server:
        table = f'[endpoints.mine]\nurl = "{server.url}"\nsees = {sees}\n'
        (tmp_path / "macrohard.toml").write_text(table)
        said = macrohard("doctor", "--model", "mine:m", "--json")
        assert len(server.requests) == calls
    (found,) = [one for one in json.loads(said.out) if told[1] in one["text"]]
    assert found["state"] == told[0]


@pytest.mark.parametrize(
    ("script", "listed", "state", "words"),
    [
        ([], error("401 Unauthorized", f"bad key {KEY}"), "problem", "refuses"),
        ([streamed(GOOD[0])], listing("mm", "zebra"), "note", "does not list m, but mm"),
        ([streamed(GOOD[0])], raw(b"<html>", kind="text/html"), "note", "is reached; "),
        ([error("404 Not Found", "no such model")], listing("q"), "problem", "answers: "),
        ([streamed(completion(""))], listing("m"), "problem", "an empty answer"),
        (
            [streamed(GOOD[0]), streamed(completion("I would call report(7)."))],
            listing("m"),
            "problem",
            "tool calling: it called none, but wrote 'I would call report(7).'",
        ),
        (
            [*map(streamed, GOOD[:2]), streamed(completion("five"))],
            listing("m"),
            "problem",
            "structured output: no answer of the schema, but 'five'",
        ),
        (
            [*map(streamed, GOOD[:2]), error("400 Bad Request", "json_schema?"), good(GOOD[2])],
            listing("m"),
            "ok",
            "the server is asked for JSON",
        ),
        (
            [streamed({**GOOD[0], "usage": None})],
            listing("m"),
            "note",
            "it reports no usage; tokens are estimated",
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_told(
    macrohard: Command, script: list[Handler], listed: Handler, state: str, words: str
) -> None:
    with serving(*script, listing=listed) as server:
        said = macrohard("doctor", "--model", f"{server.url}#m", "--json")
    (found,) = [one for one in json.loads(said.out) if words in one["text"]]
    assert found["state"] == state
    assert said.code == int(any(one["state"] == "problem" for one in json.loads(said.out)))
    assert KEY not in said.out + said.err


def test_a_server_that_is_not_there_is_told(macrohard: Command) -> None:
    said = macrohard("doctor", "--model", "http://127.0.0.1:9/v1#m")
    assert said.code == 1
    assert "http://127.0.0.1:9/v1 is not reached: " in said.out
    assert "Does the server run?" in said.out


def test_without_a_named_model_nothing_is_asked(
    macrohard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(streamed(GOOD[0]), listing=listing("m")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        said = macrohard("doctor")
        assert server.requests == []
        assert "this look took" not in said.out
        monkeypatch.setenv("MACROHARD_MODEL", "openai:m")
        assert "model openai:m: answers: " in macrohard("doctor").out
        assert server.requests


def test_a_mailbox_needs_no_call(macrohard: Command) -> None:
    said = macrohard("doctor", "--model", "mailbox:box")
    assert said.code == 0
    assert "requests go to box" in said.out
