"""Who tries what."""

from pathlib import Path

from macrohard.roles import Role, load_roles
from macrohard.sitting import pair_up
from macrohard.work import Scenario


def scenario(name: str, interface: str) -> Scenario:
    step = {"intent": "Look.", "expect": "Something."}
    return Scenario.model_validate(
        {"id": name, "title": name, "goal": "G", "criteria": [], "steps": [step]}
        | {"interface": interface}
    )


USERS = [role for role in load_roles().of(duty="user") if "desktop" not in role.tools]
FOUR = {"careful", "hostile", "hurried", "novice"}


def names(pairs: list[tuple[Scenario, Role]], interface: str) -> list[str]:
    return [role.name for each, role in pairs if each.interface == interface]


def test_those_who_come_once_try_one_scenario_on_pages_beside_the_others() -> None:
    scenarios = [scenario(f"X{n}", i) for n, i in enumerate(["cli", "web", "api"] * 4)]
    pairs = pair_up(scenarios, USERS)
    assert sorted(names(pairs, "cli")) == sorted(FOUR)
    web = names(pairs, "web")
    assert web[:4] == sorted(FOUR)
    assert sorted(web[4:]) == sorted({role.name for role in USERS} - FOUR)


def test_novices_are_not_sent_to_an_api_while_others_can_be() -> None:
    scenarios = [scenario(f"X{n}", "api") for n in range(8)]
    assert "novice" not in names(pair_up(scenarios, USERS)[:8], "api")
    novice = [role for role in USERS if role.name == "novice"]
    assert names(pair_up(scenarios[:1], novice), "api") == ["novice"]


def test_who_can_only_come_once_still_comes_where_nobody_else_is() -> None:
    keyboard = [role for role in USERS if role.name == "keyboard-only"]
    scenarios = [scenario("X1", "web"), scenario("X2", "web"), scenario("X3", "cli")]
    assert [each.id for each, _ in pair_up(scenarios, keyboard)] == ["X1", "X2"]


def test_a_role_of_another_folder_takes_its_turn(tmp_path: Path) -> None:
    clerk = USERS[0].model_copy(update={"name": "clerk", "source": tmp_path / "clerk.md"})
    pairs = pair_up([scenario("X1", "cli"), scenario("X2", "cli")], [*USERS[:1], clerk])
    assert names(pairs, "cli") == [USERS[0].name, "clerk"]
