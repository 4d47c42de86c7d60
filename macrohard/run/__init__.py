"""One run: its directory, starting it, going on with it, and stopping it well."""

from macrohard.run.driving import drive
from macrohard.run.folder import create_run
from macrohard.run.parts import Approver, Parts

__all__ = ["Approver", "Parts", "create_run", "drive"]
