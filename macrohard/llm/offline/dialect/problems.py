"""Everything wrong with a spec, collected, so that a person mends it in one go."""

from collections.abc import Iterator

from macrohard.errors import SpecError
from macrohard.llm.offline.dialect.words import Puzzle

MAX_SHOWN = 10
MAX_COLLECTED = 100
"""Beyond this the text is no spec, and reading on would only take time."""

HINTS = {
    "sections": "## Data, ## Features, ## Rules and ## Interface, after a # title and the purpose",
    "kinds": "### Expense, with a bullet for each field below it",
    "types": "text, integer, decimal, date, date-time, yes/no, one of (a, b, c), e-mail, "
    "reference to KIND, and = EXPRESSION for a computed field",
    "constraints": "required, optional, unique, default VALUE, at least N, at most N, "
    "from N to M, positive, not negative, up to N characters, N decimal places",
    "features": "add, list, show, edit and delete KINDS; filter, sort or search KINDS by FIELDS; "
    "total, average, min or max FIELD of KINDS by FIELD; count KINDS by FIELD; import and export "
    'KINDS as CSV; list KINDS "NAME" where CONDITION; mark KINDS as "NAME" when CONDITION',
    "rules": "FIELD is after FIELD; a KIND that would take the FIELD of a KIND below N is refused; "
    "a KIND that overlaps another KIND of the same FIELD is refused; two KINDS of the same FIELD "
    "and FIELD are refused; deleting a KIND who has KINDS is refused; "
    "deleting a KIND deletes its KINDS too",
    "conditions": "FIELD is VALUE, is not, is above, is below, is at least, is at most, is before, "
    "is after, is between A and B, is one of (a, b), is empty, is not empty; joined by and, or",
    "expressions": "numbers, fields, item.price, + - * / and brackets, "
    "total FIELD of KINDS where CONDITION, count of KINDS, average, min and max",
    "interface": "command line, web pages, JSON API",
}
"""What is understood, by the place where something was not."""


class Problems:
    """Collects puzzles with their lines."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[tuple[int, Puzzle]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def too_many(self) -> bool:
        """Whether reading on is pointless."""
        return len(self._found) >= MAX_COLLECTED

    def add(self, line: int, puzzle: Puzzle) -> None:
        """Remember a puzzle about a line."""
        self._found.append((line, puzzle))

    def __iter__(self) -> Iterator[tuple[int, Puzzle]]:
        return iter(self._found)

    def raise_any(self) -> None:
        """Raise all that was found as one error.

        Raises:
            SpecError: Something was found. Its line is that of the first problem; each further
                problem is a line of the message.
        """
        if not self._found:
            return
        ordered = sorted(self._found, key=lambda found: found[0])
        told: set[str] = set()
        sentences: list[str] = []
        for line, puzzle in ordered[:MAX_SHOWN]:
            sentence = puzzle.message
            if puzzle.hint and puzzle.hint not in told:
                told.add(puzzle.hint)
                sentence += f" What I understand here: {HINTS[puzzle.hint]}."
            sentences.append(sentence if not sentences else f"{self._source}:{line}: {sentence}")
        if len(ordered) > MAX_SHOWN:
            sentences.append(f"and {len(ordered) - MAX_SHOWN} more problems like these.")
        raise SpecError("\n".join(sentences), source=self._source, line=ordered[0][0])
