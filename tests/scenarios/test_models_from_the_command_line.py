"""Models, caps and keys as a person meets them on the command line, against a local server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.builds import TINY
from support.chat_server import ChatServer, chat_server
from support.commands import Command, Said

from macrohard.cli.main import main

GAME = "# A game\n\nGuess the number, in a terminal, with a story around it.\n"
CANARY = "sk-canary-9917"
PRICES = '[prices."here:*"]\ninput = 10.0\ncached = 1.0\noutput = 100.0\n'


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as one:
        yield one


@pytest.fixture
def macrohard(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: ChatServer,
) -> Command:
    """The command in an empty folder; every provider's address is the local server's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OLLAMA_BASE_URL", server.url)
    (tmp_path / "game.md").write_text(GAME)
    (tmp_path / "tea.md").write_text(TINY)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


def configure(tmp_path: Path, server: ChatServer, *tables: str) -> None:
    here = f'[endpoints.here]\nurl = "{server.url}"\n[endpoints.there]\nurl = "{server.url}"\n'
    (tmp_path / "macrohard.toml").write_text(here + "".join(tables))


REAL = ("--allow-process-sandbox", "--quiet", "--out", "r")


def test_no_key_is_spent_for_a_model_that_was_not_named(
    macrohard: Command, server: ChatServer
) -> None:
    said = macrohard("build", "tea.md", "--max-calls", "2", "--quiet")
    assert said.code == 5
    assert server.headers == []
    said = macrohard("build", "game.md")
    assert said.code == 2
    assert server.asked == []
    assert CANARY not in "".join(server.headers) + said.out + said.err
    assert said.err.startswith("error: game.md")
    assert "`macrohard build game.md --model openai:NAME` (OPENAI_API_KEY is set)" in said.err
    assert "`macrohard build game.md --model ollama:tiny:1b` (a server answers at " in said.err


def test_the_command_that_is_told_works(macrohard: Command, server: ChatServer) -> None:
    said = macrohard("build", "game.md", "--model", "ollama:tiny:1b", *REAL, "--max-calls", "1")
    assert (said.code, server.asked) == (5, ["tiny:1b"])
    assert CANARY not in "".join(server.headers)


def test_tiers_and_roles_of_a_file_go_where_they_should_and_are_accounted(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    models = (
        '[models]\ndefault = "here:std"\nstrong = "there:big"\n'
        '[roles]\nrequirements-reviewer = "ollama:small"\n'
    )
    configure(tmp_path, server, models, PRICES)
    assert macrohard("build", "game.md", *REAL, "--max-calls", "6").code == 5
    assert set(server.asked[:3]) == {"std", "big"}
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    by_model = record["cost"]["by_model"]
    assert sum(one["calls"] for one in by_model.values()) == record["cost"]["calls"] == 6
    std = by_model["here:std"]
    # 600 fresh, 400 cached, 100 out at 10, 1 and 100 dollars a million tokens
    assert std["usd"] == pytest.approx(std["calls"] * (0.006 + 0.0004 + 0.01))
    assert (std["cached_tokens"], std["unpriced"]) == (std["calls"] * 400, 0)
    assert by_model["there:big"]["unpriced"] == by_model["there:big"]["calls"]
    assert record["cost"]["by_role"]["intake-analyst"]["usd"] > 0
    assert record["prices"]["here:std"]["input"] == 10.0
    assert record["prices"]["there:big"] is None
    said = macrohard("show", "r").out
    assert "Cost by model" in said
    assert "of unknown price" in said
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Prices, dollars per million tokens" in page


def test_a_model_on_the_command_line_is_for_all(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "here:std"\nstrong = "there:big"\n')
    macrohard("build", "game.md", *REAL, "--max-calls", "4", "--model", "openai:only")
    assert server.asked == ["only"] * 4
    assert CANARY in server.headers[0]


def test_a_stand_in_answers_and_is_told(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    with chat_server() as broken:
        broken.status = 401
        (tmp_path / "macrohard.toml").write_text(
            f'[endpoints.dead]\nurl = "{broken.url}"\n[endpoints.here]\nurl = "{server.url}"\n'
            '[models]\ndefault = ["dead:x", "here:std"]\n'
        )
        said = macrohard("build", "game.md", "--allow-process-sandbox", "--out", "r",
                         "--max-calls", "2")  # fmt: skip
    assert said.code == 5
    assert "run r starts, played by dead:x, here:std" in said.err
    assert "dead:x failed, here:std answers instead: " in said.err
    assert (broken.asked, server.asked) == (["x"], ["std", "std"])
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert list(record["cost"]["by_model"]) == ["here:std"]


def test_dollars_run_out_resumably_and_never_over(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "here:std"\n', PRICES)
    said = macrohard("build", "game.md", *REAL, "--max-usd", "1.75")
    assert said.code == 5
    assert "Resume with a higher --max-usd" in said.err
    spent = json.loads((tmp_path / "r" / "run.json").read_text())["cost"]
    assert 0 < spent["usd"] <= 1.75
    assert len(server.asked) == spent["calls"]
    # A cap that has room for the next call, and so for no more than that one and its like.
    wanted = re.search(r"could take the run to ([\d.]+)", said.err)
    assert wanted
    cap = float(wanted[1]) + 0.001
    said = macrohard("resume", "r", "--quiet", "--max-usd", str(cap))
    assert said.code == 5
    more = json.loads((tmp_path / "r" / "run.json").read_text())["cost"]
    assert spent["calls"] < more["calls"] == len(server.asked)
    assert more["usd"] <= cap


def test_an_unknown_price_fails_closed_and_the_lines_told_mend_it(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "here:std"\n')
    said = macrohard("build", "game.md", *REAL, "--max-usd", "5")
    assert (said.code, server.asked) == (5, [])
    assert not (tmp_path / "r").exists()
    lines = said.err.split("Add to macrohard.toml:\n")[1]
    assert lines.startswith('[prices."here:std"]\ninput = ')
    filled = lines.replace("DOLLARS_PER_MILLION_TOKENS", "1.0")
    configure(tmp_path, server, '[models]\ndefault = "here:std"\n', filled)
    said = macrohard("build", "game.md", *REAL, "--max-usd", "5", "--max-calls", "1")
    assert "--max-calls" in said.err
    assert len(server.asked) == 1


def test_a_price_that_was_found_later_serves_a_resumed_run(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "here:std"\n')
    macrohard("build", "game.md", *REAL, "--max-calls", "1")
    said = macrohard("resume", "r", "--max-usd", "5", "--quiet")
    assert 'prices."here:std"' in said.err
    configure(tmp_path, server, PRICES)
    said = macrohard("resume", "r", "--max-usd", "5", "--max-calls", "2", "--quiet")
    assert "2 calls are used" in said.err
    # The run keeps its model, though the file names none any more.
    assert server.asked == ["std", "std"]


def test_one_real_model_anywhere_is_a_stranger(macrohard: Command, server: ChatServer) -> None:
    for flags in (("--tier", "vision=openai:x"), ("--role", "novice=openai:x")):
        said = macrohard("build", "tea.md", "--model", "offline", *flags, "--quiet")
        assert (said.code, server.asked) == (4, [])
        assert "--allow-process-sandbox" in said.err


def test_config_show_never_shows_a_key(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "openai:gpt-5"\nfast = "here:f"\n', PRICES)
    said = macrohard("config", "show")
    assert "OPENAI_API_KEY (set)" in said.out
    assert "1.25, 0.125, 10" in said.out
    told = json.loads(macrohard("config", "show", "--json").out)
    assert {"name": "models.fast", "value": "here:f", "from": "macrohard.toml:7"} in told["values"]
    openai = next(model for model in told["models"] if model["model"] == "openai:gpt-5")
    assert (openai["key"], openai["key_set"]) == ("OPENAI_API_KEY", True)
    assert openai["price"]["source"].startswith("https://")
    assert CANARY not in said.out + json.dumps(told)
    assert server.headers == []


def test_config_show_says_what_a_build_would_refuse(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    configure(tmp_path, server, '[models]\ndefault = "here:a"\n[caps]\nusd = 3\n')
    assert '[prices."here:a"]' in macrohard("config", "show").out
    configure(tmp_path, server, '[models]\nstrong = "here:a"\n')
    told = json.loads(macrohard("config", "show", "--json").out)
    assert "No model is named for tier" in told["problem"]
    configure(tmp_path, server, '[models]\ndefault = "here:a"\n')
    assert json.loads(macrohard("config", "show", "--json").out)["problem"] is None


@pytest.mark.slow  # the one whole build over mixed routing
def test_a_whole_build_over_offline_a_server_and_a_stand_in(
    macrohard: Command, server: ChatServer, tmp_path: Path
) -> None:
    models = (
        '[models]\ndefault = "offline"\n[roles]\nrequirements-reviewer = ["dead:x", "here:r"]\n'
        '[caps]\nusd = 2.0\n[prices."dead:*"]\ninput = 1.0\noutput = 1.0\n'
    )
    with chat_server() as broken:
        broken.status = 401
        configure(tmp_path, server, f'[endpoints.dead]\nurl = "{broken.url}"\n', PRICES, models)
        said = macrohard("build", "tea.md", *REAL)
    assert broken.asked == ["x"]
    assert (said.code, said.err) == (0, "")
    assert server.asked == ["r"]
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert record["status"] == "released"
    cost = record["cost"]
    assert set(cost["by_model"]) == {"offline", "here:r"}
    assert cost["by_model"]["here:r"]["calls"] == 1
    assert cost["usd"] == cost["by_model"]["here:r"]["usd"] == pytest.approx(0.0164)
    assert cost["by_role"]["requirements-reviewer"]["usd"] == cost["usd"]
    assert cost["by_model"]["offline"]["estimated"]
    assert not cost["by_model"]["here:r"]["estimated"]
