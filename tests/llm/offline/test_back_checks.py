"""Static checks of written code."""

import pytest

from macrohard.llm.offline.parts.static_checks import (
    Check,
    check_assertions,
    check_coverage,
    check_exceptions,
    check_execution,
    check_imports,
    check_injection,
    check_queries_in_loops,
    check_style,
    check_syntax,
    check_todos,
    checks_for,
)
from macrohard.work import Severity

GOOD = {
    "app/db.py": '''"""Data."""

import sqlite3


def find(connection: sqlite3.Connection, table: str, name: str) -> list:
    """Find rows."""
    query = f'SELECT * FROM "{table}" WHERE "name" = ?'
    return connection.execute(query, (name,)).fetchall()
''',
    "tests/test_db.py": '''"""Tests."""

import unittest

from app.db import find


class FindTest(unittest.TestCase):
    def test_find(self):
        self.assertEqual(find(None, "a", "b"), [])
''',
}


def test_good_code_has_no_finding_for_any_reviewer() -> None:
    for check in checks_for("some-other-reviewer"):
        assert check(GOOD) == [], check.__name__


@pytest.mark.parametrize(
    ("check", "path", "text", "line", "severity"),
    [
        (check_syntax, "app/x.py", "a = 1\ndef f(:\n", 2, Severity.BLOCKER),
        (check_style, "app/x.py", '"""M."""\n\n\ndef f():\n    return 1\n', 4, Severity.MINOR),
        (check_style, "app/x.py", "a = 1\n", 1, Severity.MINOR),
        (check_exceptions, "app/x.py", "try:\n    f()\nexcept:\n    g()\n", 3, Severity.MAJOR),
        (
            check_exceptions,
            "app/x.py",
            "try:\n    f()\nexcept Exception:\n    pass\n",
            3,
            Severity.MAJOR,
        ),
        (check_imports, "app/x.py", "import os\nimport sys\nsys.exit()\n", 1, Severity.MINOR),
        (check_todos, "app/x.py", "a = 1\nb = 2  # TODO: later\n", 2, Severity.MINOR),
        (
            check_injection,
            "app/x.py",
            "def f(c, n):\n    c.execute(f\"SELECT * FROM t WHERE n = '{n}'\")\n",
            2,
            Severity.BLOCKER,
        ),
        (
            check_injection,
            "app/x.py",
            'def f(c, n):\n    c.execute("SELECT * FROM t WHERE n = %s" % n)\n',
            2,
            Severity.BLOCKER,
        ),
        (
            check_injection,
            "app/x.py",
            'def f(c, n):\n    c.execute("DELETE FROM t WHERE n = " + n)\n',
            2,
            Severity.BLOCKER,
        ),
        (check_execution, "app/x.py", "def f(x):\n    return eval(x)\n", 2, Severity.BLOCKER),
        (
            check_execution,
            "app/x.py",
            "import subprocess\nsubprocess.run('ls', shell=True)\n",
            2,
            Severity.BLOCKER,
        ),
        (
            check_assertions,
            "tests/test_x.py",
            "class T:\n    def test_a(self):\n        f()\n",
            2,
            Severity.MAJOR,
        ),
        (
            check_queries_in_loops,
            "app/x.py",
            "def f(c):\n    for r in c.execute('SELECT 1'):\n        c.execute('SELECT 2', r)\n",
            2,
            Severity.MINOR,
        ),
    ],
)
def test_what_is_wrong_is_found_with_its_line(
    check: Check, path: str, text: str, line: int, severity: Severity
) -> None:
    findings = check({path: text})
    assert [(f.file, f.line, f.severity) for f in findings] == [(path, line, severity)]


def test_a_test_that_asserts_through_a_helper_is_one_that_asserts() -> None:
    text = (
        "class T:\n"
        "    def check(self, x):\n        self.assertTrue(x)\n"
        "    def test_a(self):\n        self.check(1)\n"
    )
    assert check_assertions({"tests/test_x.py": text}) == []


def test_a_function_no_test_reaches_is_found_and_one_reached_through_another_is_not() -> None:
    files = {
        "app/x.py": "def a():\n    return b()\ndef b():\n    return 1\ndef c():\n    return 2\n",
        "tests/test_x.py": "from app.x import a\n\n\ndef test_a():\n    assert a() == 1\n",
    }
    assert [finding.message for finding in check_coverage(files)] == ["No unit test reaches c."]


def test_each_trade_has_its_own_checks() -> None:
    trades = ("code-reviewer", "security-reviewer", "test-auditor", "performance-reviewer")
    chosen = [set(checks_for(trade)) - {check_syntax} for trade in trades]
    assert all(chosen)
    assert sum(map(len, chosen)) == len(set.union(*chosen))
