"""What the window does with records: all of it but the drawing."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from sqlite3 import Connection

from macrohard.llm.offline.appgen.fixed import console, csv_files, database, values
from macrohard.llm.offline.appgen.fixed.errors import AppError, InputError
from macrohard.llm.offline.appgen.fixed.web import figures
from macrohard.llm.offline.appgen.fixed.web.resource import (
    MOST_CHOICES,
    Fault,
    Field,
    Resource,
    Site,
    Texts,
    looked_ahead,
    options_of,
    problems,
    select,
    written,
)

NOTHING, ANY = "(nothing)", "(any)"
Choices = dict[str, str | None]
CONDITION = "_condition"
"""The field of a list that says which of the kind's conditions its records meet."""


@dataclass(frozen=True)
class Blank:
    """Something to fill in, as a person sees it.

    Attributes:
        slug: Its name in the program.
        label: Its name for people.
        text: What stands in it at first.
        choices: What can be chosen, each as it is shown with what it stands for, which is None
            where it asks for nothing; where there are no choices, it is typed.
        hint: What it takes.
        asks: Whether it asks for something; left empty it asks for nothing.
    """

    slug: str
    label: str
    text: str = ""
    choices: Mapping[str, str | None] = field(default_factory=dict)
    hint: str = ""
    asks: bool = False

    @property
    def shown(self) -> str:
        """Return what stands in it at first, as it is shown."""
        known = self.choices.items()
        return next((name for name, text in known if (text or "") == self.text), self.text)

    def meant(self, shown: str) -> str | None:
        """Return what a text stands for which was typed or chosen; None where nothing is asked."""
        if self.asks and not shown.strip():
            return None
        return self.choices.get(shown, shown)


@dataclass(frozen=True)
class Listing:
    """Records as they are listed: their ids, their cells, and how many there are."""

    ids: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    told: str


@dataclass(frozen=True)
class Outcome:
    """What came of a change: what was done, or what is wrong with it."""

    told: str = ""
    wrong: tuple[Fault, ...] = ()


class Desk:
    """The application at a desk.

    Args:
        site: What it keeps.
        path: Its database file.
    """

    def __init__(self, site: Site, path: str) -> None:
        """Open nothing yet: the file is opened for each question and each change."""
        self.site = site
        self.path = path

    # -- questions -------------------------------------------------------------------------------

    def listed(self, resource: Resource, asked: Texts) -> Listing:
        """List the records that are asked for.

        Raises:
            AppError: what is asked cannot be understood, or the file cannot be read.
        """
        wanted = {slug: text for slug, text in asked.items() if slug != CONDITION}
        with database.reading(self.path) as connection:
            found = select(connection, resource, wanted, asked.get(CONDITION, ""))
            rows = [resource.row(connection, each) for each in found]
        told = console.count_of(len(rows), resource.singular, resource.plural)
        return Listing(
            ids=tuple(int(str(row["id"])) for row in rows),
            rows=tuple(cells(resource, row) for row in rows),
            told=told if rows else f"No {resource.plural}.",
        )

    def described(self, resource: Resource, number: int) -> list[tuple[str, str]]:
        """Return all that is kept of a record, name and value."""
        with database.reading(self.path) as connection:
            row = resource.row(connection, resource.get(connection, number))
        shown = (values.shown(row[column]) for column in resource.columns)
        return list(zip(resource.headings, shown, strict=True))

    def figure(self, resource: Resource, verb: str, asked: Texts) -> list[tuple[str, str]]:
        """Work out a figure, or one for each group: name and value.

        Raises:
            AppError: what is asked cannot be understood.
        """
        wanted = dict(asked)
        of = wanted.pop("_field", "") or next(iter(resource.figures[verb]))
        with database.reading(self.path) as connection:
            found = figures.work_out(connection, resource, verb, of or None, wanted)
        name = f"{verb} of {of}" if of else verb
        if isinstance(found, dict):
            return [(capital(name), values.shown(found[verb]))]
        lines = ([values.shown(value) for value in row.values()] for row in found)
        return [(line[0], line[-1]) for line in lines]

    # -- blanks ----------------------------------------------------------------------------------

    def form(self, resource: Resource, number: int = 0) -> list[Blank]:
        """Return the blanks of a record: empty ones, or as record ``number`` has them."""
        with database.reading(self.path) as connection:
            texts = {each.slug: each.initial for each in resource.fields}
            if number:
                texts = written(resource, resource.get(connection, number))
            return [
                self.blank(connection, each, texts[each.slug], NOTHING) for each in resource.fields
            ]

    def narrowing(self, resource: Resource) -> list[Blank]:
        """Return the blanks that narrow and order a list."""
        found = []
        if resource.conditions:
            names: Choices = {f"all {resource.plural}": None} if "list" in resource.offers else {}
            names |= {name.replace("-", " "): name for name in resource.conditions}
            found.append(Blank(CONDITION, "Which", choices=names))
        found += self.filters(resource)
        if resource.searched:
            hint = f"in {', '.join(resource.searched)}"
            found.append(Blank("search", "Search", hint=hint, asks=True))
        if resource.sorts:
            orders: Choices = {"id": None}
            for name in resource.sorts:
                words = name.replace("-", " ")
                orders |= {words: name, f"{words}, last first": f"-{name}"}
            found.append(Blank("sort", "Sort by", choices=orders))
        return found

    def filters(self, resource: Resource) -> list[Blank]:
        """Return the blanks that narrow a list by its fields."""
        found = []
        with database.reading(self.path) as connection:
            for slug in resource.filters:
                known = resource.field(slug)
                blank = self.blank(connection, known, "", ANY)
                choices = dict(blank.choices)
                if choices:
                    choices[ANY] = None
                    choices |= {} if known.required else {NOTHING: ""}
                found.append(Blank(slug, blank.label, choices=choices, asks=True))
        return found

    def asking(self, resource: Resource, verb: str) -> list[Blank]:
        """Return the blanks that say what a figure is about."""
        known = resource.figures[verb]
        found = []
        if len(known) > 1:
            names = {name.replace("-", " "): name for name in known}
            found.append(Blank("_field", "Of", next(iter(known)), names))
        groups = dict.fromkeys(name for each in known.values() for name in each.groups)
        if groups:
            words: Choices = {"(all together)": None}
            words |= {name.replace("-", " ").replace(":", ", "): name for name in groups}
            found.append(Blank("by", "For each", choices=words))
        return found + self.filters(resource)

    def blank(self, connection: Connection, about: Field, text: str, empty: str) -> Blank:
        """Return the blank of a field: chosen where there are choices, not too many, else typed."""
        options = options_of(connection, self.site, about)
        label = capital(about.heading)
        hints = [about.hint]
        choices: Choices = {}
        if (options or about.target) and len(options) <= MOST_CHOICES:
            choices[empty] = ""
            choices |= {name: value for value, name in options}
        elif about.target:
            hints.insert(0, "its number")
        return Blank(about.slug, label, text, choices, "; ".join(filter(None, hints)))

    # -- changes ---------------------------------------------------------------------------------

    def add(self, resource: Resource, texts: Texts) -> Outcome:
        """Add a record."""

        def act(connection: Connection) -> str:
            given = database.with_ids(connection, texts, resource.named)
            number = resource.add(connection, resource.new(given)).id
            return f"Added {resource.singular} {number}."

        return self.changed(act, lambda why: problems(resource, texts, why))

    def edit(self, resource: Resource, number: int, texts: Texts) -> Outcome:
        """Change a record."""

        def act(connection: Connection) -> str:
            given = database.with_ids(connection, texts, resource.named)
            resource.edit(connection, number, given)
            return f"Changed {resource.singular} {number}."

        return self.changed(act, lambda why: problems(resource, texts, why))

    def delete(self, resource: Resource, number: int) -> Outcome:
        """Delete a record, with what goes along with it."""

        def act(connection: Connection) -> str:
            others = resource.delete(connection, number)
            return f"Deleted {resource.singular} {number}{others}."

        return self.changed(act)

    def warning(self, resource: Resource, number: int) -> str:
        """Say what deleting a record would come to."""
        with database.reading(self.path) as connection:
            return looked_ahead(connection, resource, number)

    def take_in(self, resource: Resource, name: str) -> Outcome:
        """Add the rows of a CSV file, all or none."""

        def act(connection: Connection) -> str:
            if not name:
                raise InputError("no file was chosen")
            rows = csv_files.read(name, resource.slugs, resource.required)
            resource.import_rows(connection, name, rows)
            return f"Imported {console.count_of(len(rows), resource.singular, resource.plural)}."

        return self.changed(act, lambda why: (Fault("file", why),))

    def give_out(self, resource: Resource, name: str) -> Outcome:
        """Write all records into a CSV file."""

        def act(connection: Connection) -> str:
            if not name:
                raise InputError("no file was chosen")
            rows = resource.export_rows(connection)
            csv_files.write(name, ("id", *resource.slugs), rows, self.path)
            said = console.count_of(len(rows), resource.singular, resource.plural)
            return f"Exported {said} to {name}."

        return self.changed(act, lambda why: (Fault("file", why),), database.reading)

    def changed(
        self,
        act: Callable[[Connection], str],
        wrong_with: Callable[[str], tuple[Fault, ...]] = lambda why: (Fault("", why),),
        opened: Callable[[str], AbstractContextManager[Connection]] = database.writing,
    ) -> Outcome:
        """Do something to the file, all of it or nothing."""
        try:
            with opened(self.path) as connection:
                return Outcome(act(connection))
        except InputError as error:
            return Outcome(wrong=wrong_with(str(error)))
        except AppError as error:
            return Outcome(wrong=(Fault("", str(error)),))


def cells(resource: Resource, row: Mapping[str, object]) -> tuple[str, ...]:
    """Show a record in a line of a list; its first cell names it as messages do."""
    others = (values.shown(row[column]) for column in resource.columns if column != "id")
    return capital(f"{resource.singular} {row['id']}"), *others


def capital(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def mnemonics(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, int]:
    """Choose for each name the letter that is underlined and pressed with Alt.

    Args:
        names: What is to be reached, in the order in which letters are given out.
        taken: Letters that are given out already.

    Returns:
        The place of the letter in each name; names whose letters are all taken are left out.
    """
    used = set(taken)
    found = {}
    for name in dict.fromkeys(names):
        starts = [n for n in range(len(name)) if n == 0 or not name[n - 1].isalnum()]
        for place in (*starts, *range(len(name))):
            letter = name[place].lower()
            if letter.isascii() and letter.isalpha() and letter not in used:
                used.add(letter)
                found[name] = place
                break
    return found
