"""Where settings come from: flags, the project's file, the person's file, the environment.

:func:`resolve` lays them over each other and remembers where each value came from.
"""

from macrohard.configuration.layers import Resolved, Value, resolve

__all__ = ["Resolved", "Value", "resolve"]
