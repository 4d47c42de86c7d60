"""Would an app's own tests notice a fault? A sample of faults is put in, to see."""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from macrohard.grading.census import Census, python_files
from macrohard.grading.examination import INBOX, NAME, PLACE, start_of
from macrohard.grading.graded import listed, remark
from macrohard.grading.mutants import Mutant, sample
from macrohard.sandbox.base import Sandbox
from macrohard.work import Failure, Noun

TURN_S = 30.0
"""For each mutant, all together; one that got no turn by then is told as undecided."""
CPU_S = 10
"""Processor time for one mutant: tests that compute for so long go round in circles, noticed."""
PATIENCE_S = 60.0
"""For one mutant, in which it is told as undecided; that it computes for ever is seen earlier."""
_AT_ONCE = 2
_NEAR = 3
_CAUGHT = {"failed", "crashed"}
_GRACE_S = 20.0


class Survivor(Noun):
    """A fault that no test noticed."""

    file: str
    line: int
    change: str


class MutationScore(Noun):
    """What became of a sample of mutants.

    Attributes:
        tried: Mutants of which it is known whether a test notices them.
        caught: Of these, how many one does.
        undecided: Mutants that got no turn in time, or whose tests fail without them as well.
        survivors: Those that none noticed.
    """

    tried: int = 0
    caught: int = 0
    undecided: int = 0
    survivors: tuple[Survivor, ...] = ()

    @property
    def share(self) -> float:
        """Caught of tried, 0 to 1; 1 when none was tried."""
        return self.caught / self.tried if self.tried else 1.0


@dataclass(frozen=True)
class Operation:
    """A mutant, the test files that should notice it, and those that could."""

    mutant: Mutant
    near: tuple[str, ...] = ()
    far: tuple[str, ...] = ()


def plan_operations(app: Path, census: Census, count: int, seed: int) -> tuple[Operation, ...]:
    """Choose the mutants of an app, and for each the test files to run.

    Args:
        app: Root of the app on the host.
        census: Its tests.
        count: How many mutants.
        seed: Chooses them.
    """
    sources = dict(python_files(app))
    own = {
        path: text
        for path, text in sources.items()
        if path not in census.files
        and PurePosixPath(path).parts[0] not in census.packages
        and PurePosixPath(path).name not in {"conftest.py", "setup.py"}
    }
    imports = {path: _imported(path, text, sources) for path, text in sources.items()}
    return tuple(
        Operation(mutant, *_tests_for(mutant.file, census.files, imports))
        for mutant in sample(own, count, seed)
    )


async def operate(
    box: Sandbox, operations: Sequence[Operation], census: Census, app: str = "app"
) -> MutationScore:
    """Try mutants in a box that holds the app.

    Raises:
        SandboxError: The box failed.
    """
    await box.put_tree(INBOX, f"{PLACE}/{NAME}", read_only=True)
    root = (await box.exec(["pwd"], timeout_s=30, cwd=app)).stdout.strip()
    limit_s = TURN_S * (1 + len(operations))
    job = {
        "app": root,
        "paths": census.paths,
        "tests": census.files,
        "mutants": [
            {"file": o.mutant.file, "text": o.mutant.text, "tests": [o.near, o.far]}
            for o in operations
        ],
        "cpu_s": CPU_S,
        "patience_s": PATIENCE_S,
        "timeout_s": limit_s,
        "at_once": _AT_ONCE,
    }
    result = await box.exec(
        ["python", "-I", *start_of("surgery", f"../{PLACE}")],
        timeout_s=limit_s + _GRACE_S,
        stdin=json.dumps(job).encode(),
        cwd=app,
        env={"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": ""},
    )
    try:
        ends = [told["end"] for told in json.loads(result.stdout)]
    except json.JSONDecodeError:
        ends = ["no time"] * len(operations)
    return _score(operations, ends)


def low_score(score: MutationScore, least: float, round_: int) -> Failure | None:
    """What a manager is told when too many faults went unnoticed."""
    if score.share >= least:
        return None
    told = listed(f"{s.file}:{s.line}: {s.change}" for s in score.survivors)
    return remark(
        f"R{round_}-M1",
        f"the unit tests noticed {score.caught} of {score.tried} faults put into the app",
        f"At least {least:.0%} are wanted. No test failed with any of these:\n{told}",
        [survivor.file for survivor in score.survivors],
    )


def _score(operations: Sequence[Operation], ends: Sequence[str]) -> MutationScore:
    caught = sum(1 for end in ends if end in _CAUGHT)
    survivors = tuple(
        Survivor(file=o.mutant.file, line=o.mutant.line, change=o.mutant.change)
        for o, end in zip(operations, ends, strict=True)
        if end == "passed"
    )
    tried = caught + len(survivors)
    return MutationScore(
        tried=tried, caught=caught, undecided=len(ends) - tried, survivors=survivors
    )


def _tests_for(
    file: str, tests: Sequence[str], imports: Mapping[str, set[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The test files nearest to a file, then all others: those that import or reach it first."""
    stem = PurePosixPath(file).stem

    def distance(test: str) -> tuple[int, str]:
        if stem in PurePosixPath(test).stem:
            return 0, test
        if file in imports[test]:
            return 1, test
        return (2 if file in _reached(test, imports) else 3), test

    # The rest is run too: a test may start the app as a program, without importing it.
    ordered = sorted(tests, key=distance)
    near = [test for test in ordered if distance(test)[0] < 2][:_NEAR]
    return tuple(near), tuple(test for test in ordered if test not in near)


def _reached(start: str, imports: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    heap = [start]
    while heap:
        for path in imports.get(heap.pop(), ()):
            if path not in found:
                found.add(path)
                heap.append(path)
    return found


def _imported(path: str, text: str, known: Mapping[str, str]) -> set[str]:
    """Files of the app that a file imports, as far as its import statements tell."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return set()
    here = PurePosixPath(path).parent
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = [here, *here.parents]
                up = parents[min(node.level - 1, len(parents) - 1)]
                base = ".".join([*up.parts, *([base] if base else [])])
            names |= {base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)}
    found: set[str] = set()
    for name in names:
        place = name.replace(".", "/")
        for prefix in ("", "src/"):
            for file in (f"{prefix}{place}.py", f"{prefix}{place}/__init__.py"):
                if file in known and file != path:
                    found.add(file)
    return found
