"""What things are called in the generated code."""

import builtins
import keyword
import re

from macrohard.llm.offline.dialect.ast import App, Field, FieldType, Kind

_MODULE_NAMES = (
    "aggregates argparse connection console csv_files database deletion dt figures naming options "
    "output placed values among"
)
"""Names that generated functions import or use for themselves."""

_LOCAL_NAMES = (
    "add after before by changed check_fit check_others check_rules count delete descending edit "
    "every export_rows fields filters find_all found from_row get going group groups import_rows "
    "in_order insert is_used key keys line made marks matching name new other parser path query "
    "record record_id remove store_new row rows search searched select show_found sort sort_key "
    "stored text texts to_row update value verbs wanted cursor arguments exact expected lines"
)
"""Local variables and functions of generated modules."""

TAKEN = (
    frozenset(f"{_MODULE_NAMES} {_LOCAL_NAMES}".split())
    | frozenset(dir(builtins))
    | frozenset(keyword.kwlist)
)

_TAKEN_CLASSES = (
    "Any Callable Connection Decimal False Fraction InputError Iterable Link Mapping Namespace "
    "None Parser Row Sequence TakenError True"
)


def singular(kind: Kind) -> str:
    """The kind's name as messages print it."""
    return kind.name.lower()


def plural(kind: Kind) -> str:
    """The kind's plural as messages print it."""
    return kind.plural.lower()


def an(noun: str) -> str:
    """``an expense``, ``a booking``."""
    return f"{'an' if noun[:1].lower() in set('aeiou') else 'a'} {noun}"


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    stripped = text.strip()
    return stripped[:1].upper() + stripped[1:].rstrip(".") + "."


def heading(field: Field) -> str:
    """The field's name as messages and headings print it."""
    return field.name.lower()


def class_name(kind: Kind) -> str:
    """The class of one record: ``StockItem``."""
    name = "".join(word.capitalize() for word in kind.slug.split("_"))
    return name + "Record" if name in _TAKEN_CLASSES.split() else name


def variable(kind: Kind) -> str:
    """A variable for one record: ``stock_item``."""
    return f"{kind.slug.rstrip('_')}_record" if kind.slug in TAKEN else kind.slug


def key(kind: Kind) -> str:
    """A variable for the id of one record: ``stock_item_id``."""
    return f"{kind.slug.rstrip('_')}_id"


def variables(kind: Kind) -> str:
    """A variable for several records: ``stock_items``."""
    slug = re.sub(r"[^a-z0-9]+", "_", plural(kind)).strip("_")
    known = slug.isidentifier() and slug not in TAKEN and slug != variable(kind)
    return slug if known else f"{kind.slug.rstrip('_')}_list"


def records_module(kind: Kind) -> str:
    """The alias under which a kind's record module is imported."""
    return f"{kind.slug.rstrip('_')}_records"


def changes_module(kind: Kind) -> str:
    """The alias under which a kind's module of changes is imported."""
    return f"{kind.slug.rstrip('_')}_changes"


def reports_module(kind: Kind) -> str:
    """The alias under which a kind's module of reports is imported."""
    return f"{kind.slug.rstrip('_')}_reports"


def file_name(kind: Kind) -> str:
    """The file name, without ending, of a kind's modules."""
    return kind.slug.rstrip("_") if not keyword.iskeyword(kind.slug.rstrip("_")) else kind.slug


def table(kind: Kind) -> str:
    """The database table of a kind; SQLite keeps names that begin with ``sqlite_`` to itself."""
    return f"kept_{kind.slug}" if kind.slug.startswith("sqlite_") else kind.slug


def option_name(field: Field) -> str:
    """How a person names the field on the command line: ``due-date``."""
    return field.option.removeprefix("--")


def label_field(kind: Kind) -> Field | None:
    """The text field that people know a record by: the first required one, else the first."""
    texts = [field for field in kind.fields if field.stored and field.type == "text"]
    return next((field for field in texts if field.required), texts[0] if texts else None)


def named_references(app: App, kind: Kind) -> dict[Field, tuple[Kind, Field]]:
    """References that take a name for an id: the kind referred to, and its field of names."""
    found = {}
    for field in stored_fields(kind):
        if field.type is FieldType.REFERENCE:
            target = app.kind(field.target)
            if target.name_field is not None:
                found[field] = target, target.name_field
    return found


def stored_fields(kind: Kind) -> tuple[Field, ...]:
    """The fields that the database keeps."""
    return tuple(field for field in kind.fields if field.stored)


def identifier(text: str, longest: int = 48) -> str:
    """Words of a text as the end of an identifier: ``end_is_after_start``.

    Whom a rule is about (``each booking:``) and the ``'s`` of an owner tell nothing there.
    """
    said = re.sub(r"^(each|every|any|all|for each|for every|in each) [^:,]*[:,] ", "", text.lower())
    words = re.findall("[a-z0-9]+", re.sub(r"['\u2019]s?\b", "", said))
    name = ""
    for word in words:
        if len(name) + len(word) >= longest:
            break
        name = f"{name}_{word}" if name else word
    return name or "rule"
