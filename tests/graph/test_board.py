"""Where items under work tell each other that they are done."""

import asyncio
from pathlib import Path

from macrohard.graph.board import Board
from macrohard.graph.state import ItemResult


def _result(outcome: str) -> ItemResult:
    return ItemResult(item="W1", round=1, wave=1, outcome=outcome, commit="c", reason="")


def test_a_lost_result_is_restored_and_a_known_one_is_kept(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.restore([_result("ready"), _result("merged")])
    again = Board(tmp_path)
    again.restore([_result("failed")])
    waited = asyncio.run(asyncio.wait_for(again.wait(1, 1, "W1"), timeout=5))
    assert waited["outcome"] == "ready"


def test_a_torn_result_is_none(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.publish(_result("ready"))
    (tmp_path / "r1-w1" / "W1.json").write_text("")
    assert board.known(1, 1, "W1") is None
