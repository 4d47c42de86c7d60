"""Coders, repairers and integrators at work in a folder, on an app small enough to read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.workbench import Loop, play, read_tree, scene, write_tree

from macrohard.llm.base import Message, ToolCall
from macrohard.llm.offline.appgen import Part, PartFile
from macrohard.llm.offline.dialect.ast import App
from macrohard.llm.offline.parts.coder import build
from macrohard.llm.offline.parts.compiled import Compiled
from macrohard.llm.offline.parts.conflict import keep_both, resolve
from macrohard.llm.offline.parts.repair import repair
from macrohard.llm.offline.scene import Answer, Faults, Scene
from macrohard.work import (
    Criterion,
    Defect,
    FailureSource,
    ItemKind,
    Requirements,
    Severity,
    Story,
    Submission,
    WorkItem,
)

FILES = {
    "shop/__init__.py": '"""Shop."""\n',
    "shop/sums.py": '''"""Sums."""


def check(price):
    """Refuse prices below 1."""
    if price < 1:
        raise ValueError("price must be at least 1")
    return price


def total(prices):
    """Add prices up."""
    return sum(check(price) for price in prices)


def largest(prices):
    """Find the largest price."""
    if not prices:
        raise LookupError("no prices")
    return max(prices)
''',
    "shop/cli.py": '''"""Commands."""

from shop import sums


def main(arguments):
    """Run one command."""
    if not arguments:
        return 2
    print(sums.total([int(each) for each in arguments]))
    return 0
''',
    "tests/test_sums.py": '''"""Tests of sums."""

import unittest

from shop import sums


class SumsTest(unittest.TestCase):
    """Sums."""

    def test_total(self):
        self.assertEqual(sums.total([2, 3]), 5)

    def test_total_of_nothing(self):
        self.assertEqual(sums.total([]), 0)

    def test_lowest_price(self):
        self.assertEqual(sums.check(1), 1)

    def test_too_low(self):
        with self.assertRaises(ValueError):
            sums.check(0)

    def test_largest(self):
        self.assertEqual(sums.largest([2, 3]), 3)

    def test_largest_of_nothing(self):
        with self.assertRaises(LookupError):
            sums.largest([])

    def test_largest_of_one(self):
        self.assertEqual(sums.largest([2]), 2)
''',
    "tests/test_cli.py": '''"""Tests of commands."""

import unittest

from shop import cli


class CliTest(unittest.TestCase):
    """Commands."""

    def test_nothing(self):
        self.assertEqual(cli.main([]), 2)

    def test_sum(self):
        self.assertEqual(cli.main(["1", "2"]), 0)
''',
    "README.md": "# Shop\n",
}


def part(name: str, *paths: str) -> Part:
    return Part(name, name, "backend-engineer", tuple(PartFile(p, "r") for p in paths))


COMPILED = Compiled(
    requirements=Requirements(
        title="Shop",
        purpose="p",
        stories=(
            Story(
                id="S1",
                as_a="clerk",
                i_want="sums",
                so_that="x",
                criteria=(Criterion(id="S1.C1", given="g", when="w", then="t"),),
            ),
        ),
    ),
    app=App("Shop", "shop", "p", (), (), ("cli",)),
    files=FILES,
    parts=(
        part("sums", "shop/__init__.py", "shop/sums.py", "tests/test_sums.py"),
        part("cli", "shop/cli.py", "tests/test_cli.py"),
        part("readme", "README.md"),
    ),
)
SUMS = ("shop/__init__.py", "shop/sums.py", "tests/test_sums.py")
BOUND = ("if price < 1:", "if price <= 1:")
EMPTY = ('    if not prices:\n        raise LookupError("no prices")\n', "")
LARGEST_OF_NOTHING = """\
    def test_largest_of_nothing(self):
        with self.assertRaises(LookupError):
            sums.largest([])

"""
COLON = ("def total(prices):", "def total(prices)")
EXIT = ("return 2", "return 1")


def item(
    *files: str, kind: ItemKind = ItemKind.BUILD, name: str = "W1", round_: int = 1
) -> WorkItem:
    return WorkItem(
        id=name,
        title="Sums",
        kind=kind,
        role="backend-engineer",
        description="d",
        files=files,
        round=round_,
    )


Work = Callable[[Scene, WorkItem, Compiled], Answer]


def work(
    how: Work,
    on: WorkItem,
    folder: Path,
    *,
    documents: Mapping[str, str] | None = None,
    faults: Faults | None = None,
    frozen: Mapping[str, str] | None = None,
) -> tuple[Loop, Submission]:
    first = scene({"item": on, **(documents or {})}, faults=faults)
    loop = play(lambda seen: how(seen, on, COMPILED), first, folder, frozen)
    assert isinstance(loop.noun, Submission)
    return loop, loop.noun


def broken(folder: Path, changes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    files = dict(FILES)
    for path, (right, wrong) in changes.items():
        assert right in files[path]
        files[path] = files[path].replace(right, wrong)
    write_tree(folder, files)
    return files


def defects(evidence: str, **more: object) -> dict[str, str]:
    fields: dict[str, object] = {
        "id": "D1",
        "title": "wrong",
        "severity": Severity.MAJOR,
        "source": FailureSource.UNIT,
        "evidence": evidence,
        "failures": ("F1",),
    }
    defect = Defect.model_validate(fields | more)
    return {"defects": json.dumps([defect.model_dump(mode="json")])}


def mend(folder: Path, evidence: str, *files: str, **more: object) -> tuple[Loop, Submission]:
    on = item(*(files or FILES), kind=ItemKind.REPAIR, round_=2)
    return work(repair, on, folder, documents=defects(evidence, **more))


# -- building --------------------------------------------------------------------------------


def test_without_faults_the_files_are_what_we_would_write(tmp_path: Path) -> None:
    loop, submission = work(build, item(*SUMS), tmp_path)
    assert read_tree(tmp_path) == {path: FILES[path] for path in SUMS}
    assert submission.done
    assert set(submission.files) == set(SUMS)
    assert "python -B -m unittest tests.test_sums" in submission.tests_run
    assert "exit code 0" in submission.tests_run
    assert loop.turns == 3


def test_a_coder_reads_what_it_builds_on(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    loop, _ = work(build, item("shop/cli.py", "tests/test_cli.py"), tmp_path)
    assert [arguments["path"] for arguments in loop.used("read_file")] == ["shop/sums.py"]


def test_a_text_without_tests_is_looked_at(tmp_path: Path) -> None:
    _, submission = work(build, item("README.md"), tmp_path)
    assert submission.done
    assert submission.tests_run.startswith("$ ls -l README.md")


Built = tuple[Loop, Submission, dict[str, str]]


@pytest.fixture(scope="module")
def erring(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """The same item built with a fault, once for each of some seeds; the first seed twice."""
    built = []
    for seed in (*range(12), 0):
        folder = tmp_path_factory.mktemp("erring")
        loop, submission = work(build, item(*SUMS), folder, faults=Faults(1.0, seed))
        built.append((loop, submission, read_tree(folder)))
    return built


def test_with_faults_the_first_writing_is_wrong_in_one_source_file(erring: list[Built]) -> None:
    for loop, _, _ in erring:
        first = {str(a["path"]): a["content"] for a in reversed(loop.used("write_file"))}
        assert [path for path in SUMS if first[path] != FILES[path]] == ["shop/sums.py"]


def test_a_fault_is_repaired_or_gets_past_tests_that_were_dropped(erring: list[Built]) -> None:
    fates = set()
    for _, submission, tree in erring:
        assert submission.done
        assert "exit code 0" in submission.tests_run
        repaired = tree["shop/sums.py"] == FILES["shop/sums.py"]
        whole = tree["tests/test_sums.py"] == FILES["tests/test_sums.py"]
        assert repaired == whole
        fates.add(repaired)
    assert fates == {True, False}


def test_the_same_seed_errs_in_the_same_way_and_others_in_others(erring: list[Built]) -> None:
    writings = [str(loop.used("write_file")) for loop, _, _ in erring]
    assert writings[0] == writings[-1]
    assert erring[0][2] == erring[-1][2]
    assert len(set(writings)) > 3


def test_a_rate_of_zero_never_errs(tmp_path: Path) -> None:
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        work(build, item(*SUMS), folder, faults=Faults(0.0, seed))
        assert read_tree(folder) == {path: FILES[path] for path in SUMS}


def test_a_failure_of_somebody_elses_file_is_handed_in_and_said(tmp_path: Path) -> None:
    broken(tmp_path, {"shop/sums.py": ("def total(", "def add_up(")})
    before = read_tree(tmp_path)["shop/sums.py"]
    _, submission = work(build, item("shop/cli.py", "tests/test_cli.py"), tmp_path)
    assert submission.done
    assert "the cause is not in them" in submission.summary
    assert "exit code 1" in submission.tests_run
    assert read_tree(tmp_path)["shop/sums.py"] == before


def test_a_file_that_may_not_be_written_is_given_back(tmp_path: Path) -> None:
    reason = "shop/sums.py belongs to item W9"
    loop, submission = work(build, item(*SUMS), tmp_path, frozen={"shop/sums.py": reason})
    assert not submission.done
    assert reason in submission.summary
    assert loop.turns <= 4


def test_a_file_the_requirements_do_not_know_is_given_back(tmp_path: Path) -> None:
    _, submission = work(build, item("shop/web.py"), tmp_path)
    assert not submission.done
    assert "shop/web.py" in submission.summary


# -- repairing -------------------------------------------------------------------------------


def doubly_broken(folder: Path) -> dict[str, str]:
    """A fault in ``check``, one in ``largest`` whose test is gone, and one in another file."""
    files = dict(FILES)
    files["shop/sums.py"] = files["shop/sums.py"].replace(*BOUND).replace(*EMPTY)
    files["shop/cli.py"] = files["shop/cli.py"].replace(*EXIT)
    files["tests/test_sums.py"] = files["tests/test_sums.py"].replace(LARGEST_OF_NOTHING, "")
    write_tree(folder, files)
    return files


def test_only_what_the_evidence_points_at_is_repaired(tmp_path: Path) -> None:
    files = doubly_broken(tmp_path)
    line = files["shop/sums.py"].splitlines().index("    if price <= 1:") + 1
    trace = f'  File "/work/shop/sums.py", line {line}, in check\nValueError: price must be'
    _, submission = mend(tmp_path, trace)
    after = read_tree(tmp_path)
    assert submission.done
    assert submission.files == ("shop/sums.py",)
    assert after["shop/sums.py"] == FILES["shop/sums.py"].replace(*EMPTY)
    assert after["shop/cli.py"] == files["shop/cli.py"]
    assert after["tests/test_sums.py"] == files["tests/test_sums.py"]


def test_a_failed_test_points_at_what_it_calls(tmp_path: Path) -> None:
    files = doubly_broken(tmp_path)
    lines = files["tests/test_sums.py"].splitlines()
    line = lines.index("    def test_lowest_price(self):") + 2
    mend(tmp_path, f"tests/test_sums.py:{line}: in test_lowest_price\nE   ValueError: no")
    assert read_tree(tmp_path)["shop/sums.py"] == FILES["shop/sums.py"].replace(*EMPTY)


def test_a_syntax_error_is_repaired_where_reading_stopped(tmp_path: Path) -> None:
    files = doubly_broken(tmp_path)
    files["shop/sums.py"] = FILES["shop/sums.py"].replace(*COLON).replace(*EMPTY)
    write_tree(tmp_path, files)
    mend(tmp_path, 'File "/work/shop/sums.py", line 11\n    def total(prices)\nSyntaxError: :')
    assert read_tree(tmp_path)["shop/sums.py"] == FILES["shop/sums.py"].replace(*EMPTY)


def test_a_criterion_points_at_the_files_that_serve_its_story(tmp_path: Path) -> None:
    broken(tmp_path, {"shop/cli.py": EXIT})
    mend(tmp_path, "expected exit code 2, seen 1", criteria=("S1.C1",), files=())
    assert read_tree(tmp_path) == FILES


def test_the_view_is_widened_once_when_nothing_differs(tmp_path: Path) -> None:
    broken(tmp_path, {"shop/sums.py": BOUND})
    _, submission = mend(
        tmp_path, 'File "shop/cli.py", line 10, in main\nValueError: x', "shop/cli.py"
    )
    assert submission.done
    assert read_tree(tmp_path) == FILES


def test_unit_tests_that_were_dropped_come_back_with_the_repair(tmp_path: Path) -> None:
    files = broken(tmp_path, {"shop/sums.py": BOUND})
    dropped = "    def test_lowest_price(self):\n        self.assertEqual(sums.check(1), 1)\n\n"
    files["tests/test_sums.py"] = files["tests/test_sums.py"].replace(dropped, "")
    write_tree(tmp_path, files)
    mend(tmp_path, 'File "shop/sums.py", line 6, in check\nValueError: x')
    assert read_tree(tmp_path) == FILES


def test_when_nothing_differs_the_item_is_given_back(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    loop, submission = mend(tmp_path, 'File "shop/sums.py", line 6, in check\nValueError: x')
    assert not submission.done
    assert "nothing that differs" in submission.summary
    assert "shop/sums.py" in submission.summary
    assert not loop.used("edit_file")
    assert not loop.used("write_file")
    assert loop.turns == 2


def test_evidence_that_points_nowhere_is_given_back(tmp_path: Path) -> None:
    broken(tmp_path, {"shop/sums.py": BOUND})
    on = item(kind=ItemKind.REPAIR)
    _, submission = work(repair, on, tmp_path, documents=defects("it is ugly"))
    assert not submission.done
    assert "points at no file" in submission.summary


def test_a_missing_file_is_written(tmp_path: Path) -> None:
    write_tree(tmp_path, {path: FILES[path] for path in FILES if path != "shop/cli.py"})
    _, submission = mend(tmp_path, "work item W2 did not reach main", files=("shop/cli.py",))
    assert submission.done
    assert read_tree(tmp_path) == FILES


def test_a_neighbour_that_belongs_to_another_item_is_left_and_said(tmp_path: Path) -> None:
    files = broken(tmp_path, {"shop/sums.py": BOUND})
    on = item("shop/cli.py", kind=ItemKind.REPAIR)
    evidence = 'File "shop/cli.py", line 10, in main\nValueError: x'
    reason = "shop/sums.py belongs to item W9"
    _, submission = work(
        repair, on, tmp_path, documents=defects(evidence), frozen={"shop/sums.py": reason}
    )
    assert not submission.done
    assert reason in submission.summary
    assert read_tree(tmp_path) == files


@pytest.mark.parametrize("seed", range(4))
def test_a_repair_that_errs_again_is_found_by_its_tests_or_stays_in_what_it_touched(
    seed: int, tmp_path: Path
) -> None:
    broken(tmp_path, {"shop/sums.py": BOUND})
    on = item(*FILES, kind=ItemKind.REPAIR, round_=1)
    evidence = 'File "shop/sums.py", line 6, in check\nValueError: x'
    _, submission = work(
        repair, on, tmp_path, documents=defects(evidence), faults=Faults(1.0, seed)
    )
    after = read_tree(tmp_path)
    assert submission.done
    assert {path for path in after if after[path] != FILES[path]} <= {"shop/sums.py"}
    assert "exit code 0" in submission.tests_run


# -- conflicts -------------------------------------------------------------------------------


def conflicted(text: str, line: str) -> str:
    return text.replace(line, f"<<<<<<< main\n{line}=======\n{line.upper()}>>>>>>> item\n")


def test_a_conflict_is_resolved_by_what_belongs(tmp_path: Path) -> None:
    marked = conflicted(FILES["shop/sums.py"], "    return sum(check(price) for price in prices)\n")
    write_tree(tmp_path, FILES | {"shop/sums.py": marked})
    on = item(*SUMS, kind=ItemKind.CONFLICT)
    documents = {"conflict": "Files in conflict:\nshop/sums.py\n"}
    loop, submission = work(resolve, on, tmp_path, documents=documents)
    assert submission.done
    assert submission.files == ("shop/sums.py",)
    assert "exit code 0" in submission.tests_run
    assert read_tree(tmp_path) == FILES
    assert loop.turns == 3


def test_a_file_nobody_generates_keeps_both_sides(tmp_path: Path) -> None:
    notes = "a\n<<<<<<< main\nb\n||||||| base\nx\n=======\nc\n>>>>>>> item\nd\n"
    assert keep_both(notes) == "a\nb\nc\nd\n"
    write_tree(tmp_path, FILES | {"NOTES.md": notes})
    work(resolve, item("NOTES.md", kind=ItemKind.CONFLICT), tmp_path)
    assert read_tree(tmp_path)["NOTES.md"] == "a\nb\nc\nd\n"


def test_no_conflict_is_given_back(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    _, submission = work(resolve, item(*SUMS, kind=ItemKind.CONFLICT), tmp_path)
    assert not submission.done
    assert "no conflict marker" in submission.summary


SENT_BACK = (
    Message(role="assistant", tool_calls=(ToolCall(id="c0", name="submit", arguments="{}"),)),
    Message(role="tool", content="error: no such file", tool_call_id="c0"),
)


def test_a_submission_that_is_sent_back_ends_the_item_with_the_reason() -> None:
    first = scene({"item": item(*SUMS)})
    messages = (*first.request.messages, *SENT_BACK)
    request = first.request.model_copy(update={"messages": messages})
    answer = build(Scene(request, Faults()), item(*SUMS), COMPILED)
    assert isinstance(answer, Submission)
    assert not answer.done
    assert "no such file" in answer.summary
