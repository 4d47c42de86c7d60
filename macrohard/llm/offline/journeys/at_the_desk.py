"""Journeys at a window: the same steps, done with mouse and keyboard by the words on the screen."""

from collections.abc import Iterable

from macrohard.llm.offline.criteria.asked import FIGURES, Asked
from macrohard.llm.offline.dialect.ast import App, Kind
from macrohard.llm.offline.journeys.elsewhere import PROBLEM, Elsewhere, capital, changed
from macrohard.llm.offline.journeys.gestures import attach, choose, click, press
from macrohard.llm.offline.oracle.reading import columns
from macrohard.work import ScenarioStep

_LETTERS = 110
"""Letters that fit beside each other in a list that fills the window."""
_SHORTEST = 10


class AtTheDesk(Elsewhere):
    """Says the steps of one journey again, for a window of ours.

    Args:
        app: The app.
    """

    def __init__(self, app: App) -> None:
        super().__init__(app, "desktop")

    def _overview(self, step: ScenarioStep) -> ScenarioStep:
        told = [capital(kind.plural.lower()) for kind in self.app.kinds]
        return changed(step, press("Escape"), told)

    def _said(self, step: ScenarioStep, asked: Asked) -> ScenarioStep | None:
        kind = asked.kind
        gestures = self._at_window(asked, kind) if kind else []
        if kind is None or not gestures:
            return None
        refused = step.exit_code not in {0, None}
        if asked.verb in {"edit", "delete", "show"} and not self._is_there(asked, kind, refused):
            return None
        see: Iterable[str] = (PROBLEM,) if refused else step.see
        if asked.verb == "show":
            see = (text.partition(": ")[2] or text for text in step.see)
        elif not refused and not (asked.verb in FIGURES or "Added" in "".join(step.see)):
            see = self._fitting(kind, step.see)
        return changed(step, "\n".join(gestures), see)

    def _is_there(self, asked: Asked, kind: Kind, refused: bool) -> bool:
        """Whether a record can be clicked: one that is not there cannot even be asked for."""
        if not kind.features.list or (refused and asked.verb == "show"):
            return False
        if asked.verb == "delete" and not refused:
            self._gone.add((kind.slug, asked.target))
            return True
        return (kind.slug, asked.target) not in self._gone and int(asked.target) < 1000

    def _fitting(self, kind: Kind, see: Iterable[str]) -> list[str]:
        """The texts that a list shows whole: it cuts off what is too long for its column."""
        most = max(_SHORTEST, _LETTERS // max(1, len(columns(kind))))
        return [text for text in see if len(text) <= most or text.endswith(".")]

    # -- gestures --------------------------------------------------------------------------------

    def _at_window(self, asked: Asked, kind: Kind) -> list[str]:
        root = [click(capital(kind.plural.lower()))]
        several = kind.plural.lower()
        if asked.verb in {"add", "edit"}:
            return self._fill_in(asked, kind, root)
        if asked.verb in {"delete", "show"}:
            return [*root, *self._marked(asked, kind)]
        if asked.verb == "import":
            text = self._files.get(asked.target)
            chosen = attach(asked.target, "CSV file", text or "")
            end = click(f"Import {several}")
            return [*root, click("Import"), chosen, end] if text is not None else []
        if asked.verb == "export":
            return [*root, click("Export"), click(f"Export {several}")]
        if asked.verb in FIGURES:
            return [*root, click(capital(asked.verb)), *self._figure(asked, kind)]
        named = asked.verb if asked.verb != "list" else ""
        which = [choose(named.replace("-", " "), "Which")] if named else []
        return [*root, *which, *self._narrowed(asked, kind)] + (
            [click("Show")] if which and not asked.typed else []
        )

    def _fill_in(self, asked: Asked, kind: Kind, root: list[str]) -> list[str]:
        one = kind.name.lower()
        filled = self._filled(asked, kind)
        if filled is None:
            return []
        if asked.verb == "add":
            name = f"Add {'an' if one[:1] in 'aeiou' else 'a'} {one}"
            return [*root, click(name), *filled, click(name)]
        marked = click(capital(f"{one} {asked.target}"))
        return [*root, marked, click("Edit"), *filled, click("Save")]

    def _marked(self, asked: Asked, kind: Kind) -> list[str]:
        named = f"{kind.name.lower()} {asked.target}"
        marked = click(capital(named))
        if asked.verb == "show":
            return [marked, click("Open")]
        return [marked, click("Delete"), click(f"Delete {named}")]
