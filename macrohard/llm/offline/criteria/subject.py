"""One record kind with its examples: the vocabulary in which its criteria are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from macrohard.llm.offline.criteria.check import Answers
from macrohard.llm.offline.criteria.commands import in_json, list_, show
from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind, Rule
from macrohard.llm.offline.oracle.base import Base, Made
from macrohard.llm.offline.oracle.reading import Query
from macrohard.llm.offline.oracle.rules import RefusedError
from macrohard.llm.offline.oracle.seek import Typed, Want
from macrohard.llm.offline.oracle.timeless import Timeless, UnsettledError
from macrohard.llm.offline.oracle.values import Json, canonical
from macrohard.llm.offline.oracle.world import stored_fields


@dataclass(frozen=True)
class Subject:
    """A kind of an app, and the example records of that app.

    Attributes:
        app: The app.
        kind: The kind that is spoken of.
        base: Example records of all kinds.
    """

    app: App
    kind: Kind
    base: Base

    @property
    def name(self) -> str:
        """The kind's name as messages print it."""
        return self.kind.name.lower()

    @property
    def plural(self) -> str:
        """The kind's plural as messages print it."""
        return self.kind.plural.lower()

    @property
    def there(self) -> Timeless:
        """The world of the example records. Copy it before changing it."""
        return self.base.there

    @cached_property
    def examples(self) -> list[Made]:
        """The kind's example records."""
        return self.base.of(self.kind)

    @property
    def next(self) -> int:
        """The id that the next record gets."""
        return self.there.world.used[self.kind.slug] + 1

    @cached_property
    def fresh(self) -> Typed | None:
        """One more record that is accepted beside the examples, with every field filled."""
        return self.find(turn=len(self.examples) + 1)

    @cached_property
    def required(self) -> list[Field]:
        """Fields that must be typed: required and without a default."""
        return [f for f in stored_fields(self.kind) if f.required and f.default is None]

    def find(
        self,
        *,
        turn: int = 0,
        number: int = 0,
        fixed: Mapping[str, str | None] | None = None,
        about: frozenset[str] = frozenset(),
        want: Want | None = None,
    ) -> Typed | None:
        """Look for a record beside the examples; see :meth:`Seeker.find`."""
        return self.base.seeker.find(
            self.there, self.kind, turn=turn, number=number, fixed=fixed, about=about, want=want
        )

    def with_value(self, field: Field, value: str | None) -> Typed | None:
        """An accepted new record with this value typed in one field (``None``: left out)."""
        fresh = self.fresh
        if fresh is None:
            return None
        same = {slug: text for slug, text in fresh.items() if slug != field.slug}
        near = same if value is None else {**same, field.slug: value}
        return near if self.accepts(near) else self.find(turn=7, fixed={field.slug: value})

    def spoilt(self, field: Field, value: str | None) -> Typed | None:
        """The new record with one value spoilt. No search: nothing else is wrong with it."""
        if self.fresh is None:
            return None
        same = {slug: text for slug, text in self.fresh.items() if slug != field.slug}
        return same if value is None else {**same, field.slug: value}

    def accepts(self, typed: Mapping[str, str]) -> bool:
        """Whether a new record is accepted beside the examples, on any day."""
        return self.after_add(typed) is not None

    def after_add(self, typed: Mapping[str, str]) -> Timeless | None:
        """The examples and one more record; ``None`` when it is refused or the day decides."""
        return self._after(lambda there: there.add(self.kind.slug, typed))

    def after_edit(self, number: int, typed: Mapping[str, str]) -> Timeless | None:
        """The examples with one record changed; ``None`` as above."""
        return self._after(lambda there: there.edit(self.kind.slug, number, typed))

    def after_delete(self, number: int) -> Timeless | None:
        """The examples without one record; ``None`` as above."""
        return self._after(lambda there: there.delete(self.kind.slug, number))

    def after_import(self, rows: Sequence[Mapping[str, str]]) -> Timeless | None:
        """The examples and some more records at once; ``None`` as above."""
        return self._after(lambda there: there.add_all(self.kind.slug, rows))

    def refuses_add(self, typed: Mapping[str, str]) -> bool:
        """Whether a new record is refused beside the examples, on any day."""
        return self._refuses(lambda there: there.add(self.kind.slug, typed))

    def refuses_edit(self, number: int, typed: Mapping[str, str]) -> bool:
        """Whether a change of a record is refused on any day."""
        return self._refuses(lambda there: there.edit(self.kind.slug, number, typed))

    def refuses_delete(self, number: int, rule: Rule | None = None) -> bool:
        """Whether a record may not be deleted on any day, for this rule where one is given."""
        try:
            self.there.copy().delete(self.kind.slug, number)
        except RefusedError as error:
            return rule is None or error.problem.rule == rule
        except UnsettledError:
            return False
        return False

    def _after(self, act: Callable[[Timeless], object]) -> Timeless | None:
        trial = self.there.copy()
        try:
            act(trial)
        except (RefusedError, UnsettledError):
            return None
        return trial

    def _refuses(self, act: Callable[[Timeless], object]) -> bool:
        try:
            act(self.there.copy())
        except RefusedError:
            return True
        except UnsettledError:
            return False
        return False

    def record(self, there: Timeless, number: int, today: tuple[str, ...] = ()) -> Answers | None:
        """That a record reads as it should, through whatever read the kind offers.

        Fields in ``today`` must hold the current date or minute.
        """
        value = there.json(self.kind, number)
        if self.kind.features.show:
            loose = tuple(key for key in self.loose(value) if key not in today)
            return Answers(in_json(show(self.kind, number)), value, loose, today)
        return self.listing(there)

    def listing(self, there: Timeless) -> Answers | None:
        """That the whole list reads as it should; ``None`` where the kind cannot be listed."""
        if not self.kind.features.list:
            return None
        try:
            records = there.select(self.kind, Query())
        except UnsettledError:
            return None
        values = [there.json(self.kind, record.id) for record in records]
        return Answers(in_json(list_(self.kind)), list(values), self.loose(*values))

    def loose(self, *values: dict[str, Json]) -> tuple[str, ...]:
        """Keys that depend on the day: they are missing from one of the values."""
        keys = ["id", *(field.slug for field in self.kind.fields)]
        if any("marks" in value for value in values) or self._has_marks:
            keys.append("marks")
        return tuple(key for key in keys if any(key not in value for value in values))

    @property
    def _has_marks(self) -> bool:
        return any(named.marks for named in self.kind.features.conditions)

    def label(self, field: Field) -> str:
        """How criteria speak of a field."""
        return field.name.lower()

    def name_of(self, field: Field, typed: Mapping[str, str]) -> str:
        """The name by which a reference can be typed instead of its id; empty where it cannot."""
        if field.type is not FieldType.REFERENCE or not typed.get(field.slug):
            return ""
        target = Subject(self.app, self.app.kind(field.target), self.base)
        return target.name_by(int(typed[field.slug]))

    def name_by(self, number: int) -> str:
        """The name that stands for the id of a record of the kind; empty where none does."""
        record, field = self.there.world.record(self.kind.slug, number), self.kind.name_field
        if field is None or record is None:
            return ""
        name = canonical(record.row[field.slug])
        known = [
            canonical(other.row[field.slug]).casefold()
            for other in self.there.world.records(self.kind.slug)
        ]
        is_clear = known.count(name.casefold()) == 1 and not name.startswith("-")
        return name if is_clear and not name.isdecimal() else ""

    def wording(self, typed: Mapping[str, str]) -> str:
        """What is typed for a record, in words: ``date 2024-03-05, amount 12.50``."""
        parts = [
            f"{self.label(field)} {typed[field.slug] or '(nothing)'}"
            for field in self.kind.fields
            if field.slug in typed
        ]
        return ", ".join(parts) or "nothing"


def article(noun: str) -> str:
    """The noun with ``a`` or ``an``."""
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


BAD_VALUES: dict[FieldType, tuple[str, ...]] = {
    FieldType.INTEGER: ("abc", "1.5"),
    FieldType.DECIMAL: ("abc",),
    FieldType.DATE: ("2024-02-30", "05/03/2024"),
    FieldType.DATETIME: ("2024-02-30 10:00", "noon"),
    FieldType.YES_NO: ("maybe",),
    FieldType.ONE_OF: ("no such choice",),
    FieldType.EMAIL: ("nobody", "ann@example"),
    FieldType.TEXT: ("two\nlines",),
    FieldType.REFERENCE: ("999999",),
}
"""Values that no field of the type takes: two at most, since each costs a start of the program."""
