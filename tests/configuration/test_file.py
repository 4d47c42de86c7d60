"""A configuration file is checked, and every fault is told with its file and line."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.configuration.file import read_file
from macrohard.errors import ConfigError

FAULTS = [
    ("[build]\n\nraunds = 3", 3, "unknown key build.raunds; did you mean rounds?"),
    ("[biuld]\nrounds = 3", 1, "unknown key biuld; did you mean build?"),
    ("[build]\nrounds = 'x'", 2, "build.rounds = 'x': must be a valid integer."),
    ("[build]\nrounds = true", 2, "build.rounds = true: must be a valid integer."),
    ("[build]\nsandbox = 'cage'", 2, "must be 'auto', 'docker' or 'process'"),
    ("[caps]\nusd = '5'", 2, "caps.usd = '5': must be a valid number."),
    ("[caps]\nusd = -1", 2, "must be greater than or equal to 0"),
    ("[caps]\nusd = nan", 2, "finite"),
    ("[caps]\ntokens = 1.5", 2, "integer"),
    ("[models]\nfast = []", 2, "must be a model's name, or a list of names"),
    ("[models]\nfast = [1]", 2, "must be a model's name, or a list of names"),
    ("[models]\nfast = ''", 2, "must be a model's name, or a list of names"),
    ("[models]\nfsat = 'x'", 2, "did you mean fast?"),
    ("[roles]\nnovice = 3", 2, "must be a model's name, or a list of names"),
    ("[prices.'a:b']\ninput = 1", 1, "prices.a:b: output is missing."),
    ("[prices.'a:b']\ninput = 1\noutput = 1\nper = 2", 4, "unknown key prices.a:b.per"),
    ("models = 3", 1, "models = 3"),
    ("a = 1\nb = ", 2, "no TOML: Invalid value."),
    ("a = 1\na = 2", 2, "no TOML: Cannot overwrite a value."),
    ("[endpoints.x]\nurl = 'u'\n[endpoints.x.body]\nd = 2026-01-01", 1, "no dates"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), FAULTS)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}: ")
    assert words in said
    assert "\n" not in said


def test_several_faults_are_counted_and_the_first_is_told(tmp_path: Path) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_text("[caps]\nusd = 'a'\n[build]\nseed = 'b'\nrounds = 'c'\n")
    with pytest.raises(ConfigError, match=r":2: caps\.usd = 'a': .* \(2 more\)$"):
        read_file(path)


def test_a_key_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_text("[endpoints]\ncorp = 'sk-canary-1'\n")
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert "canary" not in str(caught.value)


def test_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_text(
        "[models]\ndefault = ['a:b', 'c:d']\n[build]\nagents = 'mine'\napprove = ['plan']\n"
        "[prices.'a:b']\ninput = 1\noutput = 2.5\ndate = 2026-11-01\n"
        "[endpoints.corp]\nurl = 'http://h/v1'\nbody = { effort = 'low' }\n"
    )
    found = read_file(path)
    assert found is not None
    assert found.values == {
        ("models", "default"): ["a:b", "c:d"],
        ("build", "agents"): str(tmp_path / "mine"),
        ("build", "approve"): ["plan"],
        ("prices", "a:b"): {"input": 1.0, "output": 2.5, "date": "2026-11-01"},
        ("endpoints", "corp"): {"url": "http://h/v1", "body": {"effort": "low"}},
    }
    assert found.where("build", "approve") == f"{path}:5"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a = 1\n\xff", b"[" * 5_000, b"a = " + b"[" * 5_000])
def test_what_is_no_text_or_too_deep_is_one_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"macrohard\.toml:\d+: "):
        read_file(path)


def test_nothing_is_there_and_a_folder_is_there(tmp_path: Path) -> None:
    assert read_file(tmp_path / "macrohard.toml") is None
    with pytest.raises(ConfigError, match="cannot be read"):
        read_file(tmp_path)


@given(
    table=st.sampled_from(["models", "build", "caps", "roles", "endpoints", "prices", "other"]),
    key=st.sampled_from(["default", "rounds", "usd", "novice", "approve", "x"]),
    value=st.sampled_from(
        ["1", "-1", "1e400", "nan", "''", "'a'", "[]", "['a']", "[1]", "{}", "{ a = 1 }", "true",
         "2026-01-01", "10:00:00", "{ input = 1, output = 2 }", "[[[]]]"]
    ),
)  # fmt: skip
def test_any_value_anywhere_is_taken_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, table: str, key: str, value: str
) -> None:
    path = tmp_path_factory.mktemp("c") / "macrohard.toml"
    path.write_text(f"[{table}]\n{key} = {value}\n")
    said = ""
    try:
        read_file(path)
    except ConfigError as error:
        said = str(error)
    assert not said or (said.startswith(f"{path}:") and "\n" not in said)


def test_a_mark_in_front_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "macrohard.toml"
    path.write_bytes(b"\xef\xbb\xbf[build]\nrounds = 3\n")
    file = read_file(path)
    assert file is not None
    assert file.values == {("build", "rounds"): 3}


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "pipe") is not None
    with pytest.raises(ConfigError, match="too many"):
        read_file(Path("/dev/zero"))
