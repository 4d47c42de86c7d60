"""The closing words of a run: what was built, how to run it, who was satisfied, what it cost."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from macrohard.report.page import FILE
from macrohard.report.words import (
    clean,
    cluster_words,
    dollars,
    duration,
    models_said,
    mutation_words,
    picture_words,
    plural,
    serve_words,
    tokens,
    worst_first,
)

_STYLES = {
    "released": "bold green",
    "not accepted": "bold red",
    "failed": "bold red",
    "killed": "bold red",
}
_MOST = 5
"""Unsatisfied trials and open defects told here; the rest is in the report."""


def print_summary(console: Console, record: Mapping[str, Any], run_dir: Path) -> None:
    """Print the closing summary of a run in any state.

    Lines are left to the terminal to wrap: commands and paths are there to be copied.
    """
    for line in (_headline(record), *_facts(record, run_dir), *_troubles(record)):
        console.print(line, soft_wrap=True)


def _headline(record: Mapping[str, Any]) -> Text:
    status = record["status"]
    name = clean(str((record.get("app") or {}).get("name") or record["id"]))
    head = Text.assemble((status.capitalize(), _STYLES.get(status, "bold yellow")), f": {name}")
    if record.get("error"):
        head.append(f"\n{clean(record['error'])}")
    return head


def _facts(record: Mapping[str, Any], run_dir: Path) -> list[Text]:
    facts: list[tuple[str, str]] = [("Built from", clean(record["spec"]["source"]))]
    app = record.get("app")
    best = record.get("best")
    finished = record["status"] in {"released", "not accepted"}
    if best:
        facts.append(("Best so far", f"{best['said']}; not accepted"))
    if app and (finished or best):
        facts += _commands(app, run_dir)
    if not finished and record["status"] != "running":
        facts.append(("Go on", f"macrohard resume {shlex.quote(str(run_dir))}"))
    tests = record.get("tests") or {}
    if tests:
        facts.append(("Tests", "; ".join(_suite(name, one) for name, one in tests.items())))
    for label, key, words in _IN_WORDS:
        if record.get(key):
            facts.append((label, words(record[key])))
    facts += [("Users", _users(record))] * bool(record["scenarios"])
    facts += [("Rounds", str(record["round"])), ("Cost", _cost(record))]
    if record.get("cluster"):
        facts.append(("Cluster", cluster_words(record["cluster"])))
    page = run_dir / FILE
    if page.exists():
        facts.append(("Report", str(page)))
    return [Text.assemble((f"{label:<12}", "bold"), clean(value)) for label, value in facts]


def _commands(app: Mapping[str, Any], run_dir: Path) -> list[tuple[str, str]]:
    """What a person types to use and to test the app."""
    lines = [("Run it", shlex.join([*app["run"], "--help"])), ("Test it", shlex.join(app["test"]))]
    if app.get("packages"):
        lines.insert(0, ("Needs", "python -m pip install -r requirements.lock"))
    if app.get("window"):
        lines.insert(-1, ("Its window", shlex.join(app["window"])))
    if app.get("serve"):
        lines.insert(-1, ("Open it", serve_words(app["serve"])))
    folder = shlex.quote(str(run_dir / app["dir"]))
    return [(label, f"cd {folder} && {line}") for label, line in lines]


_IN_WORDS: tuple[tuple[str, str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("Mutants", "mutation", mutation_words),
    ("Pictures", "pictures", picture_words),
)


def _suite(name: str, counts: Mapping[str, int]) -> str:
    return f"{name} {counts['passed']} passed, {counts['failed']} failed"


def _users(record: Mapping[str, Any]) -> str:
    latest = [trial for trial in record["trials"] if trial["round"] == record["round"]]
    by_persona: dict[str, list[bool]] = {}
    for trial in latest:
        by_persona.setdefault(trial["persona"], []).append(trial["satisfied"])
    each = ", ".join(f"{who} {sum(one)}/{len(one)}" for who, one in sorted(by_persona.items()))
    said = f"{record['satisfied']} of {record['scenarios']} satisfied"
    return f"{said} ({each})" if each else said


def _cost(record: Mapping[str, Any]) -> str:
    cost = record["cost"]
    used = cost["input_tokens"] + cost["output_tokens"]
    return (
        f"{dollars(cost)}, {plural(cost['calls'], 'call')}, {_about(cost)}{tokens(used)} tokens, "
        f"{duration(record.get('worked_s') or 0.0)} "
        f"({clean(models_said(record))})"
    )


def _about(cost: Mapping[str, Any]) -> str:
    return "about " if cost.get("estimated") else ""


def _troubles(record: Mapping[str, Any]) -> list[Text]:
    """Who was not satisfied and what is open; nothing when all is well."""
    lines: list[Text] = []
    sad = [t for t in record["trials"] if not t["satisfied"] and t["round"] == record["round"]]
    if sad:
        lines.append(Text("Not satisfied", style="bold"))
        lines += [_bullet(f"{t['id']}: {_first(t.get('reasons') or [])}") for t in sad[:_MOST]]
        lines += _more(len(sad))
    bad = worst_first(defect for defect in record["defects"] if defect.get("open"))
    if bad:
        lines.append(Text("Open defects", style="bold"))
        lines += [_bullet(f"{d['id']} ({d['severity']}): {d['title']}") for d in bad[:_MOST]]
        lines += _more(len(bad))
    titles = [defect["title"] for defect in record["defects"] if defect.get("open")]
    issues = [
        issue
        for issue in record.get("known_issues") or []
        if not any(title in issue for title in titles)
    ]
    if issues:
        lines.append(Text("Known issues", style="bold"))
        lines += [_bullet(issue) for issue in issues[:_MOST]]
        lines += _more(len(issues))
    return lines


def _first(reasons: Sequence[str]) -> str:
    """The first reason, cut; the trial's transcript has all of them."""
    first = reasons[0] if reasons else "no reason was recorded"
    rest = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{first[:_LONGEST]}{'…' if len(first) > _LONGEST else ''}{rest}"


def _bullet(text: str) -> Text:
    return Text(f"- {clean(text)}")


def _more(number: int) -> list[Text]:
    return [Text(f"- and {number - _MOST} more", style="dim")] if number > _MOST else []


_LONGEST = 160
"""Characters of a reason in the summary."""
