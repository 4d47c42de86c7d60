"""Names become endpoints; presets are data that a file extends; keys go to their own hosts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import ConfigError, ModelError
from macrohard.llm.endpoint import Preset, find_endpoint, is_endpoint, shipped_presets


def test_every_provider_is_a_preset() -> None:
    assert set(shipped_presets()) >= {
        "openai", "xai", "anthropic", "gemini", "deepseek", "openrouter",
        "ollama", "vllm", "llamacpp", "lmstudio", "openai-responses",
    }  # fmt: skip


def test_names_of_endpoints() -> None:
    environment = {"XAI_API_KEY": "k", "OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://x/v1"}
    assert find_endpoint("xai:grok", environment).url == "https://api.x.ai/v1"
    openai = find_endpoint("openai:gpt", environment)
    assert (openai.url, openai.key.reveal()) == ("http://x/v1", "o")
    assert find_endpoint("http://h:1/v1#m/n", environment).model == "m/n"
    assert not find_endpoint("ollama:qwen3", {}).key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("http://elsewhere:1/v1#m", "mine"),
        ("https://api.openai.com/v1#m", "openai's"),
        ("https://api.openai.com:8443/v1#m", "mine"),
        ("https://api.openai.com.evil.example/v1#m", "mine"),
        ("http://proxy:9/other#m", "openai's"),
        ("http://127.0.0.1:11434/v1#m", "mine"),
    ],
)
def test_a_providers_key_goes_to_its_own_host_alone(name: str, key: str) -> None:
    environment = {
        "OPENAI_API_KEY": "openai's", "OPENAI_BASE_URL": "http://proxy:9/v1",
        "MACROHARD_API_KEY": "mine",
    }  # fmt: skip
    assert find_endpoint(name, environment).key.reveal() == key


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("openai:gpt", ModelError, "set OPENAI_API_KEY"),
        ("nobody:x", ConfigError, "there is no provider 'nobody'"),
        ("opnai:x", ConfigError, "did you mean openai:x[?] there is no provider 'opnai'"),
        ("ollama:", ConfigError, "name the model"),
        ("ftp://h#m", ConfigError, "write URL#NAME"),
        ("http://h:port/v1#m", ConfigError, "write URL#NAME"),
    ],
)
def test_names_that_lead_nowhere(name: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        find_endpoint(name, {})


def test_a_server_in_a_providers_place_needs_no_key() -> None:
    assert not find_endpoint("openai:m", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}).key


def test_a_table_adds_a_preset_or_changes_one() -> None:
    mine = Preset.from_table("mine", {"url": "http://gpu:8000/v1", "schema": "none"})
    slower = Preset.from_table("openai", {"connections": 3}, base=shipped_presets()["openai"])
    known = {**shipped_presets(), "mine": mine, "openai": slower}
    assert is_endpoint("mine:m", known)
    assert not is_endpoint("mine:m")
    found = find_endpoint("mine:qwen", {}, known)
    assert (found.url, found.model, found.preset.schema) == ("http://gpu:8000/v1", "qwen", "none")
    changed = find_endpoint("openai:m", {"OPENAI_API_KEY": "k"}, known).preset
    assert (changed.connections, changed.tokens) == (3, "max_completion_tokens")


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("mine", {}, r"\[endpoints.mine\]: write url"),
        ("mine", {"url": "gpu:8000"}, "url must be a URL"),
        ("mine", {"url": "http://g", "sceme": "none"}, "no key 'sceme'; there are url, key"),
        ("mine", {"url": "http://g", "schema": "xml"}, "must be json_schema, json_object, none"),
        ("mine", {"url": "http://g", "key": "sk-1-2"}, "keys themselves stand in no file"),
        ("mine", {"url": "http://g", "stream": 1}, "true or false"),
        ("mine", {"url": "http://g", "connections": True}, "whole number"),
        ("offline", {"url": "http://g"}, "an endpoint's name"),
        ("My Own", {"url": "http://g"}, "an endpoint's name"),
    ],
)
def test_a_bad_table_is_told_by_key(name: str, table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Preset.from_table(name, table)


_VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)


@given(st.text(), st.dictionaries(st.sampled_from(["url", "key", "api", "body", "x"]), _VALUES))
def test_any_table_is_a_preset_or_a_config_error(name: str, table: dict[str, Any]) -> None:
    try:
        Preset.from_table(name, table)
    except ConfigError:
        return
    assert table["url"].startswith("http")


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("openai:gpt-4o", 128_000),
        ("xai:grok-2-1212", 32_768),
        ("anthropic:claude-3-haiku", 128_000),
        ("openai:a-model-nobody-knows", None),
        ("ollama:qwen3:8b", None),
    ],
)
def test_the_window_is_what_the_price_list_knows_with_a_bound(
    name: str, window: int | None
) -> None:
    keys = {"OPENAI_API_KEY": "k", "XAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}
    assert find_endpoint(name, keys).window == window


def test_a_preset_tells_the_window() -> None:
    own = {"house": Preset.from_table("house", {"url": "http://h/v1", "window": 9_000})}
    assert find_endpoint("house:m", {}, own).window == 9_000


def test_a_key_that_cannot_be_sent_is_told_without_it() -> None:
    for key in ("sk-c\u00e1nary", "sk-\x07canary", "sk\ncanary"):
        with pytest.raises(ModelError, match="OPENAI_API_KEY holds characters") as caught:
            find_endpoint("openai:m", {"OPENAI_API_KEY": key})
        assert "nary" not in str(caught.value)
