"""Pictures from a server that speaks the images API."""

import base64
import io

import pytest
from PIL import Image
from support.chat_server import chat_server, plain_png

from macrohard.budget import Budget
from macrohard.config import Caps
from macrohard.errors import BudgetError, ModelError
from macrohard.llm.base import Asker, Message, Request
from macrohard.llm.chat import ChatModel
from macrohard.llm.endpoint import find_endpoint
from macrohard.llm.images import MOST_TOKENS
from macrohard.llm.metered import MeteredModel
from macrohard.llm.prices import FlatPrice
from macrohard.llm.service import Patience
from macrohard.work import Picture

ASKED = Request(
    asker=Asker(role="illustrator", stage="assets", item="icon", output="Picture"),
    messages=(
        Message(role="system", content="Flat."),
        Message(role="user", content="A hammer."),
    ),
    max_output_tokens=MOST_TOKENS,
)


def painter(url: str, model: str) -> ChatModel:
    patience = Patience(attempts=2, first_wait_s=0.0, longest_wait_s=0.0)
    return ChatModel(find_endpoint(f"{url}#{model}"), patience)


@pytest.mark.parametrize(
    ("model", "wanted"), [("gpt-image-1", None), ("dall-e-3", "b64_json"), ("sdxl", "b64_json")]
)
async def test_a_picture_is_asked_for_and_read(model: str, wanted: str | None) -> None:
    with chat_server() as server:
        server.picture = plain_png(4, (1, 2, 3))
        one = painter(server.url, model)
        reply = await one.complete(ASKED)
        await one.close()
    picture = Picture.model_validate_json(reply.content)
    assert picture.media == "image/png"
    with Image.open(io.BytesIO(base64.b64decode(picture.data))) as seen:
        assert seen.size == (4, 4)
    assert server.prompts == ["Flat.\n\nA hammer."]
    assert server.extras.get("response_format") == wanted
    assert (server.extras["n"], server.extras["size"]) == (1, "1024x1024")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (50, 1056)


async def test_an_answer_that_is_no_picture_is_asked_for_again_and_then_told() -> None:
    with chat_server() as server:
        server.picture = b"<html>busy</html>"
        one = painter(server.url, "sdxl")
        with pytest.raises(ModelError, match=r"failed 2 times.*no PNG, JPEG or WebP"):
            await one.complete(ASKED)
        await one.close()
    assert len(server.prompts) == 2


async def test_pictures_are_held_to_the_caps_and_paid_for() -> None:
    price = FlatPrice(input=5.0, output=40.0)
    with chat_server() as server:
        server.picture = plain_png(4, (1, 2, 3))
        one = painter(server.url, "gpt-image-1")
        budget = Budget(Caps(usd=0.30))
        answer = await MeteredModel(one, price, budget).answer(ASKED)
        assert answer.usd == pytest.approx((50 * 5 + 1056 * 40) / 1e6)
        assert budget.spent.usd == answer.usd
        with pytest.raises(BudgetError, match="--max-usd"):
            await MeteredModel(one, price, Budget(Caps(usd=0.10))).answer(ASKED)
        await one.close()
    assert len(server.prompts) == 1, "a call that could pass the cap is not made"
