"""Makes the parts of an app from its files."""

from macrohard.llm.offline.appgen.assembly import generate
from macrohard.llm.offline.appgen.parts import Part, PartFile
from macrohard.llm.offline.dialect.ast import App


def parts(app: App) -> list[Part]:
    """The parts of an app; those that a part depends on come before it."""
    files = tuple(PartFile(path, f"Part of {app.title}.") for path in generate(app))
    return [Part("app", app.title, "backend-engineer", files)]
