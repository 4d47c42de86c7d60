"""Reads the Rules section: comparisons, refusals and what deleting does."""

from collections.abc import Callable
from dataclasses import replace

from macrohard.llm.offline.dialect.ast import (
    DeleteRule,
    FieldRef,
    RecordRule,
    Rule,
)
from macrohard.llm.offline.dialect.comparisons import PLAIN, PLAIN_DATES
from macrohard.llm.offline.dialect.conditions import read_condition
from macrohard.llm.offline.dialect.deletion import read_deletion
from macrohard.llm.offline.dialect.expressions import read_sum
from macrohard.llm.offline.dialect.markdown import Entry, Section
from macrohard.llm.offline.dialect.measures import bounds_of, read_would_take
from macrohard.llm.offline.dialect.naming import with_article
from macrohard.llm.offline.dialect.problems import Problems
from macrohard.llm.offline.dialect.records import read_record_rule
from macrohard.llm.offline.dialect.refusals import read_overlap, read_unique
from macrohard.llm.offline.dialect.schema import Schema
from macrohard.llm.offline.dialect.scope import Scope
from macrohard.llm.offline.dialect.subjects import Subject, Subjects
from macrohard.llm.offline.dialect.typecheck import DATES, comparison
from macrohard.llm.offline.dialect.words import Cursor, Puzzle

ReadRule = Callable[[Cursor, Schema, Subject, int], list[Rule] | None]
"""Reads one sentence; None where it is of another form."""

_READERS: tuple[ReadRule, ...] = (
    read_deletion,
    read_would_take,
    read_overlap,
    read_unique,
    read_record_rule,
)


def read_rules(sections: list[Section], schema: Schema, problems: Problems) -> list[Rule]:
    """Read all rules, and those that stand in the lines of fields.

    Args:
        sections: The Rules section.
        schema: The record kinds.
        problems: Takes what cannot be read.
    """
    rules = {_meaning(rule): rule for rule in _field_rules(schema, problems)}
    for section in sections:
        heads = Subjects(schema)
        for entry in section.entries:
            try:
                cursor = heads.enter(entry)
                if cursor is not None:
                    _read_entry(cursor, entry, heads.current, schema, rules)
            except Puzzle as puzzle:
                problems.add(entry.line_at(puzzle.offset), puzzle)
            if problems.too_many:
                break
    found = list(rules.values())
    _check_deletions(found, problems)
    return found


def _read_entry(
    cursor: Cursor, entry: Entry, subject: Subject, schema: Schema, rules: dict[Rule, Rule]
) -> None:
    for begin, end in _sentences(cursor):
        sentence = Cursor(cursor.text, begin, cursor.tokens[:end])
        if begin == cursor.position:
            sentence.begin = 0  # “each booking:” belongs to what is said
        line = entry.line_at(sentence.offset)
        for rule in _read_sentence(sentence, schema, subject, line):
            # A rule that is said twice is one rule, told by the line that came last.
            rules[_meaning(rule)] = rule


def _sentences(cursor: Cursor) -> list[tuple[int, int]]:
    """Where sentences begin and end, in tokens: at ``;`` and at a full stop before a space."""
    found = []
    begin = cursor.position
    for index in range(cursor.position, len(cursor.tokens) + 1):
        token = cursor.tokens[index] if index < len(cursor.tokens) else None
        ends = token is None or token.norm == ";"
        if token and token.norm == ".":
            ends = cursor.text[token.end : token.end + 1] in {"", " "}
        if ends:
            if index > begin:
                found.append((begin, index))
            begin = index + 1
    return found


def _read_sentence(cursor: Cursor, schema: Schema, subject: Subject, line: int) -> list[Rule]:
    rules: list[Rule] = []
    while True:
        rules += _read_rule(cursor, schema, subject, line)
        if cursor.at_end:
            return rules
        if not cursor.accept(", and", ", but", ",", "and", "but"):
            raise cursor.not_understood("rules")


def _read_rule(cursor: Cursor, schema: Schema, subject: Subject, line: int) -> list[Rule]:
    start = cursor.position
    for read in _READERS:
        cursor.position = start
        found = read(cursor, schema, subject, line)
        if found is not None:
            return found
    cursor.position = start
    raise cursor.not_understood("rules")


def _meaning(rule: Rule) -> Rule:
    """The rule without its line and wording: equal for two rules that say the same thing."""
    return replace(rule, text="", line=0)


def _field_rules(schema: Schema, problems: Problems) -> list[Rule]:
    rules: list[Rule] = []
    for each in schema.field_rules:
        cursor = Cursor(each.operand)
        kind = schema.kinds[each.kind]
        try:
            right = read_sum(cursor, Scope(schema, each.kind, read_condition))
            if not cursor.at_end:
                raise cursor.not_understood("expressions")
            condition = comparison(each.op, FieldRef(each.slug), right, each.kind, schema.field)
            field = schema.field(each.kind, each.slug)
            words = PLAIN_DATES if field.type in DATES else PLAIN
            text = f"{field.name} of {with_article(kind.name)} {words[each.op]} {each.operand}"
            measured = bounds_of(condition, schema, each.kind, text, each.line)
            rules += measured or [RecordRule(each.kind, condition, text, each.line)]
        except Puzzle as puzzle:
            problems.add(each.line, puzzle)
    return rules


def _check_deletions(rules: list[Rule], problems: Problems) -> None:
    """Two rules about the deletion of the same records must not contradict each other."""
    first: dict[tuple[str, str, str], DeleteRule] = {}
    for rule in rules:
        if not isinstance(rule, DeleteRule):
            continue
        other = first.setdefault((rule.target, rule.kind, rule.via), rule)
        if other.cascade is not rule.cascade:
            message = f"this contradicts line {other.line}: “{other.text}”."
            problems.add(rule.line, Puzzle(message))
