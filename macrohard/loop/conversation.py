"""The conversation of one agent, and the rule that keeps it under the model's context window.

Between two cuts the conversation only grows at its end, so that whatever a provider cached of one
request is the beginning of the next. When the next request would not fit, one cut makes room for
many turns: old tool outputs are replaced by a line that says what stood there, oldest first, until
the conversation takes half the room; if it still takes three quarters, long arguments of old calls
go the same way. The system prompt, the task and the last turns are never cut. What is cut depends
on the messages and on the tokens that replies reported, never on a clock: a resumed or replayed
agent sends the same requests.

Of pictures a few are kept. When there are more than that, all but the last two leave at once, so
that the beginning then stays the same for several turns.
"""

import json
from collections.abc import Sequence

from macrohard.errors import ReplyError
from macrohard.llm.base import Message, Reply, ToolCall
from macrohard.llm.picture import Picture

FIRST_RATE = 0.3
"""Tokens a character until a reply has told better: code in English takes 0.25 to 0.3."""
GOAL = 0.5
"""Share of the room that is left taken by a cut, so that the next one is far away."""
KEPT_TURNS = 3
"""Replies whose calls and results are never cut."""
SHORT_CHARS = 400
"""Outputs and arguments up to this long are not worth cutting."""
MOST_PICTURES = 6
"""Pictures in one conversation: some 8,000 tokens of screens."""
KEPT_PICTURES = 2
"""How many of them are left when there were more: before and after the last action."""
_OUTPUT_SHARE = 4
"""At most this part of the window is kept free for the answer."""


class Conversation:
    """Messages of one agent.

    Args:
        system: The system prompt.
        task: The first user message.
        pictures: What is shown with it.
        window_tokens: The model's context window, answer included.
        output_tokens: The longest answer that is asked for; less where the window is small.
    """

    def __init__(
        self,
        system: str,
        task: str,
        *,
        window_tokens: int,
        output_tokens: int = 16_000,
        pictures: tuple[Picture, ...] = (),
    ) -> None:
        self._messages = [
            Message(role="system", content=system),
            Message(role="user", content=task, pictures=pictures),
        ]
        self._rate = FIRST_RATE
        self._window = window_tokens
        self._wanted = output_tokens
        self.cuts = 0
        self._chars = sum(map(_length, self._messages))
        self._seen_tokens = sum(map(_picture_tokens, self._messages))
        self._asked_chars = 0
        self._refused: int | None = None

    @property
    def output_tokens(self) -> int:
        """The longest answer to ask for."""
        return max(1, min(self._wanted, self._window // _OUTPUT_SHARE))

    @property
    def room_tokens(self) -> int:
        """What a request may take."""
        room = self._window - self.output_tokens
        return room if self._refused is None else min(room, round(self._refused * 0.8))

    @property
    def size_tokens(self) -> int:
        """What the next request will take, as far as it can be told."""
        return round(self._chars * self._rate) + self._seen_tokens

    def add(self, message: Message) -> None:
        """Append a message."""
        self._messages.append(message)
        self._chars += _length(message)
        self._seen_tokens += _picture_tokens(message)

    def messages(self) -> tuple[Message, ...]:
        """The next request's messages, cut when they would not fit.

        Raises:
            ReplyError: Even what must stay does not fit.
        """
        if sum(len(message.pictures) for message in self._messages[2:]) > MOST_PICTURES:
            self._put_away_pictures(KEPT_PICTURES)
        if self.size_tokens > self.room_tokens:
            self._cut()
        self._asked_chars = self._chars
        return tuple(self._messages)

    def learn(self, reply: Reply) -> None:
        """Take the tokens of the last request from its reply, where the provider counted them."""
        usage = reply.usage
        if usage.input_tokens and not usage.estimated and self._asked_chars:
            # Providers count pictures differently: too high a guess must not make text look free.
            told = max(usage.input_tokens - self._seen_tokens, usage.input_tokens // 4)
            self._rate = told / self._asked_chars

    def shrink(self) -> None:
        """The provider refused the last request for its length: let the next ones be shorter."""
        self._refused = self.size_tokens

    def _cut(self) -> None:
        self.cuts += 1
        self._put_away_pictures(1)
        if self.size_tokens <= self.room_tokens * GOAL:
            return
        last = self._first_kept()
        # A cut that frees little would be followed by another soon, and each costs the cache.
        for stub, enough in ((_without_output, 0.75), (_without_arguments, 1.0)):
            for index in range(2, last):
                if self.size_tokens <= self.room_tokens * GOAL:
                    return
                self._replace(index, stub(self._messages[index]))
            if self.size_tokens <= self.room_tokens * enough:
                return
        raise ReplyError(
            f"The conversation takes about {self.size_tokens:,} tokens after everything old was "
            f"left out of it; the model has room for {self.room_tokens:,}. Name a model with a "
            "larger context window, or let its server offer more."
        )

    def _put_away_pictures(self, kept: int) -> None:
        """Leave only the last pictures."""
        seeing = [n for n, message in enumerate(self._messages) if n > 1 and message.pictures]
        for index in seeing[: len(seeing) - kept]:
            self._replace(index, _without_pictures(self._messages[index]))

    def _replace(self, index: int, message: Message) -> None:
        old = self._messages[index]
        self._chars += _length(message) - _length(old)
        self._seen_tokens += _picture_tokens(message) - _picture_tokens(old)
        self._messages[index] = message

    def _first_kept(self) -> int:
        replies = [n for n, m in enumerate(self._messages) if m.role == "assistant"]
        return replies[-KEPT_TURNS] if len(replies) >= KEPT_TURNS else 2


def shared_prefix(before: Sequence[str], after: Sequence[str]) -> int:
    """Characters that two lists of texts share from their beginning."""
    shared = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)
            return shared + (same if same >= 0 else min(len(one), len(other)))
        shared += len(one)
    return shared


def _length(message: Message) -> int:
    called = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return len(message.content) + len(message.echo) + called


def _picture_tokens(message: Message) -> int:
    return sum(picture.tokens for picture in message.pictures)


def _without_pictures(message: Message) -> Message:
    names = ", ".join(picture.name for picture in message.pictures)
    note = f"[{names or 'picture'} was left out to make room]"
    return message.model_copy(update={"content": f"{message.content}\n{note}", "pictures": ()})


def _without_output(message: Message) -> Message:
    if message.role != "tool" or len(message.content) <= SHORT_CHARS:
        return message
    first = message.content.splitlines()[0][:80]
    note = f"{first}\n[output left out to make room, {len(message.content)} characters; "
    return message.model_copy(update={"content": f"{note}call again to see it]"})


def _without_arguments(message: Message) -> Message:
    if not any(len(call.arguments) > SHORT_CHARS for call in message.tool_calls):
        return message
    calls = tuple(_slim_call(call) for call in message.tool_calls)
    return message.model_copy(update={"tool_calls": calls})


def _slim_call(call: ToolCall) -> ToolCall:
    if len(call.arguments) <= SHORT_CHARS:
        return call
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return call.model_copy(update={"arguments": "{}"})
    slim = {
        name: f"[left out to make room, {len(value)} characters]"
        if isinstance(value, str) and len(value) > SHORT_CHARS
        else value
        for name, value in arguments.items()
    }
    return call.model_copy(update={"arguments": json.dumps(slim, ensure_ascii=False)})
