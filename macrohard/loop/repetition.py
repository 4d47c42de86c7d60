"""Telling an agent that goes round in circles from one that waits.

A turn is what was called and what came back. When the last turns are the same turn, or the same two
or three in turn, over and over, nothing new can come of going on. Calls that wait (``sleep``, the
tool ``wait``) may come back with the same many times: a build that takes minutes is no loop.
"""

import json
import re
from collections.abc import Sequence

from macrohard.llm.base import ToolCall

PERIODS = (1, 2, 3)
"""Lengths of a circle that are looked for, in turns."""
WAITS = 5
"""How many times as often a turn that waits may be repeated."""
_DURATION = re.compile(r"\b\d+\.\d+ ?(?:s|ms|sec|seconds)\b")
_SLEEP = re.compile(r"\b(?:sleep|wait)\b")

Turn = tuple[tuple[str, str, str], ...]


class Repetition:
    """Counts how often the end of a conversation repeats itself."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []

    def count(self, calls: Sequence[ToolCall], results: Sequence[str]) -> int:
        """Take a turn in; how many times in a row the latest circle was gone round, at least 1."""
        self._turns.append(
            tuple(
                (call.name, _canonical(call.arguments), _DURATION.sub("", result))
                for call, result in zip(calls, results, strict=True)
            )
        )
        rounds = max(self._rounds(period) for period in PERIODS)
        return -(-rounds // WAITS) if rounds > 1 and _waits(self._turns[-1]) else rounds

    def _rounds(self, period: int) -> int:
        turns = self._turns
        same = 0
        while same + period < len(turns) and turns[-1 - same] == turns[-1 - same - period]:
            same += 1
        return 1 + same // period


def _canonical(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def _waits(turn: Turn) -> bool:
    return any(
        name == "wait" or (name == "bash" and _SLEEP.search(arguments))
        for name, arguments, _ in turn
    )
