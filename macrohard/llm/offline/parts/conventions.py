"""How every app of the dialect behaves, in sentences that testers and coders rely on."""

from macrohard.llm.offline.appgen.addresses import path_of
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.dialect.ast import App, Kind
from macrohard.llm.offline.oracle.base import Base

_START = """\
It is started from its folder with `python -m {app} [--db PATH] KIND VERB …`; KIND is one of
{kinds}. `--help` explains every level.

All data is in the one SQLite file that --db names, {app}.db in the current folder without it.
--db is accepted before KIND and after VERB.

Verbs: `add --FIELD VALUE …`, `list [--FIELD VALUE] [--sort FIELD | --sort=-FIELD] [--search
TEXT]`, `show ID`, `edit ID --FIELD VALUE …`, `delete ID`, `total|count|average|min|max [FIELD]
[--by FIELD[:month|:year]] [--FIELD VALUE]`, `import FILE`, `export FILE`, and the name of each
condition; a kind has those that a story asks for. Options and words have dashes where names have
blanks.
"""

_ANSWERS = """\
Answers, kinds in lower case: `Added {name} 1.`, `Changed {name} 1.`, `Deleted {name} 1.` (with
others: `Deleted {name} 1 and 3 OTHERS.`), `Imported 3 {plural}.`, `Exported 3 {plural} to
FILE.`, `No {plural}.`; after 1 the singular stands.

Ids count from 1 for each kind and are never used again.

Success is exit code 0. Every bad input (unknown id, command or option, missing or bad value,
broken rule, unreadable file, an edit without a field) is one line `error: …` on standard error,
exit code 2, and nothing is written.

Every read takes --json: one document with field slugs as keys, integers as numbers, yes/no as
booleans, empty as null, references as ids, decimals and dates as strings, `marks` as a list of
names. An aggregate is an object with the verb as key, a grouped one a list of objects with the
field's slug and the verb as keys.

Text: a table has one line for each record, with the columns id, the fields in order, then marks;
an empty value is `-`, a reference its id and label, the label being the target's first required
text (or first text). `show` prints `field: value` lines with names in lower case. An aggregate
is its bare value, a grouped one a table of group and value.

Lists come in order of id; sorted ones put empty values last and keep ids in order within equals;
text and choices sort alphabetically without regard to case, no before yes, references by id.

Filters match equal values, text without regard to case, an empty value the records without one;
--search finds a part of any searched field without regard to case.

Aggregates leave out empty values, except count. Over nothing: total and count 0, the others `-`
and null; grouped `No {plural}.` and an empty list. Averages are rounded half up to 2 places, or
the field's if more. Groups come by value, the one without a value last, as `-`; months read
YYYY-MM, years YYYY.

CSV is UTF-8 with a header of slugs. Export writes id and all stored fields. Import needs the
required columns, ignores id, refuses unknown columns, and adds every row or none; an empty cell
counts as not given.

Text is stripped, required text is not blank, control characters are refused. Integers are
-?[0-9]+ within 64 bits. Decimals have at most the field's places (2 unless said) and 15 digits
before the point, and are shown with exactly their places. Dates are YYYY-MM-DD, date-times
YYYY-MM-DD HH:MM. yes/no takes yes no true false y n 1 0. Choices match without regard to case
and are kept as spelt here. E-mails have one @, something on both sides, a dot in the domain, no
blank. References are ids of records that exist; where the kind referred to has a unique text, what
is no number is looked up as the first such text, exactly, else without regard to case, and refused
where none or several have it. This holds for options,
filters and imports, and for the ID of show, edit and delete.

A default applies when a field is not given; an option given as empty is empty, and refused where
required. In `edit`, an empty value clears.

Unique values, conditions and rules compare texts exactly. A comparison with an empty value
breaks no rule, and meets no condition but `is not`.

Computed fields follow exact arithmetic, rounded half away from zero once at the end; an empty
operand or a division by zero leaves them empty. They are never typed in.
"""


_PAGES = """\
Pages: `python -m {app} serve [--port N] [--db PATH] [--host ADDRESS]` serves on 127.0.0.1, port
8000 unless given, any free one for 0; it prints a line with the address once it listens, and ends
with exit code 0 on SIGTERM and Ctrl-C. Everything works without scripts.

Pages are at /{path} (list), /{path}/add, /{path}/ID, /{path}/ID/edit, /{path}/ID/delete (asks
first), /{path}/import, /{path}/export, /{path}/total and its like, and /{path}/CONDITION. Menus
lead there; links in lists are called `Open {name} 1`, `Edit {name} 1`, `Delete {name} 1`.

Forms have a label at every field, its name with a capital first letter; choices, yes/no and
references are lists. A form that was sent leads on to a page that says what a command would print
(`Added {name} 1.`). One that is refused comes back with status 4xx, `There is a problem` in an
alert, each message tied to its field, and everything that was typed. The same form counts once,
however often it is sent; forms that are not ours are refused; an unknown page is status 404.
"""

_API = """\
JSON API: the same server (`python -m {app} serve`), at /api/{path}: GET lists (`items` and `total`;
filters by slug, `sort`, `search`, `_limit`, `_offset`), POST adds (201), and GET, PATCH, DELETE of
/api/{path}/ID; POST /api/{path}/import takes text/csv, GET /api/{path}/export gives it; GET
/api/{path}/total/FIELD?by=GROUP and its like; GET /api/{path}/CONDITION. Records are as with
--json; values may be sent as strings, as they would be typed. /openapi.json describes all of it.

What is wrong is told as `errors`, a list of `field` (or null) and `message`: 400 a value, a body or
a parameter, 404 no such record or address, 405 no such method, 409 a rule or another record is
against it, 413 too large, 415 not JSON. Then nothing is written.

What criteria say of commands, lines and exit codes holds of pages and requests in the same sense.
"""


def conventions(app: App, base: Base) -> tuple[str, ...]:
    """The contract of the built app, and the example records that criteria speak of."""
    kind = app.kinds[0]
    kinds = ", ".join(each.command for each in app.kinds)
    start = _START.format(app=app.slug, kinds=kinds)
    answers = _ANSWERS.format(name=kind.name.lower(), plural=kind.plural.lower())
    return (
        *_sentences(start),
        *(_fields(each) for each in app.kinds),
        *_sentences(answers),
        *(_sentences(_served(_PAGES, app)) if "web" in app.interfaces else ()),
        *(_sentences(_served(_API, app)) if "api" in app.interfaces else ()),
        *_examples(app, base),
    )


def _served(text: str, app: App) -> str:
    kind = app.kinds[0]
    return text.format(app=app.slug, path=path_of(app, kind), name=kind.name.lower())


def _sentences(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _fields(kind: Kind) -> str:
    given = ", ".join(field.option for field in kind.fields if field.stored)
    return f"Options of {kind.command}: {given}."


def _examples(app: App, base: Base) -> list[str]:
    told = []
    for kind in app.kinds:
        subject = Subject(app, kind, base)
        records = [
            f"{subject.name} {made.number}: {subject.wording(made.typed)}"
            for made in subject.examples
        ]
        if records:
            told.append(f"The example {subject.plural} of the criteria: {'; '.join(records)}.")
    order = ", ".join(f"{made.kind.replace('_', ' ')} {made.number}" for made in base.made)
    return [*told, f"The example records are made in this order: {order}."] if told else []
