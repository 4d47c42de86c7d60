"""The part that reads a spec for the first time."""

from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.parts.reading import read_text
from macrohard.llm.offline.scene import Scene
from macrohard.work import Brief


def write_brief(scene: Scene) -> Brief:
    """Say what the spec in a request asks for.

    Raises:
        SpecError: A line is outside the dialect.
    """
    return brief_of(parse_spec(read_text(scene, "spec")))


def brief_of(app: App) -> Brief:
    """The brief of an app."""
    plurals = [kind.plural.lower() for kind in app.kinds]
    return Brief(
        title=app.title,
        purpose=app.purpose or f"Keeps {listed(plurals)}.",
        users=tuple(f"whoever keeps the {plural}" for plural in plurals),
        interfaces=app.interfaces,
        unclear=tuple(f"The spec leaves this open. Assumed: {text}" for text in app.assumptions),
    )


def listed(words: list[str]) -> str:
    """Words as a person lists them: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
