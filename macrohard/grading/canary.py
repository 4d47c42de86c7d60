"""Planted tests whose results are known before they run, first and last among the app's own."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from macrohard.grading.examination import Examination, Examined, Result

_MUST_PASS = (
    "self.assertEqual({n} + 1, {m})",
    "assert {n} + 1 == {m}",
)
_MUST_FAIL = (
    "self.assertEqual({n}, {m})",
    "self.assertTrue({n} > {m})",
    "self.assertIn({m}, [{n}])",
    "self.assertIsNone([{n}])",
    "self.assertRaises(ValueError, int, '{n}')",
    "assert {n} == {m}",
    "pytest.raises(ValueError, int, '{n}')",
    "raise RuntimeError('{n}')",
)
_HEAD = "import unittest\n\nimport pytest\n\n\nclass Test{name}(unittest.TestCase):\n"


@dataclass(frozen=True)
class Canaries:
    """Files with planted tests.

    Attributes:
        files: Text by name.
        wanted: What each test must come to, by its name.
    """

    files: Mapping[str, str]
    wanted: Mapping[str, Result]

    def among(self, tests: Mapping[str, Examined]) -> dict[str, Examined]:
        """The planted ones among tests, by their bare names."""
        return {name: test for key, test in tests.items() if (name := bare(key)) in self.wanted}

    def wrong(self, examination: Examination) -> list[tuple[str, str]]:
        """What planted tests should have come to and what was reported, where these differ."""
        seen = self.among(examination.tests)
        return [
            (wanted, seen[name].result if name in seen else "nothing")
            for name, wanted in self.wanted.items()
            if name not in seen or seen[name].result != wanted
        ]


def plant() -> Canaries:
    """Two files that nobody can know, since their names and values are of this run only."""
    files: dict[str, str] = {}
    wanted: dict[str, Result] = {}
    for _ in range(2):
        lines = [_HEAD.format(name=secrets.token_hex(6))]
        for result, bodies in (("passed", _MUST_PASS), ("failed", _MUST_FAIL)):
            for body in bodies:
                number = 2 + secrets.randbelow(10**6)
                name = f"test_{secrets.token_hex(8)}"
                wanted[name] = "passed" if result == "passed" else "failed"
                lines.append(f"    def {name}(self):\n        {body}\n")
                lines[-1] = lines[-1].format(n=number, m=number + 1)
        files[f"test_{secrets.token_hex(8)}.py"] = "\n".join(lines)
    return Canaries(files, wanted)


def bare(test: str) -> str:
    """Name of a test's function, without file, class and parameters."""
    return test.partition("[")[0].rpartition("::")[2]
