"""Requests have one canonical form, whatever was worked out and kept along the way."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from macrohard.llm.base import Asker, Message, Request, Tool, ToolCall

CALLS = st.builds(ToolCall, id=st.text(), name=st.text(), arguments=st.text())
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=st.text(),
    tool_calls=st.lists(CALLS, max_size=2).map(tuple),
    tool_call_id=st.text(max_size=3),
    echo=st.text(max_size=3),
)
SCHEMAS = st.dictionaries(st.text(), st.text() | st.integers(), max_size=3)
REQUESTS = st.builds(
    Request,
    asker=st.builds(Asker, role=st.text(), stage=st.text(), item=st.text()),
    messages=st.lists(MESSAGES, max_size=4).map(tuple),
    tools=st.lists(
        st.builds(Tool, name=st.text(), description=st.text(), parameters=SCHEMAS), max_size=2
    ).map(tuple),
    output_schema=st.none() | SCHEMAS,
    max_output_tokens=st.integers(1, 10**6),
)


def plain(request: Request) -> str:
    """The canonical form, made from the whole request at once."""
    return json.dumps(
        request.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


@given(REQUESTS)
def test_the_canonical_form_is_that_of_the_whole(request: Request) -> None:
    for _ in range(2):
        assert request.canonical() == plain(request)
        assert request.key == hashlib.sha256(plain(request).encode()).hexdigest()


@given(REQUESTS, st.text())
def test_a_changed_copy_has_a_form_of_its_own(request: Request, text: str) -> None:
    assert request.key
    messages = tuple(m.model_copy(update={"content": text}) for m in request.messages)
    changed = request.model_copy(update={"messages": messages})
    assert changed.canonical() == plain(changed)
    assert changed.key == hashlib.sha256(plain(changed).encode()).hexdigest()
    assert (changed == request) == (plain(changed) == plain(request))


def test_what_was_worked_out_is_not_written() -> None:
    message = Message(role="user", content="x")
    assert message.canonical
    assert set(message.model_dump()) == set(Message.model_fields) - {"pictures"}
    assert message == Message(role="user", content="x")
