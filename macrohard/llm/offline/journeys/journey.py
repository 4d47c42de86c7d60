"""A journey while it is written: its steps, and the records they have made so far."""

import shlex
from collections.abc import Mapping, Sequence

from macrohard.llm.offline.criteria.check import Words
from macrohard.llm.offline.criteria.commands import add, list_
from macrohard.llm.offline.criteria.filing import file_text
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind, Rule
from macrohard.llm.offline.oracle.nearness import just_beyond, just_within
from macrohard.llm.offline.oracle.reading import Query, columns
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Seeker, Typed, Want
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.world import Record, stored_fields
from macrohard.work import ScenarioStep

_SHORTEST_SIGN = 4
"""Characters of a text that is told not to be there: shorter ones turn up by chance."""

_SIGNS = 3
"""Cells of one record that a list is searched for."""


class DeadEndError(Exception):
    """No example was found with which the journey could go on."""


def dead_end(_journey: "Journey") -> None:
    """A journey that leads nowhere.

    Raises:
        DeadEndError: Always.
    """
    raise DeadEndError


class Journey:
    """Writes steps, and keeps a world in which they have happened.

    Args:
        app: The app.
        seeker: Finds the records that are typed.
        turn: Different turns draw different everyday values.
    """

    def __init__(self, app: App, seeker: Seeker, turn: int) -> None:
        self.app = app
        self.seeker = seeker
        self.turn = turn
        self.there = Timeless(app)
        self.steps: list[ScenarioStep] = []
        self.cases: list[str] = []

    # -- steps -----------------------------------------------------------------------------------

    def step(
        self,
        intent: str,
        words: Words,
        expect: str,
        *,
        see: Sequence[str] = (),
        not_see: Sequence[str] = (),
        code: int = 0,
        cases: Sequence[str] = (),
    ) -> None:
        """One step. ``cases`` are the names of the criteria it visits."""
        self.shell(
            intent,
            shlex.join(("python", "-m", self.app.slug, *words)),
            expect,
            see=see,
            not_see=not_see,
            code=code,
        )
        self.cases += cases

    def shell(
        self,
        intent: str,
        line: str,
        expect: str,
        *,
        see: Sequence[str] = (),
        not_see: Sequence[str] = (),
        code: int = 0,
    ) -> None:
        """One step by any line of the shell."""
        self.steps.append(
            ScenarioStep(
                intent=intent,
                type=line,
                expect=expect,
                see=tuple(dict.fromkeys(see)),
                not_see=tuple(dict.fromkeys(not_see)),
                exit_code=code,
            )
        )

    def refuse(self, intent: str, words: Words, why: str, *, cases: Sequence[str] = ()) -> None:
        """A step that the app must refuse."""
        expect = f"It is refused in one line that says why: {why}. Nothing changes."
        self.step(intent, words, expect, see=("error:",), not_see=("Added",), code=2, cases=cases)

    def look(self, kind: Kind, intent: str, *, gone: Sequence[str] = ()) -> None:
        """List all records of a kind; nothing happens where lists are not offered."""
        if not kind.features.list:
            return
        records = self.there.world.records(kind.slug)
        if not records:
            nothing = f"No {kind.plural.lower()}."
            self.step(intent, list_(kind), nothing, see=(nothing,), not_see=gone)
            return
        see = [sign for record in records for sign in self.signs(kind, record.id)]
        expect = f"{len(records)} {kind.plural.lower()}, in order of id."
        case = f"{kind.slug}_list_shows_all"
        self.step(intent, list_(kind), expect, see=see, not_see=gone, cases=[case])

    # -- records ---------------------------------------------------------------------------------

    def find(
        self,
        kind: Kind,
        *,
        number: int = 0,
        fixed: Mapping[str, str | None] | None = None,
        about: frozenset[str] = frozenset(),
        want: Want | None = None,
    ) -> Typed:
        """What to type for a record; see :meth:`Seeker.find`.

        Raises:
            DeadEndError: Nothing was found.
        """
        self.turn += 1
        typed = self.seeker.find(
            self.there,
            kind,
            turn=self.turn,
            number=number,
            fixed=fixed,
            about=about,
            want=want,
        )
        return _found(typed)

    def past_edge(self, kind: Kind, rule: Rule) -> Typed:
        """What to type so that it breaks a rule, and nothing else, by the least.

        Raises:
            DeadEndError: Nothing was found.
        """
        self.turn += 1
        return _found(just_beyond(self.seeker, self.there, kind, rule, turn=self.turn))

    def at_edge(self, kind: Kind, rule: Rule) -> Typed:
        """What to type so that it is accepted, as near to the edge of a rule as can be.

        Raises:
            DeadEndError: Nothing was found.
        """
        self.turn += 1
        beyond = just_beyond(self.seeker, self.there, kind, rule, turn=self.turn)
        return _found(
            just_within(self.seeker, self.there, kind, rule, turn=self.turn, beyond=beyond)
        )

    def make(self, kind: Kind, typed: Typed | None = None, *, intent: str = "") -> int:
        """Add a record, after those that it must refer to; its id.

        Raises:
            DeadEndError: No example was found.
        """
        self.provide(kind)
        given = typed if typed is not None else self.find(kind)
        try:
            number = self.there.add(kind.slug, given)
        except (RefusedError, UnsettledError):
            raise DeadEndError from None
        name = kind.name.lower()
        told = intent or f"Record {describe(kind, given)}."
        if kind.features.add:
            answer = f"Added {name} {number}."
            self.step(told, add(kind, given), answer, see=(answer,), cases=_added(kind))
        else:
            text = file_text([list(given), list(given.values())])
            answer = f"Imported 1 {name}."
            self.write_file("one.csv", text)
            self.step(told, (kind.command, "import", "one.csv"), answer, see=(answer,))
        return number

    def make_tight(self, kind: Kind) -> int:
        """Add a record with small numbers, so that little of what refers to it comes to a bound.

        Raises:
            DeadEndError: No example was found.
        """
        self.provide(kind)
        self.turn += 1
        typed = self.seeker.extreme(self.there, kind, smallest=True, turn=self.turn)
        return self.make(kind, _found(typed))

    def provide(self, kind: Kind) -> None:
        """Make one record of every other kind that this one refers to."""
        for field in stored_fields(kind):
            refers = field.type is FieldType.REFERENCE and field.target != kind.slug
            if refers and not self.there.world.rows[field.target]:
                target = self.app.kind(field.target)
                if field.required or target.features.add:
                    self.make(target)

    def write_file(self, name: str, text: str) -> None:
        """Write a file with the shell."""
        escaped = text.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n")
        self.shell(
            f"Write the file {name}.",
            f"printf {shlex.quote(escaped)} > {name}",
            "The prompt is back.",
        )

    # -- what screens show -----------------------------------------------------------------------

    def shown(self, kind: Kind, number: int) -> dict[str, str]:
        """A record's cells by column, without those that depend on the day."""
        cells = {slug: self.there.shown(kind, number, slug) for slug in columns(kind)}
        return {slug: cell for slug, cell in cells.items() if cell is not None}

    def signs(self, kind: Kind, number: int) -> list[str]:
        """A few cells by which a record is known in a list."""
        cells = self.shown(kind, number)
        telling = [cell for slug, cell in cells.items() if slug != "id" and cell != "-"]
        telling.sort(key=len, reverse=True)
        return telling[:_SIGNS] or [str(number)]

    def absent(self, kind: Kind, hidden: Sequence[int], visible: Sequence[int]) -> list[str]:
        """Texts of hidden records that a list of the visible ones cannot show by chance."""
        named = {field.slug for field in stored_fields(kind) if _is_name(field)}
        on_screen = " ".join(
            cell for number in visible for cell in self.shown(kind, number).values()
        ).casefold()
        on_screen += " ".join(field.name for field in kind.fields).casefold()
        found = []
        for number in hidden:
            cells = self.shown(kind, number)
            found += [cells[slug] for slug in named & set(cells) if _tells(cells[slug], on_screen)]
        return sorted(dict.fromkeys(found))

    def numbers(self, kind: Kind, query: Query | None = None) -> list[int]:
        """Ids of the records that a list shows.

        Raises:
            DeadEndError: They depend on the day.
        """
        try:
            found: list[Record] = self.there.select(kind, query or Query())
        except UnsettledError:
            raise DeadEndError from None
        return [record.id for record in found]


def _found(typed: Typed | None) -> Typed:
    if typed is None:
        raise DeadEndError
    return typed


def describe(kind: Kind, typed: Mapping[str, str]) -> str:
    """A record in words: ``an expense: date 2024-03-05, amount 12.50``."""
    given = [f"{f.name.lower()} {typed[f.slug]}" for f in kind.fields if typed.get(f.slug)]
    name = kind.name.lower()
    article = "an" if name[:1] in "aeiou" else "a"
    return f"{article} {name}: {', '.join(given)}" if given else f"{article} {name}"


def _added(kind: Kind) -> list[str]:
    return [f"{kind.slug}_add_keeps_every_field"]


def _is_name(field: Field) -> bool:
    return field.type in {FieldType.TEXT, FieldType.EMAIL, FieldType.DATE, FieldType.DATETIME}


def _tells(cell: str, on_screen: str) -> bool:
    return len(cell) >= _SHORTEST_SIGN and cell.casefold() not in on_screen
