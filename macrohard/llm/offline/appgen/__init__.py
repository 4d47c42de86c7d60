"""Compiles an app of the dialect to a Python application that needs the standard library alone.

``generate`` gives its files, ``parts`` the pieces of work they fall into. Both depend on nothing
but the app, and give the same answer every time.
"""

from macrohard.llm.offline.appgen.assembly import generate
from macrohard.llm.offline.appgen.parts import Part, PartFile
from macrohard.llm.offline.appgen.planning import parts

__all__ = ["Part", "PartFile", "generate", "parts"]
