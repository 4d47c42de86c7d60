"""Packages of an app: resolved once, locked with hashes, and put into every box read-only.

Only this package talks to a package index, through pip, and only to download wheels: nothing that
comes from there is ever run outside a box.
"""

from macrohard.packages.declared import undeclared
from macrohard.packages.shelf import LOCK, Shelf
from macrohard.packages.target import Target, target_of

__all__ = ["LOCK", "Shelf", "Target", "target_of", "undeclared"]
"""``Shelf`` keeps a run's packages; ``target_of`` asks a box what it is."""
