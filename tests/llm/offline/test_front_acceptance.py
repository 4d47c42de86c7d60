"""The acceptance suite: complete, readable, passed by a right program and failed by wrong ones."""

import ast
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from support.front_specs import ALL, SEATS, STOCK, TINY, read
from support.spec_strategies import Rendered, specs
from support.workbench import scene

from macrohard.llm.offline.appgen import generate
from macrohard.llm.offline.dialect import parse_spec
from macrohard.llm.offline.parts.acceptance import suite_of, write_suite
from macrohard.llm.offline.parts.requirements import requirements_of
from macrohard.work import AcceptanceSuite, Requirements, Story


def names_of_tests(suite: AcceptanceSuite) -> list[str]:
    return [
        node.name
        for file in suite.files
        if file.path.startswith("test_")
        for node in ast.parse(file.content).body
        if isinstance(node, ast.FunctionDef)
    ]


def criteria(requirements: Requirements) -> set[str]:
    return {c.id for story in requirements.stories for c in story.criteria}


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def failures(tmp_path: Path, spec: str, app_files: Mapping[str, str]) -> dict[str, str]:
    """Run the suite of a spec on an app: names of the tests that fail, with their messages."""
    app, requirements = read(spec)
    write_files(tmp_path / "app", app_files)
    suite = suite_of(app, requirements)
    write_files(tmp_path / "suite", {file.path: file.content for file in suite.files})
    report = tmp_path / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider",
         "--rootdir=.", f"--junitxml={report}", str(tmp_path / "suite")],
        cwd=tmp_path / "app",
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": ".",
             "MACROHARD_APP": str(tmp_path / "app")},
        capture_output=True, check=False,
    )  # fmt: skip
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 (our own report)
    assert {case.get("name") for case in cases} == set(suite.covers)
    return {case.get("name", ""): case[0].text or "" for case in cases if len(case)}


@pytest.mark.parametrize("spec", ALL.values(), ids=ALL)
def test_every_criterion_has_a_test_and_every_test_a_criterion(spec: str) -> None:
    app, requirements = read(spec)
    suite = suite_of(app, requirements)
    assert sorted(suite.covers) == sorted(names_of_tests(suite))
    assert {c for ids in suite.covers.values() for c in ids} == criteria(requirements)


@settings(max_examples=10)
@given(specs())
def test_suites_of_random_specs_are_python_and_cover_everything(spec: Rendered) -> None:
    requirements = requirements_of(parse_spec(spec.text), spec.text)
    suite = suite_of(parse_spec(spec.text), requirements)
    assert sorted(suite.covers) == sorted(names_of_tests(suite))
    assert {c for ids in suite.covers.values() for c in ids} == criteria(requirements)


def test_it_is_written_from_the_requirements_alone_and_the_same_each_time() -> None:
    _, requirements = read(STOCK)
    documents = {"requirements": requirements}
    first = write_suite(scene(documents, stage="scenarios"))
    assert first == write_suite(scene(documents, stage="scenarios"))


def test_the_program_is_started_seldom_enough() -> None:
    app, requirements = read(STOCK)
    suite = suite_of(app, requirements)
    starts = sum(
        file.content.count(f"    app.{method}(")
        for file in suite.files
        for method in ("says", "refuses", "answers", "tells", "writes")
    )
    assert starts < 90 * len(app.kinds)


def test_tests_never_import_the_program_nor_read_its_data() -> None:
    app, requirements = read(STOCK)
    for file in suite_of(app, requirements).files:
        for node in ast.walk(ast.parse(file.content)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert app.slug not in names
            assert "sqlite3" not in names


def test_criteria_in_other_words_are_covered_through_the_lines_they_rest_on() -> None:
    app, requirements = read(TINY)
    stories = tuple(
        story.model_copy(
            update={
                "id": f"X{story.id}",
                "criteria": tuple(
                    c.model_copy(update={"id": f"X{c.id}", "when": "something is done"})
                    for c in story.criteria[:1]
                ),
            }
        )
        for story in requirements.stories
    )
    foreign = requirements.model_copy(update={"stories": stories})
    suite = suite_of(app, foreign)
    named = {c for ids in suite.covers.values() for c in ids}
    assert named == criteria(foreign)
    total = [story for story in stories if "total" in story.i_want]
    assert suite.covers["test_tea_total_grams"] == ids_of(total)


def ids_of(stories: list[Story]) -> tuple[str, ...]:
    return tuple(c.id for story in stories for c in story.criteria)


def test_a_right_program_passes_and_wrong_ones_fail_where_they_are_wrong(tmp_path: Path) -> None:
    files = generate(parse_spec(SEATS))
    assert failures(tmp_path / "right", SEATS, files) == {}
    (rules,) = (path for path, text in files.items() if "capacity" in text and "sold" in text
                and path.startswith("theatre/changes/ticket"))  # fmt: skip
    wrong = {**files, rules: files[rules].replace("raise ", "if False: raise ")}
    found = failures(tmp_path / "wrong", SEATS, wrong)
    assert "test_rule_1_ticket_when_adding" in found
    assert "test_show_list_shows_all" not in found
    message = found["test_rule_1_ticket_when_adding"]
    assert "expected: it is refused" in message
    assert "standard output: Added ticket" in message


def test_a_program_that_does_not_start_is_told_with_its_traceback(tmp_path: Path) -> None:
    app = parse_spec(TINY)
    files = {f"{app.slug}/__init__.py": "", f"{app.slug}/__main__.py": "raise KeyError('tea')\n"}
    found = failures(tmp_path, TINY, files)
    _, requirements = read(TINY)
    assert len(found) == len(criteria(requirements))
    assert all("KeyError: 'tea'" in message for message in found.values())
