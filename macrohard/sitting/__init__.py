"""Simulated users at work: who tries what, what they are shown, and a look by somebody else."""

from macrohard.sitting.pairs import pair_up
from macrohard.sitting.second_look import second_looker
from macrohard.sitting.session import TASK, Sitting, sit

__all__ = ["TASK", "Sitting", "pair_up", "second_looker", "sit"]
