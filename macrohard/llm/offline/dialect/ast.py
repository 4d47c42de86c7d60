"""What a spec of the dialect says, as a tree. The parser makes it, everything else reads it.

Names: ``name`` is what the person wrote, ``slug`` the identifier made of it (lower case ASCII,
``snake_case``, safe as a Python identifier, never a keyword). SQL always quotes identifiers.
Every node that a message may be about knows its 1-based line.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class FieldType(StrEnum):
    """Types a field can have; the value is how the dialect spells it."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "date-time"
    YES_NO = "yes/no"
    ONE_OF = "one of"
    EMAIL = "e-mail"
    REFERENCE = "reference"


# -- expressions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A number as written: exact."""

    value: Decimal


@dataclass(frozen=True)
class TextValue:
    """A quoted text, a choice, or a date or date-time in ISO form (typed by what it meets)."""

    value: str


@dataclass(frozen=True)
class YesNo:
    """``yes`` or ``no``."""

    value: bool


@dataclass(frozen=True)
class Today:
    """The current date (date-time: the current minute) where the app runs."""


@dataclass(frozen=True)
class FieldRef:
    """A field of the record itself, by slug."""

    slug: str


@dataclass(frozen=True)
class Through:
    """A field of the record that a reference field points to: ``item.price``."""

    reference: str
    slug: str


@dataclass(frozen=True)
class Arithmetic:
    """``left op right`` with op one of ``+ - * /``.

    Numbers, and dates in three forms: date - date (whole days), date + days, date - days.
    """

    op: str
    left: "Expression"
    right: "Expression"


class AggregateOp(StrEnum):
    """Aggregates, spelt as the built app's verbs."""

    TOTAL = "total"
    COUNT = "count"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class RelatedAggregate:
    """An aggregate over the records of another kind that refer to this one.

    ``stock = total of quantity of movements where direction is in``: kind ``movement``, field
    ``quantity``, ``via`` the reference field of movement that points here.
    """

    op: AggregateOp
    kind: str
    field: str | None
    via: str
    where: "Condition | None" = None


Expression = Number | TextValue | YesNo | Today | FieldRef | Through | Arithmetic | RelatedAggregate


class CompareOp(StrEnum):
    """Comparisons, as Python writes them."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True)
class Compare:
    """``left op right``; false when either side is empty (``!=`` is true then)."""

    op: CompareOp
    left: Expression
    right: Expression


@dataclass(frozen=True)
class IsEmpty:
    """The field has no value (``negated``: has one)."""

    slug: str
    negated: bool = False


@dataclass(frozen=True)
class BoolOp:
    """``and`` or ``or`` over two or more conditions."""

    op: str
    parts: tuple["Condition", ...]


Condition = Compare | IsEmpty | BoolOp


# -- data ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """A field of a record kind.

    Attributes:
        choices: For ``one of``, as written, in order.
        target: For a reference, the slug of the kind it points to.
        default: Text as a user would type it, or ``today``; None for none.
        minimum: Inclusive lower bound: a number, or an ISO date or date-time as text.
        maximum: Inclusive upper bound.
        max_length: Longest text in characters.
        places: Decimal places, for decimals and for computed fields that are no integers.
        computed: The expression of a computed field; such a field is never given by the user.
            Its ``type`` is inferred by the parser.
    """

    name: str
    slug: str
    type: FieldType
    line: int
    choices: tuple[str, ...] = ()
    target: str = ""
    required: bool = False
    unique: bool = False
    default: str | None = None
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    max_length: int | None = None
    places: int = 2
    computed: Expression | None = None

    @property
    def option(self) -> str:
        """The command-line option: ``--due-date``."""
        return "--" + self.slug.rstrip("_").replace("_", "-")

    @property
    def stored(self) -> bool:
        """Whether the field is kept in the database."""
        return self.computed is None


# -- features ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupBy:
    """Grouping of an aggregate; ``part`` is ``year`` or ``month`` for dates, else empty."""

    slug: str
    part: str = ""

    @property
    def argument(self) -> str:
        """How the command line spells it: ``category`` or ``date:month``."""
        name = self.slug.rstrip("_").replace("_", "-")
        return f"{name}:{self.part}" if self.part else name


@dataclass(frozen=True)
class Aggregate:
    """An aggregate the app offers: an operation, its field (none for count), its groupings."""

    op: AggregateOp
    field: str | None
    groups: tuple[GroupBy, ...]
    line: int


@dataclass(frozen=True)
class NamedCondition:
    """``<kind> <name>`` lists the records that meet it; ``marks``: lists show the name, too."""

    name: str
    slug: str
    condition: Condition
    marks: bool
    line: int

    @property
    def command(self) -> str:
        """The command word: ``over-due``."""
        return self.slug.rstrip("_").replace("_", "-")


@dataclass(frozen=True)
class Features:
    """What can be done with the records of one kind.

    Lines: verb to the line that asked for it; ``filter SLUG``, ``sort SLUG`` and ``search SLUG``
    likewise.
    """

    add: bool = False
    list: bool = False
    show: bool = False
    edit: bool = False
    delete: bool = False
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    conditions: tuple[NamedCondition, ...] = ()
    import_csv: bool = False
    export_csv: bool = False
    lines: dict[str, int] = field(default_factory=dict, hash=False)


# -- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RecordRule:
    """A condition that every record of the kind must meet when it is written.

    Like :class:`Compare`, but a comparison with an empty side is met: an empty end date does not
    break ``end is after start``.

    ``only_new``: said of new records (``each new booking: start is in the future``); it is looked
    at when a record is added or imported, and never again.
    """

    kind: str
    condition: Condition
    text: str
    line: int
    only_new: bool = False


@dataclass(frozen=True)
class BoundRule:
    """``a movement that would take the stock of an item below 0 is refused``.

    After any write or delete of a ``kind`` record, the computed field ``measure`` of every
    ``target`` record it refers to (through ``via``, before and after the change) must not be below
    (``op`` ``>=``) or above (``op`` ``<=``) ``bound``; otherwise nothing is written.

    ``stands``: it is said of the target (``the stock of an item is never below 0``), so that what
    adds to the measure in other ways, and a new target that has a measure of its own, are held to
    it too. What else can break it later is in ``sight.py``.
    """

    kind: str
    via: str
    target: str
    measure: str
    op: CompareOp
    bound: Expression
    text: str
    line: int
    stands: bool = False


@dataclass(frozen=True)
class OverlapRule:
    """``a booking that overlaps another booking of the same room is refused``.

    Spans are half open: one may begin where another ends. ``same``: fields that must be equal for
    two records to clash; records without a start, or with an empty ``same`` field, never clash; an
    empty end means no end.
    """

    kind: str
    start: str
    end: str
    same: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class UniqueRule:
    """``two seats of the same row and number are refused``: the fields together are unique."""

    kind: str
    fields: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class DeleteRule:
    """What deleting a ``target`` record does to the ``kind`` records that refer to it via ``via``.

    ``cascade`` deletes them too; otherwise the delete is refused. A reference without a rule
    refuses, and the requirements say so as an assumption.
    """

    target: str
    kind: str
    via: str
    cascade: bool
    text: str
    line: int


Rule = RecordRule | BoundRule | OverlapRule | UniqueRule | DeleteRule


@dataclass(frozen=True)
class Kind:
    """A record kind: what one of the things kept looks like, and what can be done with them."""

    name: str
    plural: str
    slug: str
    fields: tuple[Field, ...]
    features: Features
    line: int

    @property
    def command(self) -> str:
        """The command word of the kind: ``stock-item``."""
        return self.slug.rstrip("_").replace("_", "-")

    def field(self, slug: str) -> Field:
        """The field of that slug; ``KeyError`` when there is none."""
        for candidate in self.fields:
            if candidate.slug == slug:
                return candidate
        raise KeyError(slug)

    @property
    def name_field(self) -> Field | None:
        """The text that no two records share, by which people may refer to one; else None."""
        texts = (f for f in self.fields if f.stored and f.unique and f.type is FieldType.TEXT)
        return next(texts, None)


@dataclass(frozen=True)
class App:
    """A whole spec, understood."""

    title: str
    slug: str
    purpose: str
    kinds: tuple[Kind, ...]
    rules: tuple[Rule, ...]
    interfaces: tuple[str, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def is_served(self) -> bool:
        """Whether it has a server: for pages, or for the JSON API."""
        return bool({"web", "api"} & set(self.interfaces))

    @property
    def has_window(self) -> bool:
        """Whether it has a window on the desktop."""
        return "desktop" in self.interfaces

    def kind(self, slug: str) -> Kind:
        """The kind of that slug; ``KeyError`` when there is none."""
        for candidate in self.kinds:
            if candidate.slug == slug:
                return candidate
        raise KeyError(slug)
