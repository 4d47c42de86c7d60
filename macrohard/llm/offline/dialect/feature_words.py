"""Turns of phrase in the lines of features."""

from macrohard.llm.offline.dialect.words import Phrases

CRUD: Phrases[str] = Phrases(
    (phrase, verb)
    for verb, phrases in {
        "add": "add, create, enter, record, register, new, adding, "
        "added, created, entered, recorded, registered",
        "list": "list, list all, see all, view all, browse, listing, listed, browsed",
        "show": "show, view, see, look at, display, show one, showing, "
        "shown, viewed, seen, looked at, displayed",
        "edit": "edit, change, update, modify, correct, editing, "
        "edited, changed, updated, modified, corrected",
        "delete": "delete, remove, deleting, deleted, removed",
        "import": "import, importing, csv import, imported",
        "export": "export, exporting, csv export, exported",
    }.items()
    for phrase in phrases.split(", ")
)
PICK: Phrases[str] = Phrases(
    (phrase, verb)
    for verb, phrases in {
        "filter": "filter, filtered, filterable, filters, filtering, filter the list of",
        "sort": "sort, sorted, sortable, order, ordered, sorting, sort the list of",
        "search": "search, searched, searchable, find, look up, searching, search for, "
        "found, looked up",
    }.items()
    for phrase in phrases.split(", ")
)
LEADS = (
    "i can", "you can", "we can", "people can", "users can", "a user can", "the user can",
    "it can", "one can", "it is possible to", "can", "also", "to", "then", "please",
)  # fmt: skip
CSV = (
    "as csv files", "as csv file", "as a csv file", "as csv", "to csv files", "to csv",
    "to a csv file", "from csv files", "from csv", "from a csv file", "in csv format", "in csv",
    "via csv", "with csv", "csv files", "csv",
    "from and to csv", "to and from csv", "from or to csv", "format",
)  # fmt: skip
CAN_BE = (
    "can also be",
    "can be",
    "may be",
    "are to be",
    "should be",
    "must be",
    "are",
    "is",
)
"""Between kinds and what is done with them: ``books can be filtered by shelf``."""
