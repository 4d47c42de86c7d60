"""`macrohard agents list`, `show` and `check`."""

import json
from pathlib import Path

from support.commands import Command

from macrohard.paths import agents_dir
from macrohard.roles import load_roles

USERS = {
    "at-the-desk", "careful", "expert", "hostile", "hurried", "international", "keyboard-only",
    "low-vision", "novice", "returning", "second-look", "small-screen",
}  # fmt: skip


def test_list_names_every_role_in_order_of_the_stages(macrohard: Command) -> None:
    rows = [line.split() for line in macrohard("agents", "list").out.splitlines()[1:]]
    assert [row[1] for row in rows if len(row) > 4] == [role.name for role in load_roles()]


def test_list_of_a_stage_as_json(macrohard: Command) -> None:
    said = json.loads(macrohard("agents", "list", "--stage", "users", "--json").out)
    assert [role["name"] for role in said] == sorted(USERS)
    assert all(role["prompt"] for role in said)
    assert {role["output"] for role in said if role["name"] != "second-look"} == {"Verdict"}
    assert macrohard("agents", "list", "--stage", "usr").code == 2


def test_show_prints_the_prompt_and_where_it_stands(macrohard: Command) -> None:
    said = macrohard("agents", "show", "architect").out
    role = load_roles().get("architect")
    assert said.endswith(role.prompt + "\n")
    assert f"file: {agents_dir() / 'design' / 'architect.md'}" in said
    assert "hands in: Design" in said
    assert "tools: none" in said


def test_show_of_an_unknown_role_names_the_nearest(macrohard: Command) -> None:
    said = macrohard("agents", "show", "novize")
    assert (said.code, said.err) == (2, "error: there is no role 'novize'; did you mean novice?\n")


def test_check_is_content_with_what_ships(macrohard: Command) -> None:
    said = macrohard("agents", "check")
    assert (said.code, said.out) == (0, f"{len(load_roles())} roles, no problems.\n")


def test_check_tells_every_problem_with_file_and_line(macrohard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "novice.md").write_text("---\nname: novize\nstage: users\ntier: huge\n---\nShort.\n")
    said = macrohard("agents", "check", "--agents", "mine")
    assert said.code == 2
    assert said.err == "error: 4 problems in role files.\n"
    lines = said.out.splitlines()
    assert lines[0].startswith("mine/novice.md:2: the name 'novize'")
    assert lines[1].startswith("mine/novice.md:4: unknown tier 'huge'")
    assert lines[2].startswith("mine/novice.md:5: the front matter lacks duty, description,")
    assert lines[3].startswith("mine/novice.md:6: the prompt has 1 words")


def test_a_folder_of_roles_that_is_not_there(macrohard: Command) -> None:
    said = macrohard("agents", "check", "--agents", "missing")
    assert said.code == 2
    assert "missing: is not a folder" in said.out
    assert macrohard("agents", "list", "--agents", "missing").code == 2
