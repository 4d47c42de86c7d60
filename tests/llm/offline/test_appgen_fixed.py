"""The tests that apps carry for their common modules pass here, too, where these are kept whole."""

import unittest

import pytest

from macrohard.llm.offline.appgen.fixed import deletion
from macrohard.llm.offline.appgen.fixed.checks.support import DatabaseTest

CHECKS = ("values", "aggregates", "csv_files", "output", "console", "database")
PACKAGE = "macrohard.llm.offline.appgen.fixed.checks"


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_a_module_pass(name: str) -> None:
    suite = unittest.defaultTestLoader.loadTestsFromName(f"{PACKAGE}.test_{name}")
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun > 0
    assert [text for _, text in (*result.errors, *result.failures)] == []


class DeletionTest(DatabaseTest):
    """Deleting along the references of the stand-in schema: parts go, notes hold."""

    def test_what_refers_goes_along(self) -> None:
        thing = self.insert("thing", {"name": "Box"})
        for _ in range(2):
            self.insert("part", {"thing": thing})
        going = deletion.going_with(self.connection, "thing", thing)
        assert going == {"thing": {1}, "part": {1, 2}}
        assert deletion.others(going, "thing") == " and 2 parts"

    def test_what_stays_holds_it(self) -> None:
        thing = self.insert("thing", {"name": "Box"})
        part = self.insert("part", {"thing": thing})
        self.insert("note", {"part": part})
        self.assert_refused(
            "part 1 cannot be deleted: note 1 refers to it",
            deletion.going_with,
            self.connection,
            "thing",
            thing,
        )
