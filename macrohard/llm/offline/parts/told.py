"""What an application does, told to those who get it: kind by kind, then its rules."""

from collections.abc import Iterator

from macrohard.errors import SpecError
from macrohard.llm.offline.appgen.names import sentence
from macrohard.llm.offline.dialect.ast import (
    AggregateOp,
    App,
    DeleteRule,
    FieldType,
    GroupBy,
    Kind,
)
from macrohard.llm.offline.dialect.naming import listed, with_article
from macrohard.llm.offline.dialect.wording import condition_text, group_text
from macrohard.llm.offline.oracle.world import stored_fields
from macrohard.llm.offline.parts.requirements import read_requirements
from macrohard.work import Requirements

_FIGURES = {AggregateOp.MIN: "smallest", AggregateOp.MAX: "largest"}
_SERVED = {
    "web": "Pages for a browser, which need no script and fit a telephone.",
    "api": "A JSON API, which describes itself at `/openapi.json`.",
    "desktop": "A window on the desktop, for a mouse or the keyboard alone.",
}


def what_it_does(requirements: Requirements) -> tuple[str, ...]:
    """Sentences about the app; the stories where their requirements are another model's."""
    try:
        app = read_requirements(requirements)
    except SpecError:
        return tuple(f"As {story.as_a}: {story.i_want}." for story in requirements.stories)
    told = [f"{kind.plural.capitalize()}: {'; '.join(_offers(app, kind))}." for kind in app.kinds]
    told += (_SERVED[name] for name in app.interfaces if name in _SERVED)
    return (*told, *_rules(app))


def _offers(app: App, kind: Kind) -> Iterator[str]:
    """What can be done with the records of a kind, in pieces of a sentence."""
    features = kind.features
    verbs = [verb for verb in ("add", "list", "show", "edit", "delete") if getattr(features, verb)]
    yield listed(verbs)
    for verb, joint in (("filter", "by"), ("sort", "by"), ("search", "in")):
        plural = {"search": "searches"}.get(verb, f"{verb}s")
        if slugs := getattr(features, plural):
            yield f"{verb} {joint} {listed(kind.field(slug).name for slug in slugs)}"
    yield from _figures(kind)
    for named in features.conditions:
        words = condition_text(named.condition, kind, app)
        how = "marked and listed as" if named.marks else "listed as"
        yield f"{how} “{named.name}” where {words}"
    csv = [word for word in ("import", "export") if getattr(features, f"{word}_csv")]
    if csv:
        yield f"{listed(csv)} as CSV"
    computed = [field.name for field in kind.fields if not field.stored]
    if computed:
        yield f"{listed(computed)} {'is' if len(computed) == 1 else 'are'} worked out"


def _figures(kind: Kind) -> Iterator[str]:
    """Totals and their like; those of one field with the same groups together."""
    alike: dict[tuple[str | None, tuple[GroupBy, ...]], list[str]] = {}
    for each in kind.features.aggregates:
        name = _FIGURES.get(each.op, each.op.value)
        alike.setdefault((each.field, each.groups), []).append(name)
    for (slug, groups), ops in alike.items():
        of = f" {kind.field(slug).name}" if slug else ""
        by = f" by {listed(group_text(group, kind) for group in groups)}" if groups else ""
        yield f"{listed(ops)}{of}{by}"


def _rules(app: App) -> Iterator[str]:
    """The rules, and what deleting does where no rule says it."""
    for rule in app.rules:
        yield f"Rule: {sentence(rule.text)}"
    said = {(rule.kind, rule.via) for rule in app.rules if isinstance(rule, DeleteRule)}
    for kind in app.kinds:
        for field in stored_fields(kind):
            if field.type is FieldType.REFERENCE and (kind.slug, field.slug) not in said:
                target = app.kind(field.target)
                if target.features.delete:
                    yield (
                        f"Rule: {sentence(with_article(target.name))[:-1]} cannot be deleted while "
                        f"{with_article(kind.name)} refers to it as its {field.name}."
                    )
