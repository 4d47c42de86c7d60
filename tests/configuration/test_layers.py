"""Flags over the project's file, over the person's, over the environment; sources are told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from macrohard.configuration import Resolved, resolve
from macrohard.errors import ConfigError

Look = Callable[..., Resolved]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Resolves with a project's file, a person's file, an environment and flags."""
    monkeypatch.chdir(tmp_path)

    def found(
        project: str = "",
        person: str = "",
        environment: Mapping[str, str] | None = None,
        flags: Mapping[tuple[str, ...], Any] | None = None,
    ) -> Resolved:
        (tmp_path / "macrohard.toml").write_text(project)
        (tmp_path / "own.toml").write_text(person)
        return resolve(flags, person=tmp_path / "own.toml", environment=environment or {})

    return found


def sources(found: Resolved) -> dict[str, tuple[Any, str]]:
    return {value.name: (value.value, value.source) for value in found.values}


def test_each_source_gives_way_to_the_one_above(look: Look, tmp_path: Path) -> None:
    environment = {
        f"MACROHARD_{name}": "1" for name in ("ROUNDS", "SEED", "CONCURRENCY", "MAX_USD")
    }
    person = "[build]\nrounds = 2\nseed = 2\nconcurrency = 2\n"
    project = "[build]\nrounds = 3\nseed = 3\n"
    found = look(project, person, environment, {("build", "rounds"): 4, ("build", "seed"): None})
    told = sources(found)
    assert told["build.rounds"] == (4, "--rounds")
    assert told["build.seed"] == (3, "macrohard.toml:3")
    assert told["build.concurrency"] == (2, f"{tmp_path}/own.toml:4")
    assert told["caps.usd"] == (1.0, "MACROHARD_MAX_USD")
    assert told["caps.tokens"] == (None, "default")
    settings = found.settings
    assert (settings.rounds, settings.seed, settings.concurrency) == (4, 3, 2)
    assert settings.caps.usd == 1.0


def test_a_model_named_higher_up_sets_all(look: Look) -> None:
    person = "[models]\ndefault = 'ollama:p'\nfast = 'ollama:q'\n[roles]\nnovice = 'ollama:r'\n"
    assert look(person=person).settings.routing.tiers == {"fast": ("ollama:q",)}
    found = look("[models]\ndefault = 'ollama:x'\nstrong = 'ollama:y'\n", person).settings
    assert (found.model, found.routing.tiers, found.routing.roles) == (
        "ollama:x", {"strong": ("ollama:y",)}, {},
    )  # fmt: skip
    assert found.models == ("ollama:x", "ollama:y")
    flags = {("models", "default"): ["offline"]}
    assert look(person=person, flags=flags).settings.models == ("offline",)
    assert look(person=person, environment={"MACROHARD_MODEL": "ollama:z"}).settings.model == (
        "ollama:p"
    )


def test_who_answers_whom(look: Look) -> None:
    settings = look(
        "[models]\ndefault = ['ollama:a', 'ollama:b']\nfast = 'ollama:f'\n"
        "[roles]\nnovice = 'fast'\ncareful = ['ollama:c', 'ollama:d']\n"
    ).settings
    assert settings.chain("architect", "strong") == ("ollama:a", "ollama:b")
    assert settings.chain("anyone", "fast") == ("ollama:f",)
    assert settings.chain("novice", "strong") == ("ollama:f",)
    assert settings.chain("careful", "strong") == ("ollama:c", "ollama:d")


def test_nothing_said_is_offline(look: Look) -> None:
    found = look(environment={"OPENAI_API_KEY": "k", "MACROHARD_OTHER": "x"})
    assert found.settings.models == ("offline",)
    assert sources(found)["models.default"] == ("offline", "default")


@pytest.mark.parametrize(
    ("project", "environment", "words"),
    [
        (
            "[build]\nrounds = 0",
            {},
            ":2: build.rounds: 0: must be between 1 and 100.",
        ),
        ("[build]\napprove = ['x']", {}, "macrohard.toml:2: build.approve: There is no stage 'x'"),
        ("", {"MACROHARD_ROUNDS": "many"}, "MACROHARD_ROUNDS=many: must be a valid integer"),
        ("", {"MACROHARD_SANDBOX": "cage"}, "MACROHARD_SANDBOX=cage: must be 'auto'"),
        (
            "",
            {"MACROHARD_MODEL": "nobody:x"},
            "MACROHARD_MODEL: models.default: nobody:x: ",
        ),
        ("[models]\nfast = ['ollama:x', 'y']", {}, "macrohard.toml:2: models.fast: y: there is no"),
        (
            "[models]\nfast = 'offline'\nstrong='ollama:'",
            {},
            ":3: models.strong: ollama:: name",
        ),
        (
            "[roles]\nnovize = 'fast'",
            {},
            "macrohard.toml:2: roles.novize: there is no role",
        ),
        ("[endpoints.x]\nurl = 'h'", {}, "macrohard.toml:1: [endpoints.x]: url must be a URL"),
    ],
)
def test_a_value_that_means_nothing_is_told_with_its_place(
    look: Look, project: str, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        look(project, environment=environment)
    assert words in str(caught.value)


FAR = "http://far.example/v1"
TRUST = [
    (f"[endpoints.openai]\nurl = '{FAR}'", 2, "cannot change where OPENAI_API_KEY is sent"),
    ("[endpoints.openai]\nkey = 'GITHUB_TOKEN'", 2, "can only be OPENAI_API_KEY"),
    (f"[endpoints.my-corp]\nurl = '{FAR}'\nkey = 'OPENAI_API_KEY'", 3, "only be MY_CORP_API_KEY"),
    (f"[endpoints.vllm]\nurl = '{FAR}'", 2, "cannot change where VLLM_API_KEY is sent"),
    (f"[endpoints.c]\nurl = '{FAR}'\nurl_variable = 'X'", 3, "url_variable"),
    (f"[models]\ndefault = '{FAR}#m'", 2, "a server elsewhere by a table"),
    ("[build]\nallow_process_sandbox = true", 2, "cannot allow this"),
    ("[prices.'openai:gpt-5']\ninput = 0\noutput = 0", 1, "cannot make openai:gpt-5 cheaper"),
    ("[prices.'*']\ninput = 9\noutput = 9", 1, "cannot make * cheaper"),
    ("[endpoints.openai]\npriced_as = 'free'", 2, "priced_as of openai"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), TRUST)
def test_a_project_cannot_send_keys_away_but_the_person_can(
    look: Look, text: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        look(text)
    assert str(caught.value).startswith(f"macrohard.toml:{line}: ")
    assert words in str(caught.value)
    assert look(person=text).settings


def test_what_a_project_may_say(look: Look) -> None:
    text = (
        f"[endpoints.my-corp]\nurl = '{FAR}'\nkey = 'MY_CORP_API_KEY'\n"
        "[endpoints.ollama]\nurl = 'http://gpu:1/v1'\n"
        "[endpoints.vllm]\nurl = 'http://127.0.0.1:9/v1'\n"
        "[prices.'my-corp:*']\ninput = 0\noutput = 0\n"
        "[prices.'openai:gpt-5']\ninput = 99\noutput = 99\n"
        "[prices.'openai:unheard-of']\ninput = 1\noutput = 1\n"
        "[models]\ndefault = 'my-corp:m'\nfast = 'http://127.0.0.1:8/v1#m'\n"
    )
    assert look(text).settings.models == ("my-corp:m", "http://127.0.0.1:8/v1#m")


def test_settings_come_back_from_json_as_they_were(look: Look) -> None:
    settings = look(
        "[models]\ndefault = ['ollama:a', 'ollama:b']\nfast = 'c:f'\n[roles]\nnovice = 'fast'\n"
        "[endpoints.c]\nurl = 'http://h/v1'\n[prices.'c:*']\ninput = 1\noutput = 2\n"
        "[build]\napprove = ['plan']\n"
    ).settings
    assert type(settings).from_json(settings.to_json()) == settings


def test_no_file_beside_the_spec_is_read(look: Look, tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "macrohard.toml").write_text("[build]\nrounds = 9\n")
    found = look()
    assert found.settings.rounds == 4
    assert [path.name for path, _ in found.files] == ["macrohard.toml", "own.toml"]
