"""What pages and the JSON API know of a kind of record: its fields, and the functions about it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Any

from macrohard.llm.offline.appgen.fixed import database, values
from macrohard.llm.offline.appgen.fixed.errors import InputError
from macrohard.llm.offline.appgen.fixed.summaries import Summary
from macrohard.llm.offline.appgen.fixed.web.messages import HttpError

Texts = Mapping[str, str]
Options = Sequence[tuple[str, str]]
"""What can be chosen: values, each with how it is shown."""
MOST_CHOICES = 200
"""Records that can be chosen from a list; where there are more, their number is typed."""


@dataclass(frozen=True)
class Field:
    """A field that people fill in.

    Attributes:
        slug: Its name in addresses, forms and JSON.
        heading: Its name for people.
        type: As the README says it.
        parse: Reads a text as a value; InputError says what is wrong with it.
        hint: What it takes, for people.
        required: Whether it must have a value.
        default: What it is unless given, as a text; ``today`` is the current day or minute.
        choices: What can be chosen.
        target: Path of the kind it refers to.
        longest: Most characters of a text.
        places: Decimal places.
        least: Lower bound, as a text.
        most: Upper bound.
    """

    slug: str
    heading: str
    type: str
    parse: Callable[[str], object]
    hint: str = ""
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    target: str = ""
    longest: int = 0
    places: int = 0
    least: str = ""
    most: str = ""

    @property
    def initial(self) -> str:
        """What an empty form shows in it."""
        if self.default == "today":
            return values.canonical(values.now() if self.type == "date-time" else values.today())
        return self.default


def not_offered(*_: object) -> Any:
    """Stand for what is not done with a kind of record."""
    raise NotImplementedError


@dataclass(frozen=True)
class Resource:
    """A kind of record.

    Attributes:
        path: Its name in addresses.
        singular: What one is called.
        plural: What several are called.
        columns: Names of all that is shown of a record, in JSON.
        headings: The same for people.
        label: The column that people know a record by; empty where there is none.
        fields: What people fill in.
        offers: What can be done: ``add``, ``list``, ``show``, ``edit``, ``delete``, ``import``,
            ``export``.
        every: Reads all records.
        get: Reads the record of an id.
        row: Makes of a record all that is shown of it.
        named: References that take a name for an id: table and column of names.
        computed: Fields that are worked out.
        marks: Names of the conditions that are shown beside records.
        filters: Slugs of the fields by which lists are narrowed.
        sorts: Names by which lists are ordered.
        searched: Headings of the fields that are searched.
        conditions: Named conditions: whether a record meets them.
        figures: For each figure the fields it can be asked for.
    """

    path: str
    singular: str
    plural: str
    columns: tuple[str, ...]
    headings: tuple[str, ...]
    label: str
    fields: tuple[Field, ...]
    offers: frozenset[str]
    every: Callable[[Connection], list[Any]]
    get: Callable[[Connection, int], Any]
    row: Callable[[Connection, Any], dict[str, object]]
    new: Callable[[Texts], Any] = not_offered
    add: Callable[[Connection, Any], Any] = not_offered
    edit: Callable[[Connection, int, Texts], None] = not_offered
    delete: Callable[[Connection, int], str] = not_offered
    import_rows: Callable[[Connection, str, Iterable[tuple[int, Texts]]], None] = not_offered
    export_rows: Callable[[Connection], list[tuple[str, ...]]] = not_offered
    select: Callable[[Connection, Texts], list[Any]] = not_offered
    matching: Callable[[Connection, list[Any], str], list[Any]] = not_offered
    in_order: Callable[[Connection, list[Any], str], list[Any]] = not_offered
    named: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    computed: tuple[Field, ...] = ()
    marks: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    conditions: Mapping[str, Callable[[Connection, Any], bool]] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Summary]] = field(default_factory=dict)

    def field(self, slug: str) -> Field:
        """Return a field by its slug."""
        return next(each for each in (*self.fields, *self.computed) if each.slug == slug)

    @property
    def required(self) -> tuple[str, ...]:
        """Slugs of the fields that must be given."""
        return tuple(each.slug for each in self.fields if each.required and not each.default)

    @property
    def slugs(self) -> tuple[str, ...]:
        """Slugs of all fields that people fill in."""
        return tuple(each.slug for each in self.fields)


@dataclass(frozen=True)
class Site:
    """A whole application.

    Attributes:
        title: Its name.
        about: What it is for.
        resources: What it keeps.
    """

    title: str
    about: str
    resources: tuple[Resource, ...]

    def find(self, path: str) -> Resource | None:
        """Return what is kept under a path; None where nothing is."""
        return next((each for each in self.resources if each.path == path), None)


@dataclass(frozen=True)
class Fault:
    """Something wrong with what was given; ``field`` is empty where it is about no single one."""

    field: str
    message: str


def unreadable(
    resource: Resource, texts: Texts, slugs: Collection[str] | None = None
) -> tuple[Fault, ...]:
    """Find all texts that no field takes, whatever else is there, each with its field.

    Args:
        resource: The kind of record.
        texts: What is given.
        slugs: The fields to look at; all of them by default.
    """
    found = []
    for each in resource.fields:
        if slugs is not None and each.slug not in slugs:
            continue
        text = texts.get(each.slug, each.initial)
        if each.slug in resource.named and not text.strip().removeprefix("-").isdecimal():
            text = "1" if text.strip() else text  # a name: whose it is, the database knows
        try:
            each.parse(text)
        except InputError as wrong:
            found.append(Fault(each.slug, str(wrong)))
    return tuple(found)


def concerned(resource: Resource, texts: Texts, message: str) -> str:
    """Find the field that a message about values speaks of which do not fit what is there."""
    named = [each for each in resource.fields if message.startswith(f"{each.heading} ")]
    named += [each for each in resource.fields if is_named(each, texts, message)]
    named += [
        each
        for each in resource.fields
        if each.target
        and message.endswith(f" {texts.get(each.slug, '').strip()}")
        and message.startswith("no ")
    ]
    return max(named, key=lambda each: len(each.heading)).slug if named else ""


def is_named(field: Field, texts: Texts, message: str) -> bool:
    """Say whether a message quotes the name that a reference was given."""
    text = texts.get(field.slug, "").strip()
    return bool(field.target and text) and repr(text) in message


def select(
    connection: Connection, resource: Resource, wanted: Texts, condition: str = ""
) -> list[Any]:
    """Find records as ``list`` does.

    Args:
        connection: The database.
        resource: What is looked for.
        wanted: Filters by slug, ``search`` and ``sort``.
        condition: A named condition to meet; empty for none.
    """
    given = {slug: wanted[slug] for slug in resource.filters if slug in wanted}
    filters = database.with_ids(connection, given, resource.named)
    found = resource.select(connection, filters) if filters else resource.every(connection)
    if condition:
        met = resource.conditions[condition]
        found = [record for record in found if met(connection, record)]
    if resource.searched and "search" in wanted:
        found = resource.matching(connection, found, wanted["search"])
    if resource.sorts and "sort" in wanted:
        found = resource.in_order(connection, found, wanted["sort"])
    return found


def known_only(given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse a parameter or a field that means nothing."""
    for name in given:
        if name not in known:
            choices = ", ".join(known) or "none"
            raise InputError(f"unknown field {values.quoted(name)}: choose from {choices}")


def queries(resource: Resource) -> tuple[str, ...]:
    """Name the parameters of every list of a kind."""
    words = (("search", resource.searched), ("sort", resource.sorts))
    return (*resource.filters, *(name for name, wanted in words if wanted))


def find(connection: Connection, resource: Resource, number: int) -> Any:
    """Return the record of an id that an address names.

    Raises:
        HttpError: when there is none.
    """
    try:
        return resource.get(connection, number)
    except (InputError, OverflowError) as error:
        raise HttpError(404, f"no {resource.singular} {number}") from error


def written(resource: Resource, record: Any) -> dict[str, str]:
    """Write the fields of a record as a person would type them."""
    return {slug: values.canonical(getattr(record, slug)) for slug in resource.slugs}


def options_of(connection: Connection, site: Site, field: Field) -> Options:
    """List what can be chosen for a field; nothing where it is typed."""
    if field.type == "yes/no":
        return (("yes", "yes"), ("no", "no"))
    if field.choices:
        return [(choice, choice) for choice in field.choices]
    target = site.find(field.target)
    if target is None:
        return ()
    records = target.every(connection)
    return [called(connection, target, each) for each in records[: MOST_CHOICES + 1]]


def called(connection: Connection, target: Resource, record: object) -> tuple[str, str]:
    """Return the id of a record, and what it is called."""
    row = target.row(connection, record)
    label = values.shown(row[target.label]) if target.label else ""
    return str(row["id"]), f"{row['id']} {label}".strip()


def problems(resource: Resource, texts: Texts, message: str) -> tuple[Fault, ...]:
    """Say what is wrong with the texts of a record."""
    wrong = unreadable(resource, texts)
    return wrong or (Fault(concerned(resource, texts, message), message),)


def looked_ahead(connection: Connection, resource: Resource, number: int) -> str:
    """Say what a deletion would come to, by doing it and taking it back."""
    connection.execute("SAVEPOINT before")
    try:
        others = resource.delete(connection, number)
    except InputError as error:
        return f"It cannot be done now: {error}."
    finally:
        connection.execute("ROLLBACK TO before")
    return f"This deletes {resource.singular} {number}{others}, and cannot be undone."
