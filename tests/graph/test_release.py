"""What holds a release."""

from macrohard import work
from macrohard.graph.release import _page, _without_repairs


def _item(identifier: str, kind: work.ItemKind) -> work.WorkItem:
    return work.WorkItem(
        id=identifier, title=identifier, role="coder", kind=kind, description="do it"
    )


def _failure(identifier: str, source: work.FailureSource) -> work.Failure:
    return work.Failure(
        id=identifier,
        source=source,
        title="not done",
        severity=work.Severity.BLOCKER,
        evidence="seen",
    )


def test_a_repair_given_back_holds_nothing_but_its_defect_does() -> None:
    plan = work.Plan(items=(_item("W1", work.ItemKind.BUILD), _item("W10", work.ItemKind.REPAIR)))
    built = _failure("R1-I-W1", work.FailureSource.ITEM)
    repair = _failure("R2-I-W10", work.FailureSource.ITEM)
    test = _failure("R2-A1", work.FailureSource.ACCEPTANCE)
    assert _without_repairs((built, repair, test), plan) == (built, test)


def test_what_was_left_out_on_purpose_is_no_known_issue() -> None:
    notes = work.ReleaseNotes(
        headline="Shop",
        what_it_does=("sells",),
        how_to_run=("python -m shop",),
        known_issues=("The total counts drafts.", "Undo."),
    )
    page = _page(notes, ("Undo.", "Translation."), "")
    issues, _, rest = page.partition("## Known issues\n\n")[2].partition("## Not included\n\n")
    assert issues.split("\n") == ["- The total counts drafts.", "", ""]
    assert rest.split("\n") == ["- Undo.", "- Translation.", ""]
    assert "Not included" not in _page(notes, (), "")
