"""The pages on the command line and on roles say what is so."""

import re

import pytest
from support.commands import ROOT, Command

from macrohard.config import STAGES
from macrohard.errors import MacrohardError
from macrohard.role_checks import CREWS, LEADS
from macrohard.roles import load_roles

CLI = (ROOT / "docs" / "cli.md").read_text()
ROLES = (ROOT / "docs" / "roles.md").read_text()
COMMANDS = (
    "build", "resume", "runs", "show", "try", "agents list", "agents show", "agents check",
    "doctor", "init", "config show", "demo",
)  # fmt: skip


def section(command: str) -> str:
    found = re.search(rf"^##+ macrohard {command}\n(.*?)(?=^##|\Z)", CLI, re.MULTILINE | re.DOTALL)
    assert found, command
    return found[1]


def options_of_help(text: str) -> set[str]:
    lines = text.split("Options:\n")[1].splitlines()
    return {name for line in lines for name in re.findall(r"^  (?:-\w, )?(--[\w-]+)", line)}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_options_are_those_of_the_real_help(macrohard: Command, command: str) -> None:
    real = options_of_help(macrohard(*command.split(), "--help").out)
    assert real
    told = set(re.findall(r"^\| `(--[\w-]+)", section(command), re.MULTILINE))
    assert told == real


def test_every_command_has_its_section(macrohard: Command) -> None:
    listed = macrohard("--help").out.split("Commands:\n")[1].split("\n\n")[0]
    real = set(re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE))
    assert real == set(re.findall(r"^## macrohard ([a-z]+)$", CLI, re.MULTILINE))
    assert all(f"macrohard {name}" in CLI.split("## Exit codes")[0] for name in real)


def test_the_defaults_are_those_of_the_real_help(macrohard: Command) -> None:
    help_text = " ".join(macrohard("build", "--help").out.split())
    for option, default in re.findall(
        r"^\| `(--[\w-]+)[^|]*\|[^|]*\| `?([\w.]+)`? \|$", section("build"), re.MULTILINE
    ):
        said = help_text.split(f" {option} ", 1)[1].split(" --", 1)[0]
        if default not in {"none", "all", "runs"}:
            assert f"[default: {default}" in said, option


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)}
    real, todo = {0}, [MacrohardError]
    while todo:
        kind = todo.pop()
        real.add(kind.exit_code)
        todo += kind.__subclasses__()
    assert codes == real


def test_the_stages_are_those_of_the_graph() -> None:
    for page in (CLI, ROLES):
        named = re.search(r"(`intake`.*?`release`)", page.replace("\n", " "))
        assert named
        assert tuple(re.findall(r"`(\w+)`", named[1])) == STAGES


def rows_of_roles() -> list[tuple[str, str, str, str, str]]:
    table = ROLES.split("## Who gets what")[1].split("\n\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows[2:]]


def test_every_role_is_on_the_page_where_it_belongs() -> None:
    roster = load_roles()
    told = set()
    for stage, names, duty, documents, output in rows_of_roles():
        for name in re.findall(r"`([\w-]+)`", names):
            role = roster.get(name)
            assert (role.stage, role.duty, role.output) == (stage, duty, output)
            assert all(f"`{d}`" in role.prompt for d in re.findall(r"`([\w-]+)`", documents))
            told.add(name)
    assert told == {role.name for role in roster}


def test_the_page_knows_every_place_the_graph_calls() -> None:
    rows = rows_of_roles()
    assert {
        (stage, output) for stage, _, duty, _, output in rows if duty in {"lead", "manager"}
    } == (set(LEADS))
    assert {(stage, duty) for stage, _, duty, _, _ in rows} >= set(CREWS)


def test_extras_are_told_to_come_from_the_checkout_as_macrohard_is_on_no_index() -> None:
    texts = [
        path
        for folder, kind in (("macrohard", "*.py"), ("docs", "*.md"), ("examples", "*.ipynb"))
        for path in (ROOT / folder).rglob(kind)
    ]
    assert len(texts) > 100
    wrong = [str(path) for path in texts if re.search(r"macrohard\[\w", path.read_text())]
    assert not wrong, "say pip install -e '.[extra]'"
