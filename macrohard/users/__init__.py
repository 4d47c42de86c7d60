"""Simulated users: they drive the running application, and are judged by what it did."""

from macrohard.users.base import (
    Action,
    Driver,
    Observation,
    Press,
    Problem,
    Resize,
    Tape,
    Taped,
    TrialResult,
    TypeLine,
    UserActionError,
    Wait,
)
from macrohard.users.furnish import furnish
from macrohard.users.judging.evidence import judge_again, write_evidence
from macrohard.users.judging.handin import HandIn
from macrohard.users.judging.judge import judge
from macrohard.users.terminals.shell import how_to_run
from macrohard.users.terminals.terminal import Desk, TerminalDriver, Timing
from macrohard.users.tools import Patience, UserTools

__all__ = [
    "Action",
    "Desk",
    "Driver",
    "HandIn",
    "Observation",
    "Patience",
    "Press",
    "Problem",
    "Resize",
    "Tape",
    "Taped",
    "TerminalDriver",
    "Timing",
    "TrialResult",
    "TypeLine",
    "UserActionError",
    "UserTools",
    "Wait",
    "furnish",
    "how_to_run",
    "judge",
    "judge_again",
    "write_evidence",
]
