"""How defects become repair items that can be worked on side by side."""

import re
from collections.abc import Sequence

from macrohard.llm.offline.parts.defects import CodeMap
from macrohard.llm.offline.parts.handing import is_test
from macrohard.llm.offline.parts.plan import budget_shares
from macrohard.work import Defect, ItemKind, Plan, Triage, WorkItem

REPAIRER = "repair-engineer"

_Group = tuple[list[Defect], list[str]]


def repair_items(
    defects: Sequence[Defect],
    code: CodeMap,
    plan: Plan,
    *,
    widened: Sequence[Defect],
    history: Sequence[Triage],
    round_: int,
) -> tuple[WorkItem, ...]:
    """Work items for defects. No file is in two of them.

    Args:
        defects: What is to be repaired.
        code: The design.
        plan: The first round's items: they know who wrote a file.
        widened: Those among them which an earlier repair did not change: their items may touch
            the neighbours of their neighbours.
        history: Earlier rounds, for ids that are not used yet.
        round_: Round in which the items are worked on.
    """
    groups = _share_out(_grouped(defects, code), widened, code, plan)
    taken = [item.id for item in (*plan.items, *(i for t in history for i in t.items))]
    first = 1 + max((int(n[0]) for i in taken if (n := re.search(r"\d+", i))), default=0)
    shares = budget_shares([len(members) for members, _ in groups])
    return tuple(
        _item(f"W{first + index}", group, code, plan, round_).model_copy(
            update={"budget_share": shares[index]}
        )
        for index, group in enumerate(groups)
    )


def _grouped(defects: Sequence[Defect], code: CodeMap) -> list[_Group]:
    """Defects that point at a common file go together; one that points nowhere may touch all."""
    groups: list[_Group] = []
    for defect in defects:
        files = list(defect.files) or list(code.modules)
        members = [defect]
        apart: list[_Group] = []
        for others, other_files in groups:
            if set(other_files) & set(files):
                members = [*others, *members]
                files = list(dict.fromkeys([*other_files, *files]))
            else:
                apart.append((others, other_files))
        groups = [*apart, (members, files)]
    return groups


def _share_out(
    groups: list[_Group], widened: Sequence[Defect], code: CodeMap, plan: Plan
) -> list[_Group]:
    """Give each group more files, as far as no other group has them.

    First the tests that were written with its files, then other tests of its files, then the
    neighbours of its files, and last the tests of these.
    """
    grown = [list(files) for _, files in groups]
    near = [_near(members, files, widened, code) for members, files in groups]
    claimed = {path for files in grown for path in files}
    wishes = (
        [_written_with(files, plan) for _, files in groups],
        [code.tests_of(files) for _, files in groups],
        near,
        [code.tests_of(paths) for paths in near],
    )
    for wish in wishes:
        for files, wanted in zip(grown, wish, strict=True):
            extra = [path for path in dict.fromkeys(wanted) if path not in claimed]
            claimed.update(extra)
            files.extend(extra)
    return [(members, files) for (members, _), files in zip(groups, grown, strict=True)]


def _near(
    members: Sequence[Defect], files: Sequence[str], widened: Sequence[Defect], code: CodeMap
) -> tuple[str, ...]:
    near = code.neighbours(files)
    if any(defect in widened for defect in members):
        near = (*near, *code.neighbours([*files, *near]))
    return near


def _written_with(files: Sequence[str], plan: Plan) -> list[str]:
    """The tests in the items that wrote these files."""
    return [
        path
        for item in plan.items
        if item.kind is ItemKind.BUILD and set(item.files) & set(files)
        for path in item.files
        if is_test(path)
    ]


def _item(identifier: str, group: _Group, code: CodeMap, plan: Plan, round_: int) -> WorkItem:
    members, files = group
    criteria = [criterion for defect in members for criterion in defect.criteria]
    stories = dict.fromkeys(code.stories[c] for c in criteria if c in code.stories)
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return WorkItem(
        id=identifier,
        title=f"Repair: {members[0].title}{more}",
        kind=ItemKind.REPAIR,
        role=_who(members, plan),
        description="\n".join(
            [
                "Find the cause in the evidence of these defects and repair it, with its tests:",
                *(f"- {defect.id} ({defect.severity}): {defect.title}" for defect in members),
            ]
        ),
        stories=tuple(stories),
        files=tuple(files),
        defects=tuple(defect.id for defect in members),
        round=round_,
    )


def _who(members: Sequence[Defect], plan: Plan) -> str:
    """Who wrote all the files that are pointed at, or the engineer for repairs."""
    pointed = {path for defect in members for path in defect.files if not is_test(path)}
    built = [item for item in plan.items if item.kind is ItemKind.BUILD]
    authors = [item for item in built if pointed & set(item.files)]
    if len(authors) == 1 and pointed <= set(authors[0].files):
        return authors[0].role
    return REPAIRER
