import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.errors import ReplyError
from macrohard.llm.base import Message, Reply, ToolCall, Usage
from macrohard.llm.picture import Picture
from macrohard.loop.conversation import (
    KEPT_PICTURES,
    KEPT_TURNS,
    MOST_PICTURES,
    Conversation,
    shared_prefix,
)

TASK = "Do it. " * 20


def turn(talk: Conversation, number: int, chars: int, argument: str = "{}") -> None:
    """A call and its output."""
    call = ToolCall(id=f"c{number}", name="bash", arguments=argument)
    talk.add(Message(role="assistant", tool_calls=(call,)))
    talk.add(
        Message(
            role="tool", tool_call_id=call.id, content=f"exit code 0\n{number:06d}" * (chars // 18)
        )
    )


def texts(messages: tuple[Message, ...]) -> list[str]:
    return [message.model_dump_json() for message in messages]


def test_a_conversation_that_fits_only_grows() -> None:
    talk = Conversation("system", TASK, window_tokens=100_000)
    before: list[str] = []
    for number in range(10):
        turn(talk, number, 2_000)
        after = texts(talk.messages())
        assert after[: len(before)] == before
        before = after
    assert talk.cuts == 0


def test_old_outputs_give_way_in_one_cut_that_lasts_for_many_turns() -> None:
    talk = Conversation("system", TASK, window_tokens=20_000, output_tokens=2_000)
    kept_prefix = 0
    before: list[str] = []
    for number in range(100):
        turn(talk, number, 2_000)
        after = texts(talk.messages())
        assert talk.size_tokens <= talk.room_tokens
        kept_prefix += after[: len(before)] == before
        before = after
    assert 2 <= talk.cuts <= 10
    assert kept_prefix == 100 - talk.cuts, "between cuts every request begins as the last one did"


def test_a_cut_leaves_the_task_and_the_last_turns_and_says_what_is_gone() -> None:
    talk = Conversation("system", TASK, window_tokens=10_000, output_tokens=1_000)
    number = 0
    while not talk.cuts:
        turn(talk, number, 3_000)
        messages = talk.messages()
        number += 1
    assert [m.content for m in messages[:2]] == ["system", TASK]
    outputs = [m.content for m in messages if m.role == "tool"]
    assert "call again to see it" in outputs[0]
    assert outputs[0].startswith("exit code 0")
    assert all(len(text) > 2_000 for text in outputs[-KEPT_TURNS:])
    assert len(outputs) == number, "no result is without its call"


def test_long_arguments_go_when_outputs_are_not_enough_and_stay_json() -> None:
    talk = Conversation("system", TASK, window_tokens=10_000, output_tokens=1_000)
    argument = json.dumps({"path": "a.py", "content": "x = 1\n" * 1_000})
    for number in range(12):
        turn(talk, number, 100, argument)
        messages = talk.messages()
    first = json.loads(messages[2].tool_calls[0].arguments)
    assert first["path"] == "a.py"
    assert "left out" in first["content"]
    assert messages[-2].tool_calls[0].arguments == argument


def test_the_rate_is_learnt_from_what_the_provider_counted() -> None:
    talk = Conversation("s" * 1_000, "t" * 9_000, window_tokens=100_000)
    talk.messages()
    talk.learn(Reply(usage=Usage(input_tokens=9_999, estimated=True)))
    assert talk.size_tokens == 3_000
    talk.learn(Reply(usage=Usage(input_tokens=5_000)))
    assert talk.size_tokens == 5_000


def test_what_cannot_be_cut_and_does_not_fit_is_told() -> None:
    talk = Conversation("system", "task " * 10_000, window_tokens=8_000)
    with pytest.raises(ReplyError, match="larger context window"):
        talk.messages()


def test_a_small_window_asks_for_short_answers() -> None:
    assert Conversation("s", "t", window_tokens=8_000).output_tokens == 2_000
    assert Conversation("s", "t", window_tokens=128_000).output_tokens == 16_000


@given(st.lists(st.integers(0, 5_000), max_size=60), st.integers(3_000, 30_000))
def test_a_request_fits_or_is_refused_and_calls_keep_their_results(
    sizes: list[int], window: int
) -> None:
    talk = Conversation("system", TASK, window_tokens=window)
    for number, chars in enumerate(sizes):
        turn(talk, number, chars, json.dumps({"content": "y" * (chars // 3)}))
        try:
            messages = talk.messages()
        except ReplyError:
            return
        assert talk.size_tokens <= talk.room_tokens
        called = [call.id for m in messages for call in m.tool_calls]
        assert called == [m.tool_call_id for m in messages if m.role == "tool"]


@given(st.lists(st.text(max_size=5), max_size=5), st.lists(st.text(max_size=5), max_size=5))
def test_a_shared_prefix_is_shared(one: list[str], other: list[str]) -> None:
    shared = shared_prefix(one, other)
    assert "".join(one)[:shared] == "".join(other)[:shared]
    assert shared_prefix(one, one) == len("".join(one))


def look(talk: Conversation, number: int, side: int = 750) -> None:
    """A call, and what it brought, with a picture."""
    call = ToolCall(id=f"c{number}", name="click", arguments="{}")
    digest = f"{number:064x}"
    seen = Picture(media="image/png", sha256=digest, width=side, height=side, name=f"{number}.png")
    talk.add(Message(role="assistant", tool_calls=(call,)))
    talk.add(Message(role="tool", tool_call_id=call.id, content="a page", pictures=(seen,)))


def pictures(messages: tuple[Message, ...]) -> list[str]:
    return [picture.name for message in messages for picture in message.pictures]


def test_pictures_are_few_and_leave_seldom() -> None:
    talk = Conversation("system", TASK, window_tokens=100_000)
    before: list[str] = []
    grew = 0
    for number in range(40):
        look(talk, number)
        messages = talk.messages()
        assert messages == talk.messages(), "asking once more changes nothing"
        shown = pictures(messages)
        assert len(shown) <= MOST_PICTURES
        assert (
            shown[-KEPT_PICTURES:]
            == [f"{n}.png" for n in range(41)][
                number + 1 - min(number + 1, KEPT_PICTURES) : number + 1
            ]
        )
        after = texts(messages)
        grew += after[: len(before)] == before
        before = after
    assert grew >= 40 - 40 // (MOST_PICTURES - KEPT_PICTURES), "one cut in so many turns"
    assert "[0.png was left out to make room]" in messages[3].content


def test_pictures_take_room_and_are_the_first_to_give_way() -> None:
    talk = Conversation("system", TASK, window_tokens=10_000, output_tokens=1_000)
    empty = talk.size_tokens
    look(talk, 0)
    assert 750 <= talk.size_tokens - empty <= 800
    look(talk, 1, side=1_800)
    turn(talk, 2, 5_000)
    look(talk, 3)
    look(talk, 4, side=1_800)
    assert talk.size_tokens > talk.room_tokens
    messages = talk.messages()
    assert pictures(messages) == ["4.png"]
    assert talk.cuts == 1


def test_what_a_picture_takes_is_not_taken_for_the_price_of_text() -> None:
    talk = Conversation("system", TASK, window_tokens=100_000)
    look(talk, 0)
    turn(talk, 1, 5_000)
    talk.messages()
    before = talk.size_tokens
    talk.learn(Reply(usage=Usage(input_tokens=before)))
    assert abs(talk.size_tokens - before) <= 1


def test_the_picture_of_a_task_stays() -> None:
    seen = Picture(media="image/png", sha256="0" * 64, width=1, height=1, name="task.png")
    talk = Conversation("system", TASK, window_tokens=100_000, pictures=(seen,))
    for number in range(20):
        look(talk, number)
        assert pictures(talk.messages())[0] == "task.png"
