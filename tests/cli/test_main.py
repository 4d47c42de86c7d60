"""The command as a whole: help, version, errors, exit codes."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.commands import ENVIRONMENT, ROOT, Command

import macrohard as package
from macrohard.cli import runs as runs_module
from macrohard.errors import BudgetError, InterruptedRunError, MacrohardError, ModelError

SUBCOMMANDS = ("build", "resume", "runs", "show", "agents", "cluster", "doctor", "init")


def test_help_names_every_command_and_exit_code(macrohard: Command) -> None:
    said = macrohard("--help")
    assert said.code == 0
    for name in SUBCOMMANDS:
        assert f"\n  {name} " in said.out
    assert "130 interrupted" in said.out
    assert macrohard("-h").out == said.out


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_has_help(macrohard: Command, name: str) -> None:
    said = macrohard(name, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: macrohard {name} ")
    assert said.err == ""


@pytest.mark.parametrize("name", ["", "agents", "cluster", "config", "mailbox", "sandbox"])
def test_what_commands_are_for_is_told_whole(
    macrohard: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = macrohard(*name.split(), "--help").out.split("Commands:\n")[1].split("\n\n")[0]
    assert not [line for line in told.splitlines() if line.endswith("...")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize("words", [("--version",), ("runs", "--json"), ("agents", "list")])
def test_output_that_cannot_be_written_is_told_in_one_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "macrohard.cli.main", *words]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "error: the output: No space left on device.\n")


def test_version(macrohard: Command) -> None:
    assert macrohard("--version").out == f"macrohard {package.__version__}\n"


def test_no_command_is_a_usage_error_that_shows_help(macrohard: Command) -> None:
    said = macrohard()
    assert said.code == 2
    assert "Usage: macrohard" in said.out + said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("buidl",), "No such command 'buidl'. Did you mean 'build'? See `macrohard --help`."),
        (("build",), "Missing argument 'SPEC'. See `macrohard build --help`."),
        (("agents", "show"), "Missing argument 'ROLE'. See `macrohard agents show --help`."),
        (("show", "r", "--colour"), "No such option: --colour. See `macrohard show --help`."),
    ],
)
def test_a_usage_error_is_one_line_and_says_where_to_look(
    macrohard: Command, arguments: tuple[str, ...], message: str
) -> None:
    said = macrohard(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: {message}\n"


def test_values_of_the_wrong_type_are_named(macrohard: Command) -> None:
    said = macrohard("build", "spec.md", "--rounds", "many")
    assert said.code == 2
    assert said.err.startswith("error: Invalid value for '--rounds'")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ModelError("the provider is away"), 3, "error: the provider is away\n"),
        (BudgetError("no dollars left"), 5, "error: no dollars left\n"),
        (InterruptedRunError("stopped"), 130, "error: stopped\n"),
        (MacrohardError("a broken promise"), 6, "error: a broken promise\n"),
        (KeyboardInterrupt(), 130, "error: interrupted.\n"),
        (OSError(28, "No space left on device", "/x"), 2, "error: /x: No space left on device.\n"),
        (
            RuntimeError("boom"),
            6,
            (
                "error: internal error: RuntimeError: boom. This is a fault of macrohard; "
                "run it again with --debug to see where.\n"
            ),
        ),
    ],
)
def test_whatever_happens_is_one_line_and_a_documented_code(
    macrohard: Command,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    message: str,
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(runs_module, "print_json", fail)
    said = macrohard("runs", "--json")
    assert (said.code, said.err) == (code, message)


def test_debug_shows_the_traceback(macrohard: Command) -> None:
    said = macrohard("show", "nothing", "--debug")
    assert said.code == 2
    assert "Traceback (most recent call last)" in said.err
    last = said.err.splitlines()[-1]
    assert last == "error: there is no run 'nothing'; `macrohard runs` lists those in runs/."
    assert "Traceback" not in macrohard("show", "nothing").err


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    script = f"'{sys.executable}' -m macrohard.cli.main agents show architect | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "name: architect\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("agents show architect >&-", 0, ""),
        ("runs nowhere 2>&-", 2, ""),
        ("build - <&-", 2, "error: standard input is closed.\n"),
        ("runs . <&- >&- 2>&-", 0, ""),
    ],
)
def test_closed_standard_streams_are_no_fault(
    tmp_path: Path, words: str, code: int, said: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m macrohard.cli.main {words}"],
        capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, said)


def test_a_model_without_its_provider_is_suggested_with_it(macrohard: Command) -> None:
    said = macrohard("build", "x.md", "--model", "gpt-5")
    assert said.code == 2
    assert said.err.startswith("error: --model gpt-5: did you mean openai:gpt-5? there is no")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from macrohard.cli.main import main; main(['--help']); "
        "heavy = {'langgraph', 'openai', 'docker', 'pydantic', 'rich'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_entry_point_is_main() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert project["scripts"]["macrohard"] == "macrohard.cli.main:main"
