"""The user stories of an app: one for each kind and group of features, one for each rule."""

from collections.abc import Iterator, Sequence

from macrohard.llm.offline.criteria.adding import REFUSED, adding
from macrohard.llm.offline.criteria.changing import editing
from macrohard.llm.offline.criteria.check import Case, Draft, Refuses, Tells, Words
from macrohard.llm.offline.criteria.commands import word
from macrohard.llm.offline.criteria.computing import computing
from macrohard.llm.offline.criteria.counting import counting, what
from macrohard.llm.offline.criteria.deleting import deleting, deletion_rule
from macrohard.llm.offline.criteria.filing import filing
from macrohard.llm.offline.criteria.looking import (
    condition,
    filtering,
    looking,
    searching,
    sorting,
)
from macrohard.llm.offline.criteria.ruling import ruling
from macrohard.llm.offline.criteria.subject import Subject
from macrohard.llm.offline.criteria.surfaces import surface_stories
from macrohard.llm.offline.dialect.ast import (
    App,
    DeleteRule,
    FieldType,
    NamedCondition,
    Rule,
)
from macrohard.llm.offline.oracle.base import Base, build_base
from macrohard.llm.offline.oracle.world import stored_fields


def draft_stories(app: App, base: Base | None = None) -> list[Draft]:
    """Every story of an app that has a criterion, in the order of the spec.

    Args:
        app: The app.
        base: Its example records, where they are known already.
    """
    examples = base or build_base(app)
    drafts = [*_finding_the_way(app)] if "cli" in app.interfaces else []
    for kind in app.kinds:
        drafts += _kind_stories(Subject(app, kind, examples))
    for number, rule in enumerate(app.rules, start=1):
        drafts.append(_rule_story(Subject(app, app.kind(rule.kind), examples), rule, number))
    drafts += _unruled_deletions(app, examples)
    drafts += surface_stories(app, examples)
    return [draft for draft in drafts if draft.cases]


def unchecked_rules(app: App, drafts: Sequence[Draft]) -> list[Rule]:
    """The rules for which no example was found, so that no story is about them."""
    told = {draft.key for draft in drafts}
    return [rule for n, rule in enumerate(app.rules, start=1) if f"rule.{n}" not in told]


def keeper(subject: Subject) -> str:
    """Who a story is told by."""
    return f"person who keeps the {subject.plural}"


def _kind_stories(subject: Subject) -> Iterator[Draft]:
    yield _adding(subject)
    yield _looking(subject)
    yield _computing(subject)
    yield _narrowing(subject)
    yield _ordering(subject)
    yield _changing(subject)
    yield _removing(subject)
    yield from _aggregates(subject)
    yield from (_condition(subject, named) for named in subject.kind.features.conditions)
    yield _files(subject)


def _lines(subject: Subject, *verbs: str) -> tuple[int, ...]:
    """The spec's lines that ask for some verbs; the kind's own line where none does."""
    known = subject.kind.features.lines
    found = {known[verb] for verb in verbs if verb in known}
    return tuple(sorted(found)) or (subject.kind.line,)


def _adding(subject: Subject) -> Draft:
    fields = [field.line for field in stored_fields(subject.kind)]
    return Draft(
        key=f"{subject.kind.slug}.add",
        as_a=keeper(subject),
        i_want=f"to record {subject.plural} with what belongs to them",
        so_that=f"every {subject.name} is kept as it was, and nothing impossible gets in",
        lines=tuple(sorted({subject.kind.line, *fields, *_lines(subject, "add")})),
        cases=tuple(adding(subject)),
    )


def _looking(subject: Subject) -> Draft:
    return Draft(
        key=f"{subject.kind.slug}.look",
        as_a=keeper(subject),
        i_want=f"to see all {subject.plural}, and one of them with everything about it",
        so_that="I know what is there",
        lines=_lines(subject, "list", "show"),
        cases=tuple(looking(subject)),
    )


def _computing(subject: Subject) -> Draft:
    fields = [field for field in subject.kind.fields if not field.stored]
    names = ", ".join(subject.label(field) for field in fields)
    return Draft(
        key=f"{subject.kind.slug}.computed",
        as_a=keeper(subject),
        i_want=f"the {names} of {subject.plural} worked out for me",
        so_that="I need no calculator, and no figure goes stale",
        lines=tuple(sorted({field.line for field in fields})),
        cases=tuple(computing(subject)),
    )


def _narrowing(subject: Subject) -> Draft:
    features = subject.kind.features
    verbs = [f"filter {slug}" for slug in features.filters]
    verbs += [f"search {slug}" for slug in features.searches]
    return Draft(
        key=f"{subject.kind.slug}.find",
        as_a=keeper(subject),
        i_want=f"to see only those {subject.plural} that I am after",
        so_that="I find them among many",
        lines=_lines(subject, *verbs),
        cases=(*filtering(subject), *searching(subject)),
    )


def _ordering(subject: Subject) -> Draft:
    verbs = [f"sort {slug}" for slug in subject.kind.features.sorts]
    return Draft(
        key=f"{subject.kind.slug}.sort",
        as_a=keeper(subject),
        i_want=f"the {subject.plural} in an order of my choice",
        so_that="what matters most comes first",
        lines=_lines(subject, *verbs),
        cases=tuple(sorting(subject)),
    )


def _changing(subject: Subject) -> Draft:
    return Draft(
        key=f"{subject.kind.slug}.edit",
        as_a=keeper(subject),
        i_want=f"to correct {subject.plural}",
        so_that="a slip need not stay",
        lines=_lines(subject, "edit"),
        cases=tuple(editing(subject)),
    )


def _removing(subject: Subject) -> Draft:
    return Draft(
        key=f"{subject.kind.slug}.delete",
        as_a=keeper(subject),
        i_want=f"to delete {subject.plural}",
        so_that="what should not be there is gone",
        lines=_lines(subject, "delete"),
        cases=tuple(deleting(subject)),
    )


def _aggregates(subject: Subject) -> Iterator[Draft]:
    for wanted in subject.kind.features.aggregates:
        by = ", ".join(group.argument.replace(":", " by ") for group in wanted.groups)
        yield Draft(
            key=f"{subject.kind.slug}.{wanted.op.value}.{wanted.field or ''}",
            as_a=keeper(subject),
            i_want=f"the {what(subject, wanted)}" + (f", also by {by}" if by else ""),
            so_that="I see how things stand without adding up",
            lines=(wanted.line,),
            cases=tuple(counting(subject, wanted)),
        )


def _condition(subject: Subject, named: NamedCondition) -> Draft:
    return Draft(
        key=f"{subject.kind.slug}.condition.{named.slug}",
        as_a=keeper(subject),
        i_want=f"to see which {subject.plural} are {named.name}",
        so_that="I can see to them",
        lines=(named.line,),
        cases=tuple(condition(subject, named)),
    )


def _files(subject: Subject) -> Draft:
    features = subject.kind.features
    both = features.import_csv and features.export_csv
    words = "import and export" if both else "import" if features.import_csv else "export"
    return Draft(
        key=f"{subject.kind.slug}.csv",
        as_a=keeper(subject),
        i_want=f"to {words} {subject.plural} as CSV",
        so_that="they can come from and go to other programs",
        lines=_lines(subject, "import", "export"),
        cases=tuple(filing(subject)),
    )


def _rule_story(subject: Subject, rule: Rule, number: int) -> Draft:
    return Draft(
        key=f"rule.{number}",
        as_a=keeper(subject),
        i_want=f"the rule kept: {rule.text.rstrip('.')}",
        so_that="the records can be relied on",
        lines=(rule.line,),
        cases=tuple(ruling(subject, rule, f"rule_{number}_{subject.kind.slug}")),
    )


def _unruled_deletions(app: App, base: Base) -> Iterator[Draft]:
    """References about whose deletion the spec says nothing: the delete is refused."""
    ruled = {(rule.kind, rule.via) for rule in app.rules if isinstance(rule, DeleteRule)}
    for kind in app.kinds:
        subject = Subject(app, kind, base)
        for field in stored_fields(kind):
            if field.type is FieldType.REFERENCE and (kind.slug, field.slug) not in ruled:
                target = app.kind(field.target)
                yield Draft(
                    key=f"{kind.slug}.held.{field.slug}",
                    as_a=keeper(subject),
                    i_want=f"no {target.name.lower()} deleted while {article_plural(subject)} "
                    f"refers to it as its {subject.label(field)}",
                    so_that="no record points to nothing",
                    lines=(field.line,),
                    cases=tuple(deletion_rule(subject, field, None)),
                )


def article_plural(subject: Subject) -> str:
    """Any record of the kind: ``any expense``."""
    return f"any {subject.name}"


def _finding_the_way(app: App) -> Iterator[Draft]:
    kind = app.kinds[0]
    kinds = tuple((each.command,) for each in app.kinds)
    yield Draft(
        key="way",
        as_a=f"newcomer to {app.title}",
        i_want="to be told what I can do, and plainly when I mistyped",
        so_that="I need no manual",
        lines=(kind.line,),
        cases=(
            Case(
                name="help_names_every_kind",
                given="nothing",
                when="--help is asked for",
                then="every kind of record is named, and the exit code is 0",
                checks=(Tells(("--help",), kinds),),
                base=False,
            ),
            Case(
                name="unknown_commands_are_refused",
                given="the example records",
                when="a kind, verb, option, field or grouping is typed that does not exist",
                then=REFUSED,
                checks=tuple(Refuses(words) for words in _unknown(app)),
            ),
        ),
    )


def _unknown(app: App) -> list[Words]:
    """Commands with one word that means nothing."""
    kind = app.kinds[0]
    found: list[Words] = [
        ("no-such-kind", "list"),
        (kind.command, "no-such-verb"),
        (kind.command, "list", "--no-such-option", "1"),
    ]
    for each in app.kinds:
        for wanted in each.features.aggregates[:1]:
            if wanted.field is not None:
                found.append((each.command, wanted.op.value, "no-such-field"))
            field = [] if wanted.field is None else [word(each.field(wanted.field))]
            found.append((each.command, wanted.op.value, *field, "--by", "no-such-field"))
        if each.features.sorts:
            found.append((each.command, "list", "--sort", "no-such-field"))
    return found
