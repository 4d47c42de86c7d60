"""Role files: what ships is sound and real, and what is broken is told with file and line."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macrohard import work
from macrohard.config import STAGES
from macrohard.errors import RoleError
from macrohard.habits import Habits
from macrohard.paths import agents_dir
from macrohard.roles import Role, check_roles, load_roles, output_type

PROMPT = """You are a tester of role files. You get `requirements` and you hand in a Review with its
findings, each of which names a file, a line and what to do about it. Be brief and exact."""

FRONT = {
    "name": "extra-reviewer",
    "stage": "verify",
    "duty": "reviewer",
    "description": "Reads what nobody else reads.",
    "output": "Review",
    "tools": "[bash, read_file]",
    "tier": "fast",
}

DOCUMENTS = {
    "intake-analyst": ["spec"],
    "staffing-manager": ["brief", "roster", "requirements", "design"],
    "requirements-analyst": ["spec", "brief", "previous", "reviews"],
    "requirements-reviewer": ["spec", "requirements"],
    "domain-expert": ["spec", "requirements"],
    "scenario-writer": ["requirements"],
    "acceptance-tester": ["requirements", "previous", "reviews"],
    "test-reviewer": ["requirements", "acceptance"],
    "architect": ["requirements", "previous", "reviews"],
    "project-planner": ["requirements", "design", "staffing"],
    "repair-engineer": ["requirements", "design", "item", "defects"],
    "integration-engineer": ["requirements", "design", "item", "conflict"],
    "triage-manager": ["requirements", "design", "plan", "failures", "history", "limits"],
    "release-manager": ["requirements", "design", "outcome"],
    "artist": ["brief", "requirements"],
    "illustrator": ["drawing"],
    "video-editor": ["notes", "trials"],
    "second-look": ["words", "complaint"],
}
BY_STAGE = {
    "design": ["requirements", "design"],
    "coding": ["requirements", "design", "item"],
    "verify": ["requirements", "design"],
    "users": ["scenario", "how-to-run"],
}


def write_role(folder: Path, prompt: str = PROMPT, **changes: str | None) -> Path:
    front = {**FRONT, **changes}
    lines = [f"{key}: {value}" for key, value in front.items() if value is not None]
    path = folder / f"{FRONT['name']}.md"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["---", *lines, "---", prompt, ""]))
    return path


def passages_of(prompt: str, words: int = 4) -> set[tuple[str, ...]]:
    """All runs of four words: a reworded copy keeps many of them, another text hardly any."""
    found = re.findall(r"[\w'-]+", prompt.lower())
    return {tuple(found[at : at + words]) for at in range(len(found) - words + 1)}


@pytest.fixture(scope="module")
def shipped() -> list[Role]:
    return list(load_roles())


# -- what ships --------------------------------------------------------------------------------


def test_the_shipped_roles_are_sound_and_enough(shipped: list[Role]) -> None:
    assert check_roles() == []
    assert len(shipped) >= 24
    assert {role.stage for role in shipped} == set(STAGES)
    assert len(load_roles().of(duty="user")) >= 4


def test_every_prompt_is_a_real_page_of_its_own(shipped: list[Role]) -> None:
    for role in shipped:
        assert 300 <= len(role.prompt.split()) <= 700, role.name
    passages = {role.name: passages_of(role.prompt) for role in shipped}
    for one, other in itertools.combinations(passages, 2):
        shared = len(passages[one] & passages[other]) / len(passages[one])
        assert shared < 0.05, (one, other, shared)


def test_no_sentence_stands_in_many_prompts(shipped: list[Role]) -> None:
    owners: dict[str, set[str]] = {}
    for role in shipped:
        for sentence in re.split(r"(?<=[.!?:])\s+", " ".join(role.prompt.split())):
            if len(sentence.split()) >= 9:
                owners.setdefault(sentence, set()).add(role.name)
    shared = {sentence: names for sentence, names in owners.items() if len(names) > 2}
    assert shared == {}


def test_every_prompt_names_what_it_gets_and_what_it_hands_in(shipped: list[Role]) -> None:
    for role in shipped:
        assert f" {role.output}\n" in role.prompt, f"{role.name} does not say {role.output}"
        wanted = DOCUMENTS.get(role.name) or BY_STAGE[role.stage]
        missing = [name for name in wanted if f"`{name}`" not in role.prompt]
        assert missing == [], role.name


def test_every_prompt_names_the_fields_of_its_noun(shipped: list[Role]) -> None:
    for role in shipped:
        for name, field in output_type(role).model_fields.items():
            if field.is_required():
                assert f"`{name}`" in role.prompt, f"{role.name} never mentions {name}"


def test_engineers_have_all_tools_and_thinkers_none(shipped: list[Role]) -> None:
    for role in shipped:
        expected: dict[str, set[str]] = {
            "engineer": {"bash", "read_file", "write_file", "edit_file"},
            "user": {"terminal"},
        }
        tools = {"bash", "read_file"} if role.stage == "verify" else expected.get(role.duty, set())
        if role.duty == "user" and role.name in {"keyboard-only", "low-vision", "small-screen"}:
            tools = {"pages"}  # a terminal is no matter for them
        if role.name == "at-the-desk":
            tools = {"desktop"}
        assert set(role.tools) == tools, role.name


def test_descriptions_tell_roles_apart(shipped: list[Role]) -> None:
    assert len({role.description for role in shipped}) == len(shipped)
    assert all(30 <= len(role.description) <= 160 for role in shipped)


def test_personas_have_habits_that_tell_them_apart(shipped: list[Role]) -> None:
    habits = {role.name: role.habits for role in shipped if role.duty == "user"}
    assert habits["keyboard-only"].input == "keyboard"
    assert habits["small-screen"].pixels == (360, 740)
    assert habits["low-vision"].css_pixels == (320, 256)
    assert habits["international"].language == "is"
    assert {name for name, each in habits.items() if each.turn == "every"} == {
        "at-the-desk", "careful", "hostile", "hurried", "novice",
    }  # fmt: skip
    assert all(role.habits == Habits() for role in shipped if role.duty != "user")


@pytest.mark.parametrize(
    ("habits", "wrong"),
    [
        ("zoom: 9", "extra-reviewer.md:10: habit 'zoom': Input should be greater"),
        ("window: 10x10", "extra-reviewer.md:10: habit 'window': .*as in 360x740"),
        ("temper: short", "extra-reviewer.md:10: unknown habit 'temper'; habits are skill"),
        ("needs: [money]", "extra-reviewer.md:10: habit 'needs'"),
        ("zoom: {a: b}", "extra-reviewer.md:10: habit 'zoom' must be a text"),
    ],
)
def test_habits_that_mean_nothing_are_told_with_their_line(
    tmp_path: Path, habits: str, wrong: str
) -> None:
    front = {"stage": "users", "duty": "user", "output": "Verdict", "tools": "[pages]"}
    write_role(tmp_path, habits=f"\n  {habits}", **front)
    (problem,) = check_roles(tmp_path)
    assert re.search(wrong, problem), problem


def test_only_users_have_habits(tmp_path: Path) -> None:
    write_role(tmp_path, habits="\n  zoom: 200")
    assert ["simulated users" in problem for problem in check_roles(tmp_path)] == [True]


def test_files_lie_in_the_folder_of_their_stage(shipped: list[Role]) -> None:
    for role in shipped:
        assert role.source == agents_dir() / role.stage / f"{role.name}.md"


# -- the roster --------------------------------------------------------------------------------


def test_the_roster_finds_by_name_lead_stage_and_duty() -> None:
    roster = load_roles()
    assert roster.get("architect").output == "Design"
    assert roster.lead("design", "Design").name == "architect"
    assert roster.lead("plan", "Staffing").name == "staffing-manager"
    assert {role.name for role in roster.of("scenarios", "reviewer")} == {"test-reviewer"}
    assert len(roster.of()) == len(roster)
    with pytest.raises(RoleError, match="did you mean architect"):
        roster.get("arhitect")
    with pytest.raises(RoleError, match="no role leads stage 'verify'"):
        roster.lead("verify", "Review")


def test_output_type_is_the_noun_itself() -> None:
    assert output_type(load_roles().get("novice")) is work.Verdict


def test_a_folder_adds_and_replaces_by_name(tmp_path: Path) -> None:
    write_role(tmp_path / "verify")
    own = tmp_path / "users" / "novice.md"
    own.parent.mkdir()
    shipped = (agents_dir() / "users" / "novice.md").read_text()
    own.write_text(shipped.replace("You are Marlene", "You are Ottokar"))
    roster = load_roles(tmp_path)
    assert len(roster) == len(load_roles()) + 1
    assert "Ottokar" in roster.get("novice").prompt
    assert roster.get("novice").source == own
    assert roster.get("extra-reviewer").tier == "fast"


def test_a_flat_folder_with_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write_role(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "README.md").write_text("Not a role.")
    (tmp_path / ".hidden.md").write_text("Not one either.")
    assert load_roles(tmp_path).get("extra-reviewer").description == FRONT["description"]


# -- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"name": "other-name"}, 2, "unlike the file's name 'extra-reviewer'"),
        ({"stage": "verifying"}, 3, "unknown stage 'verifying'; it is one of intake,"),
        ({"stage": "design"}, 3, "stage 'design' in the folder 'verify'"),
        ({"duty": "boss"}, 4, "unknown duty 'boss'"),
        ({"duty": "engineer"}, 4, "stage 'verify' calls no engineer; its duties are reviewer"),
        ({"description": '""'}, 5, "'description' must be a text"),
        ({"output": "Reviews"}, 6, "unknown output 'Reviews'"),
        ({"output": "Noun"}, 6, "unknown output 'Noun'"),
        ({"output": "Verdict"}, 6, "a reviewer of stage 'verify' hands in Review, not Verdict"),
        ({"tools": "[bash, hammer]"}, 7, "unknown tool 'hammer'; it is one of bash,"),
        ({"tools": "[bash, bash]"}, 7, "tool 'bash' is named 2 times"),
        ({"tools": "bash"}, 7, "'tools' must be a list"),
        ({"tools": "[[bash]]"}, 7, "'tools' must be a list"),
        ({"tier": "huge"}, 8, "unknown tier 'huge'; it is one of fast,"),
        ({"tier": None}, 8, "the front matter lacks tier"),
        ({"tier": None, "teir": "fast"}, 8, "unknown key 'teir'; did you mean 'tier'?"),
        ({"description": "a: b: c"}, 5, "the front matter is not YAML"),
        ({"description": "[a, b]"}, 5, "'description' must be a text"),
    ],
)
def test_a_wrong_value_is_told_with_file_and_line(
    tmp_path: Path, changes: dict[str, str | None], line: int, said: str
) -> None:
    path = write_role(tmp_path / "verify", **changes)
    problems = check_roles(tmp_path)
    assert any(p.startswith(f"{path}:{line}: ") and said in p for p in problems), problems
    with pytest.raises(RoleError) as caught:
        load_roles(tmp_path)
    assert str(caught.value).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "the first line must be ---"),
        (b"You are a role without front matter.\n", 1, "the first line must be ---"),
        (b"---\nname: extra-reviewer\n", 1, "no closing --- line"),
        (b"---\n- a\n- b\n---\ntext\n", 1, "must be 'key: value' lines"),
        (b"---\n---\ntext\n", 1, "must be 'key: value' lines"),
        (b"---\nname: a\n\nname: b\n---\ntext\n", 4, "'name' is already set on line 2"),
        (b"---\nname: a\ndescription: \xff\n---\n", 3, "is not UTF-8"),
        (b"---\nname: a\ntier: \x07\n---\ntext\n", 3, "control character"),
        (b"---\nname: " + b"[" * 5000 + b"\n---\ntext\n", 1, "front matter"),
        (b"---\n" + b"x" * 300_000, 1, "is larger than 200 kB"),
    ],
)
def test_a_broken_file_is_told_with_file_and_line(
    tmp_path: Path, content: bytes, line: int, said: str
) -> None:
    path = tmp_path / "extra-reviewer.md"
    path.write_bytes(content)
    problems = check_roles(tmp_path)
    assert any(p.startswith(f"{path}:") and said in p for p in problems), problems
    if said != "front matter":
        assert any(p.startswith(f"{path}:{line}: ") for p in problems), problems


def test_an_empty_or_tiny_prompt_is_told_where_it_should_stand(tmp_path: Path) -> None:
    path = write_role(tmp_path, prompt="")
    assert check_roles(tmp_path)[0].startswith(f"{path}:10: the prompt is missing")
    write_role(tmp_path, prompt="\n\nReview it.")
    assert check_roles(tmp_path)[0].startswith(f"{path}:12: the prompt has 2 words")


def test_two_leads_for_one_output_are_refused(tmp_path: Path) -> None:
    shipped = (agents_dir() / "design" / "architect.md").read_text()
    second = tmp_path / "second-architect.md"
    second.write_text(shipped.replace("name: architect", "name: second-architect"))
    (problem,) = check_roles(tmp_path)
    assert "both lead design with Design" in problem
    assert str(agents_dir() / "design" / "architect.md") in problem


def test_a_lead_that_became_something_else_is_missed(tmp_path: Path) -> None:
    shipped = (agents_dir() / "design" / "architect.md").read_text()
    changed = shipped.replace("duty: lead", "duty: reviewer").replace(
        "output: Design", "output: Review"
    )
    (tmp_path / "architect.md").write_text(changed)
    assert check_roles(tmp_path) == [
        f"{agents_dir() / 'design'}: no lead of stage 'design' hands in Design"
    ]


def test_a_broken_lead_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "architect.md").write_text("nothing")
    problems = check_roles(tmp_path)
    assert len(problems) == 1
    assert "the first line must be ---" in problems[0]


def test_the_first_of_several_problems_says_how_many_more(tmp_path: Path) -> None:
    write_role(tmp_path, tier="huge", duty="boss")
    with pytest.raises(RoleError, match=r"unknown duty 'boss'.*and 1 more; `macrohard agents"):
        load_roles(tmp_path)


def test_one_name_twice_in_a_folder_is_refused(tmp_path: Path) -> None:
    write_role(tmp_path)
    write_role(tmp_path / "verify")
    assert any("the name 'extra-reviewer' is taken by" in p for p in check_roles(tmp_path))


def test_a_user_without_a_terminal_is_refused(tmp_path: Path) -> None:
    shipped = (agents_dir() / "users" / "novice.md").read_text()
    (tmp_path / "novice.md").write_text(shipped.replace("[terminal]", "[]"))
    (problem,) = check_roles(tmp_path)
    assert "a user needs the tool 'terminal'" in problem


def test_a_folder_that_is_not_there_or_holds_nothing(tmp_path: Path) -> None:
    assert "is not a folder" in check_roles(tmp_path / "missing")[0]
    assert "holds no role file" in check_roles(tmp_path)[0]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_content_ends_in_anything_but_problems(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "extra-reviewer.md"
    for data in (content, b"---\n" + content, b"---\n" + content + b"\n---\n" + PROMPT.encode()):
        path.write_bytes(data)
        problems = check_roles(tmp_path)
        assert problems, data
        assert all(p.startswith(f"{path}:") for p in problems)
