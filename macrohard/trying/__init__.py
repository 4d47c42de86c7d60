"""Simulated users on any application: with scenarios that people write, and without any."""

from macrohard.trying.office import check_running, make_folder, make_plan, open_room
from macrohard.trying.plan import Plan, Room
from macrohard.trying.result import Exploration, TrialRow, TryResult
from macrohard.trying.scenarios import Written, read_scenarios
from macrohard.trying.target import Target, find_target
from macrohard.trying.tryout import try_target

__all__ = [
    "Exploration",
    "Plan",
    "Room",
    "Target",
    "TrialRow",
    "TryResult",
    "Written",
    "check_running",
    "find_target",
    "make_folder",
    "make_plan",
    "open_room",
    "read_scenarios",
    "try_target",
]
