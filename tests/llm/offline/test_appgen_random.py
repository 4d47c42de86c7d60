"""Apps of random specs: they lint, their own tests pass, and they do what a plain model does."""

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.built_apps import LEDGER, build, run_unit_tests, write_files
from support.spec_strategies import Rendered, specs

from macrohard.llm.offline.appgen import generate, parts
from macrohard.llm.offline.dialect import parse_spec

RELAXED = settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@pytest.mark.timeout(600)
@RELAXED
@given(specs())
def test_random_apps_pass_their_own_tests(spec: Rendered) -> None:
    app = parse_spec(spec.text)
    files = generate(app)
    with tempfile.TemporaryDirectory() as folder:
        done = run_unit_tests(write_files(files, Path(folder)))
    assert done.returncode == 0, done.stderr[-3000:]


@RELAXED
@given(specs())
def test_random_apps_compile_and_fall_into_parts(spec: Rendered) -> None:
    app = parse_spec(spec.text)
    files = generate(app)
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert sorted(f.path for part in parts(app) for f in part.files) == sorted(files)


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str]], int]]:
    folder = str(build(LEDGER, tmp_path_factory.mktemp("ledger")))
    sys.path.insert(0, folder)
    try:
        yield import_module("pocket_ledger.cli").main
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "pocket_ledger"]:
            del sys.modules[name]


SUMS = st.decimals("-1", "6000", places=2).map(lambda value: f"{value:f}")
REMARKS = st.text(alphabet="aB c\n", max_size=14)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), SUMS, REMARKS),
        st.tuples(st.just("edit"), st.integers(0, 6), SUMS),
        st.tuples(st.just("delete"), st.integers(0, 6), st.none()),
    ),
    max_size=12,
)


class Model:
    """What a ledger is, in a few lines."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[Decimal, str | None]] = {}
        self.used = 0

    def do(self, step: tuple[str, object, object]) -> bool:
        """Do a step; whether it is accepted."""
        verb, first, second = step
        if verb == "add":
            remark = str(second).strip()
            if not self.fits(str(first)) or len(remark) > 12 or "\n" in remark:
                return False
            self.used += 1
            self.rows[self.used] = (Decimal(str(first)), remark or None)
            return True
        if first not in self.rows:
            return False
        if verb == "delete":
            del self.rows[int(str(first))]
            return True
        if self.fits(str(second)):
            number = int(str(first))
            self.rows[number] = (Decimal(str(second)), self.rows[number][1])
            return True
        return False

    @staticmethod
    def fits(text: str) -> bool:
        """Whether a sum is within its bounds."""
        return Decimal("0.01") <= Decimal(text) <= Decimal(5000)


def words(step: tuple[str, object, object]) -> list[str]:
    """A step as a command line."""
    verb, first, second = step
    if verb == "add":
        return ["entry", "add", f"--sum={first}", f"--remark={second}"]
    if verb == "edit":
        return ["entry", "edit", str(first), f"--sum={second}"]
    return ["entry", "delete", str(first)]


def call(main: Callable[[list[str]], int], database: str, *arguments: str) -> tuple[int, str]:
    """Run a command line in this process."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        code = main(["--db", database, *arguments])
    return code, output.getvalue()


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_a_ledger_does_what_its_model_does(
    main: Callable[[list[str]], int], steps: list[tuple[str, object, object]]
) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "data.db")
        for step in steps:
            code, _ = call(main, database, *words(step))
            assert (code == 0) is model.do(step), step
        _, listed = call(main, database, "entry", "list", "--json")
        found = {each["id"]: (each["sum"], each["remark"]) for each in json.loads(listed)}
        assert found == {n: (f"{total:.2f}", remark) for n, (total, remark) in model.rows.items()}
        _, total = call(main, database, "entry", "total", "sum")
        assert total == f"{sum((row[0] for row in model.rows.values()), Decimal('0.00')):.2f}\n"
        _, largest = call(main, database, "entry", "max", "sum", "--json")
        best = max((row[0] for row in model.rows.values()), default=None)
        assert json.loads(largest) == {"max": None if best is None else f"{best:.2f}"}
