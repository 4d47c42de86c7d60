"""Reads a spec of the dialect into its tree, or says all that is wrong with it."""

from macrohard.llm.offline.dialect.ast import (
    App,
    DeleteRule,
    Features,
    Field,
    FieldType,
    Kind,
    Rule,
)
from macrohard.llm.offline.dialect.data import read_data
from macrohard.llm.offline.dialect.features import FeatureReader
from macrohard.llm.offline.dialect.interface import read_interface
from macrohard.llm.offline.dialect.markdown import Document, Section, read_document
from macrohard.llm.offline.dialect.naming import did_you_mean, listed, package_name, with_article
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.rules import read_rules
from macrohard.llm.offline.dialect.schema import BrokenField, Schema
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

_SECTIONS = {
    "data": "data",
    "records": "data",
    "data model": "data",
    "features": "features",
    "functions": "features",
    "rules": "rules",
    "constraints": "rules",
    "interface": "interface",
    "interfaces": "interface",
    "user interface": "interface",
    "purpose": "purpose",
}
"""Section names and what they are read as."""


def parse_spec(text: str, source: str = "spec") -> App:
    """Read a spec.

    Args:
        text: The whole spec. Blank lines, comments and ``>`` notes may be left out of it without
            a difference, as long as the other lines keep their numbers.
        source: Its name, for messages.

    Returns:
        What it says, everything in it checked.

    Raises:
        SpecError: Something in it cannot be read or contradicts something else. The message names
            the problems, up to ten, one a line, and what is understood; ``line`` is that of the
            first. Lines about what the Data section does not name, or not readably, are judged
            once it does.
    """
    problems = Problems(source)
    document = read_document(text, frozenset(_SECTIONS), problems)
    sections = _sorted(document, problems)
    if not sections["data"]:
        message = (
            "the embedded model builds record-keeping applications only, and there is no ## Data "
            "section, which says what records are kept."
        )
        problems.add(document.title_line, Puzzle(message, hint="sections"))
    slug = _slug(document, problems)
    schema, assumptions = read_data(sections["data"], problems)
    if sections["data"] and not schema.kinds and not problems:
        message = "the Data section names no kind of record."
        problems.add(sections["data"][0].line, Puzzle(message, hint="kinds"))
    interfaces = read_interface(sections["interface"], problems, assumptions)
    _check_commands(schema, interfaces, problems)
    if schema.nameless or not schema.kinds:
        problems.raise_any()  # lines about what is not known cannot be judged
    reader = FeatureReader(schema, assumptions)
    later = Problems(source)
    reader.read(sections["features"], later)
    rules = read_rules(sections["rules"], schema, later)
    features = reader.finish(later)
    for line, puzzle in later:
        if _worth_telling(line, puzzle, sections, schema):
            problems.add(line, puzzle)
    problems.raise_any()
    kinds = tuple(_kind(schema, slug, features[slug]) for slug in schema.kinds)
    assumptions += _deletions_assumed(kinds, rules)
    return App(
        title=document.title,
        slug=slug,
        purpose=document.purpose or _purpose(kinds, assumptions),
        kinds=kinds,
        rules=tuple(rules),
        interfaces=interfaces,
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _worth_telling(
    line: int, puzzle: Puzzle, sections: dict[str, list[Section]], schema: Schema
) -> bool:
    """Whether a puzzle stands for itself, and does not come of a line of Data that is told."""
    if isinstance(puzzle, BrokenField):
        return False
    entries = (entry for several in sections.values() for each in several for entry in each.entries)
    above = [entry for entry in entries if entry.line <= line]
    if not schema.broken or not above:
        return True
    text = max(above, key=lambda entry: entry.line).text
    tokens = Cursor(text).tokens
    return not any(
        (kind.slug, found[0]) in schema.broken
        for at in range(len(tokens))
        for kind in schema.kinds.values()
        if (found := kind.names.find(Cursor(text, at, tokens)))
    )


def _check_commands(schema: Schema, interfaces: tuple[str, ...], problems: Problems) -> None:
    """Refuse kinds whose commands would hide those that start the server or open the window."""
    if {"web", "api"} & set(interfaces) and "serve" in schema.kinds:
        message = "a kind cannot be called serve where there are web pages or a JSON API."
        problems.add(schema.kinds["serve"].line, Puzzle(message))
    if "desktop" in interfaces and "window" in schema.kinds:
        message = "a kind cannot be called window where there is a desktop interface."
        problems.add(schema.kinds["window"].line, Puzzle(message))


def _sorted(document: Document, problems: Problems) -> dict[str, list[Section]]:
    """Sections by what they are read as; unknown and repeated ones are problems."""
    sections: dict[str, list[Section]] = {name: [] for name in _SECTIONS.values()}
    for section in document.sections:
        name = _SECTIONS.get(section.title)
        if name is None:
            near = did_you_mean(section.title, _SECTIONS)
            message = f"I do not know a section “{section.title}”.{near}"
            problems.add(section.line, Puzzle(message, hint="sections"))
        elif sections[name]:
            message = f"a second {name} section; the first is on line {sections[name][0].line}."
            problems.add(section.line, Puzzle(message))
        else:
            sections[name].append(section)
    return sections


def _slug(document: Document, problems: Problems) -> str:
    if not document.title:
        message = "the spec has no title: begin with a line such as “# Expenses”."
        problems.add(1, Puzzle(message, hint="sections"))
        return ""
    try:
        return package_name(document.title)
    except Puzzle as puzzle:
        problems.add(document.title_line, puzzle)
        return ""


def _kind(schema: Schema, slug: str, features: Features) -> Kind:
    draft = schema.kinds[slug]
    fields: tuple[Field, ...] = tuple(schema.fields(slug))
    return Kind(draft.name, draft.plural, slug, fields, features, draft.line)


def _purpose(kinds: tuple[Kind, ...], assumptions: list[str]) -> str:
    purpose = f"Keeps {listed(kind.plural for kind in kinds)}."
    assumptions.append(f"The purpose: {purpose}")
    return purpose


def _deletions_assumed(kinds: tuple[Kind, ...], rules: list[Rule]) -> list[str]:
    """What deleting does where no rule says it."""
    said = {(rule.target, rule.kind, rule.via) for rule in rules if isinstance(rule, DeleteRule)}
    targets = {kind.slug: kind for kind in kinds if kind.features.delete}
    return [
        f"Deleting {with_article(targets[field.target].name)} that {kind.plural} refer to "
        f"(by {field.name}) is refused."
        for kind in kinds
        for field in kind.fields
        if field.type is FieldType.REFERENCE
        and field.target in targets
        and (field.target, kind.slug, field.slug) not in said
    ]
