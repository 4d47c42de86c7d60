"""Applications with one planted defect each, that their unit tests would not notice.

The base applications are built by the offline model from the example specs, or written by hand
(``apps/``). A defect is a small change of one file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from macrohard.llm.offline.appgen import generate
from macrohard.llm.offline.dialect import parse_spec

HERE = Path(__file__).parent
SPECS = HERE.parent / "examples" / "specs"


@dataclass(frozen=True)
class Base:
    """An application without a planted defect.

    Attributes:
        name: What it is called.
        spec: The example that it is built from; empty where it is a file of ``apps``.
        more: Added to the spec.
        run: The line that starts it at a terminal; empty where users of pages try it.
        serve: The line that starts its server.
    """

    name: str
    spec: str = ""
    more: str = ""
    run: str = ""
    serve: str = ""


@dataclass(frozen=True)
class Defect:
    """A planted defect.

    Attributes:
        title: What is wrong.
        base: The application.
        file: Where, below the application's root; ``*`` stands for the package.
        old: What stood there.
        new: What stands there instead.
        checks: Kinds of findings that tell of it.
        more: Further changes: file, what stood there, what stands there instead.
        listed: Whether it is of a kind that the project set itself as an aim.
    """

    title: str
    base: str
    file: str
    old: str
    new: str
    checks: frozenset[str]
    more: tuple[tuple[str, str, str], ...] = ()
    listed: bool = True


WEB = "- Web pages\n"
SERVE = "python -m {package} serve --port {{port}}"
BASES = {
    base.name: base
    for base in (
        Base("tools", "tools.md", serve=SERVE),
        Base("expenses", "expenses.md", WEB, serve=SERVE),
        Base("ledger", serve="python ledger.py --port {port}"),
        Base("tools-cli", "tools.md", run="python -m {package}"),
        Base("expenses-cli", "expenses.md", run="python -m {package}"),
        Base("hours", run="python hours.py"),
    )
}

PAGES = (
    Defect(
        "a button that does nothing", "expenses", "*/web/changes.py",
        "            resource.edit(connection, number, given)\n", "            pass\n",
        frozenset({"kept", "buttons"}),
    ),
    Defect(
        "a label tied to nothing", "tools", "*/web/forms.py",
        'label = tag("label", capital(field.heading), for_=slug)',
        'label = tag("label", capital(field.heading), for_=f"{slug}-{field.type}")',
        frozenset({"accessibility"}),
    ),
    Defect(
        "data lost on restart", "ledger", "ledger.py",
        'sqlite3.connect("ledger.sqlite3")',
        'sqlite3.connect(f"/tmp/ledger-{__import__(\'os\').getpid()}.sqlite3")',
        frozenset({"restart"}),
    ),
    Defect(
        "a crash on a double submit", "expenses", "*/web/guard.py",
        "            if once and before == content:\n                return done\n",
        "            if once and before == content:\n                raise KeyError(once)\n",
        frozenset({"crash", "error"}),
    ),
    Defect(
        "wrong total after edit", "tools", "*/reports/tool.py",
        "    exact = aggregates.exact_total(tool.value for tool in tools)\n"
        "    return values.rounded(exact, 2)\n",
        "    known = tuple(tool.id for tool in tools)\n"
        "    if known not in REMEMBERED:\n"
        "        REMEMBERED[known] = aggregates.exact_total(tool.value for tool in tools)\n"
        "    return values.rounded(REMEMBERED[known], 2)\n\n\n"
        "REMEMBERED: dict[tuple[int, ...], Decimal] = {}\n",
        frozenset({"totals"}),
    ),
    Defect(
        "unescaped name", "ledger", "ledger.py",
        "<p>{escape(who)} paid", "<p>{who} paid", frozenset({"markup"}),
    ),
    Defect(
        "broken back button", "ledger", "ledger.py",
        'f"<p>{escape(who)} paid {money(cents)}.</p>",\n',
        'f"<p>{escape(who)} paid {money(cents)}.</p>",\n'
        '            "<script>history.pushState(null, \'\', location.href); '
        "window.addEventListener('popstate', function () "
        "{ history.pushState(null, '', location.href); });</script>\",\n",
        frozenset({"back"}),
    ),
    Defect(
        "focus trap", "ledger", "ledger.py",
        'self.show(page("New payment", form))',
        'self.show(page("New payment", form, "<script>document.getElementById(\'amount\')'
        ".addEventListener('keydown', function (e) "
        "{ if (e.key === 'Tab') { e.preventDefault(); } });</script>\"))",
        frozenset({"keyboard"}),
    ),
    Defect(
        "layout broken at 360 px", "tools", "*/web/style.py",
        "  dl { grid-template-columns: 1fr; gap: 0; }\n",
        "  dl { grid-template-columns: minmax(26rem, 1fr); gap: 0; }\n",
        frozenset({"layout"}),
    ),
    Defect(
        "a page that needs 20 s", "tools", "*/web/pages.py",
        '    title = capital(f"{verb} of {resource.plural}")\n    parts',
        '    title = capital(f"{verb} of {resource.plural}")\n'
        '    __import__("time").sleep(20)\n    parts',
        frozenset({"hang", "slow"}),
    ),
)  # fmt: skip
"""Ten applications for users of pages."""

COMMANDS = (
    Defect(
        "data lost on restart", "hours", "hours.py",
        "    save(data)\n    print", "    print", frozenset({"kept"}),
    ),
    Defect(
        "a crash on a strange value", "expenses-cli", "*/values.py",
        'raise InputError(f"{name} must not hold', 'raise ValueError(f"{name} must not hold',
        frozenset({"crash"}),
    ),
    Defect(
        "wrong input ends with 0", "hours", "hours.py",
        'metavar="COMMAND", required=True)\n',
        'metavar="COMMAND", required=True)\n'
        "    made.error = lambda said: (print(made.format_help()), sys.exit(0))\n",
        frozenset({"wrong input"}),
    ),
    Defect(
        "wrong total after edit", "hours", "hours.py",
        """    return f"{sum(task['hours'] for task in data['tasks'].values()):g}"\n""",
        """    known = data.setdefault("known", {}).setdefault\n"""
        """    return f"{known(repr(list(data['tasks'])), """
        """sum(task['hours'] for task in data['tasks'].values())):g}"\n""",
        frozenset({"totals"}),
    ),
    Defect(
        "escape codes reach the screen", "tools-cli", "*/values.py",
        "    if re.search(FORBIDDEN, stripped):\n", '    if "\\n" in stripped:\n',
        frozenset({"markup"}),
    ),
)  # fmt: skip
"""Five applications for users of a terminal."""


@cache
def _generated(base: Base) -> Mapping[str, str]:
    spec = (SPECS / base.spec).read_text()
    return generate(parse_spec(spec + base.more, base.spec))


def lay_out(base: Base, folder: Path, defect: Defect | None = None) -> tuple[str, str]:
    """Write an application into a folder, with a defect or without.

    Returns:
        The lines that start it at a terminal, and its server; empty where it has none.

    Raises:
        ValueError: What the defect changes is not there.
    """
    package = ""
    if base.spec:
        files = dict(_generated(base))
        package = next(path.split("/")[0] for path in files if path.endswith("/__main__.py"))
    else:
        name = base.name
        files = {f"{name}.py": (HERE / "apps" / f"{name}.py").read_text()}
    changes = ((defect.file, defect.old, defect.new), *defect.more) if defect else ()
    for place, old, new in changes:
        path = place.replace("*", package, 1)
        if files[path].count(old) != 1:
            raise ValueError(f"{path} does not hold once what is to be changed: {old}")
        files[path] = files[path].replace(old, new)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return base.run.format(package=package), base.serve.format(package=package, port="{port}")
