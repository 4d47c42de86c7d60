"""Tiers go where they should, the next model stands in for one that failed, caps hold."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.bad_server import BadServer, completion, error, good

from macrohard.budget import Budget, Spending
from macrohard.config import TIERS, Caps, Routing, Settings
from macrohard.errors import BudgetError, ConfigError, ModelError
from macrohard.journal import Journal, read_journal
from macrohard.llm import Model, is_offline, open_model
from macrohard.llm.base import Asker, Message, Request
from macrohard.llm.chat import ChatModel, Patience
from macrohard.llm.endpoint import all_presets, find_endpoint
from macrohard.llm.metered import MeteredModel, most_input_tokens
from macrohard.llm.prices import FlatPrice
from macrohard.llm.routing import RoutedModel, chains_of, open_models
from macrohard.roles import load_roles

HASTE = Patience(timeout_s=2, attempts=1, first_wait_s=0.01)


def request(role: str, text: str = "Work.") -> Request:
    return Request(
        asker=Asker(role=role, stage="design"), messages=(Message(role="user", content=text),)
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    one = Journal(tmp_path / "events.jsonl")
    yield one
    one.close()


def routed(settings: Settings, journal: Journal, budget: Budget | None = None) -> RoutedModel:
    def opener(name: str) -> Model:
        presets = all_presets(settings.routing.endpoints)
        return ChatModel(find_endpoint(name, {"B_API_KEY": "canary-b"}, presets), HASTE)

    return open_models(settings, load_roles(), budget or Budget(settings.caps), journal, opener)


def endpoints(**servers: BadServer) -> dict[str, dict[str, Any]]:
    return {name: {"url": server.url} for name, server in servers.items()}


async def test_each_role_is_answered_by_its_tier_or_by_its_own_model(journal: Journal) -> None:
    async with AsyncExitStack() as stack:
        a, b, c = [
            await stack.enter_async_context(BadServer(good(completion(name)))) for name in "abc"
        ]
        settings = Settings(
            model="a:std",
            routing=Routing(
                tiers={"strong": ("b:big",)},
                roles={"novice": ("c:own",), "architect": ("standard",)},
                endpoints=endpoints(a=a, b=b, c=c),
            ),
        )
        model = routed(settings, journal)
        roster = load_roles()
        strong = next(r.name for r in roster if r.tier == "strong" and r.name != "architect")
        standard = next(r.name for r in roster if r.tier == "standard" and r.name != "novice")
        for role, name, content in (
            (strong, "b:big", "b"),
            (standard, "a:std", "a"),
            ("novice", "c:own", "c"),
            ("architect", "a:std", "a"),
        ):
            answer = await model.answer(request(role))
            assert (answer.model, answer.reply.content) == (name, content), role
    assert [r["model"] for r in b.requests] == ["big"]
    assert [len(s.requests) for s in (a, b, c)] == [2, 1, 1]


async def test_the_next_model_stands_in_and_the_failed_one_rests(
    journal: Journal, tmp_path: Path
) -> None:
    down = error("503 Service Unavailable", "overloaded")
    async with BadServer(down) as a, BadServer(good(completion("b"))) as b:
        settings = Settings(
            model="a:x", routing=Routing(fallbacks=("b:y",), endpoints=endpoints(a=a, b=b))
        )
        model = routed(settings, journal)
        first = await model.answer(request("architect"))
        second = await model.answer(request("architect"))
    assert (first.model, first.reply.model, second.model) == ("b:y", "served", "b:y")
    assert len(a.requests) == 1
    (event,) = [e for e in read_journal(tmp_path / "events.jsonl") if e["type"] == "model_failed"]
    assert (event["model"], event["instead"], event["role"]) == ("a:x", "b:y", "architect")
    assert "503" in event["reason"]


async def test_when_all_fail_each_is_named_with_its_reason(journal: Journal) -> None:
    async with BadServer(error("401 Unauthorized")) as a, BadServer(error("500 Oops")) as b:
        settings = Settings(
            model="a:x", routing=Routing(fallbacks=("b:y",), endpoints=endpoints(a=a, b=b))
        )
        with pytest.raises(ModelError, match=r"All 2 models failed.*a:x.*401.*b:y.*500"):
            await routed(settings, journal).answer(request("architect"))


async def test_one_who_rested_is_asked_again_later(journal: Journal) -> None:
    now = [0.0]
    down = error("503 Service Unavailable")
    async with BadServer(down, good(completion("a"))) as a, BadServer(good(completion("b"))) as b:
        budget, presets = Budget(Caps()), all_presets(endpoints(a=a, b=b))
        chain = tuple(
            MeteredModel(ChatModel(find_endpoint(n, {}, presets), HASTE), None, budget)
            for n in ("a:x", "b:y")
        )
        model = RoutedModel("a, b", {"architect": chain}, journal, clock=lambda: now[0])
        assert (await model.answer(request("architect"))).model == "b:y"
        now[0] = 299.0
        assert (await model.answer(request("architect"))).model == "b:y"
        now[0] = 301.0
        assert (await model.answer(request("architect"))).model == "a:x"


def priced(server: BadServer, usd: float, concurrency: int = 4) -> Settings:
    return Settings(
        model="a:x",
        concurrency=concurrency,
        caps=Caps(usd=usd),
        routing=Routing(
            endpoints=endpoints(a=server),
            prices={"a:*": {"input": 1000.0, "cached": 100.0, "output": 10_000.0}},
        ),
    )


async def test_a_cap_in_dollars_holds_before_the_call(journal: Journal) -> None:
    """One call can cost 16,000 output tokens at a cent each, so 161 dollars; 100 is no room."""
    async with BadServer(good(completion())) as server:
        with pytest.raises(BudgetError, match="--max-usd"):
            await routed(priced(server, 100.0), journal).answer(request("architect"))
        assert server.requests == []


async def test_what_a_call_really_cost_is_settled_with_cached_tokens_as_such(
    journal: Journal,
) -> None:
    data = completion()
    data["usage"] |= {"prompt_tokens_details": {"cached_tokens": 5}}
    async with BadServer(good(data)) as server:
        settings = priced(server, 400.0)
        budget = Budget(settings.caps)
        answer = await routed(settings, journal, budget).answer(request("architect"))
    # 2 fresh and 5 cached tokens in, 3 out, at 1000, 100 and 10,000 dollars a million
    assert answer.usd == pytest.approx(0.002 + 0.0005 + 0.03)
    assert budget.spent == Spending(usd=answer.usd or 0.0, tokens=10, calls=1)
    assert budget.held == Spending()


async def test_many_at_once_stay_under_the_cap_together(journal: Journal) -> None:
    """Each call holds 162 dollars and costs four cents: they take turns, and none is refused."""
    async with BadServer(good(completion())) as server:
        settings = priced(server, 200.0)
        budget = Budget(settings.caps)
        model = routed(settings, journal, budget)
        answers = await asyncio.gather(*(model.answer(request("architect")) for _ in range(20)))
    assert budget.spent.calls == len(answers) == 20
    assert budget.spent.usd == pytest.approx(20 * 0.037)


async def test_a_failed_call_gives_back_what_it_held(journal: Journal) -> None:
    async with BadServer(error("500 Oops")) as server:
        settings = priced(server, 200.0)
        budget = Budget(settings.caps)
        with pytest.raises(ModelError):
            await routed(settings, journal, budget).answer(request("architect"))
    assert (budget.held, budget.spent) == (Spending(), Spending())


async def test_an_unknown_price_under_a_cap_is_refused_with_the_lines_to_add(
    journal: Journal,
) -> None:
    async with BadServer(good(completion())) as server:
        settings = Settings(
            model="a:x",
            caps=Caps(usd=5.0),
            routing=Routing(fallbacks=("ollama:y", "a:z"), endpoints=endpoints(a=server)),
        )
        with pytest.raises(BudgetError) as caught:
            routed(settings, journal)
        assert server.requests == []
    said = str(caught.value)
    assert '[prices."a:x"]\ninput = ' in said
    assert '[prices."a:z"]\ninput = ' in said
    assert "ollama" not in said


async def test_without_a_cap_an_unknown_price_is_told_as_unknown(journal: Journal) -> None:
    async with BadServer(good(completion())) as server:
        settings = Settings(model="a:x", routing=Routing(endpoints=endpoints(a=server)))
        assert (await routed(settings, journal).answer(request("architect"))).usd is None


async def test_a_tier_without_a_model_is_refused_with_the_line_to_add(journal: Journal) -> None:
    settings = Settings(model="", routing=Routing(tiers={"strong": ("ollama:x",)}))
    with pytest.raises(ConfigError, match=r'tier standard.*`default = "PROVIDER:NAME"`'):
        routed(settings, journal)


async def test_keys_go_to_their_own_server_alone(journal: Journal) -> None:
    async with BadServer(good(completion())) as a, BadServer(good(completion())) as b:
        tables = endpoints(a=a, b=b)
        tables["b"]["key"] = "B_API_KEY"
        settings = Settings(
            model="a:x", routing=Routing(tiers={"strong": ("b:y",)}, endpoints=tables)
        )
        model = routed(settings, journal)
        for role in load_roles():
            await model.answer(request(role.name))
    assert all("canary-b" in head for head in b.headers)
    assert not any("canary" in head for head in a.headers)


def test_the_bound_on_input_is_no_estimate() -> None:
    """At least a token a byte, whatever the language: CJK text has more tokens than letters."""
    for text in ("word " * 1000, "漢字" * 1000, "\ud800" * 1000, "🎲" * 1000):
        assert most_input_tokens(request("architect", text)) >= len(
            text.encode(errors="surrogatepass")
        )


def test_a_price_of_ones_own_is_flat() -> None:
    assert FlatPrice(1.0, 2.0).said["cached"] == 1.0


def test_a_model_named_nowhere_is_not_opened() -> None:
    with pytest.raises(ConfigError, match="no model 'gpt-5'"):
        open_model("gpt-5", endpoints=json.loads('{"c": {"url": "http://h/v1"}}'))


def test_a_model_of_images_writes_no_code_and_is_not_needed() -> None:
    painted = Settings(model="offline", routing=Routing(tiers={"image": ("openai:gpt-image-1",)}))
    assert is_offline(painted)
    assert not is_offline(replace(painted, model="openai:gpt-5"))
    strong = Settings(model="offline", routing=Routing(tiers={"strong": ("openai:gpt-5",)}))
    assert not is_offline(strong)
    tiers = {tier: ("offline",) for tier in TIERS if tier != "image"}
    chains = chains_of(Settings(model="", routing=Routing(tiers=tiers)), load_roles())
    assert chains["illustrator"] == ()
    assert chains["artist"] == ("offline",)
