"""Parts of the report about the result: what it is, who was satisfied, what it cost."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from macrohard.report.markup import Markup, anchor, join, table, tag
from macrohard.report.words import (
    ACCOUNT,
    account_cells,
    cluster_words,
    dollars,
    duration,
    models_said,
    money,
    mutation_words,
    picture_words,
    seconds_between,
    serve_words,
    tokens,
)

Record = Mapping[str, Any]

_FIRST = ("transcript", "film.webm")
"""Of a trial's files what people look at, in order."""
_FEW = 3
"""Reasons shown at once; more are folded away."""
_GOOD = {"released", "merged", "satisfied", "passed", "closed"}
_BAD = {"not accepted", "failed", "blocked", "conflict", "not satisfied", "stopped", "blocker"}


def badge(text: str) -> Markup:
    """A state, as a word; the colour only repeats it."""
    kind = "good" if text in _GOOD else "bad" if text in _BAD else "warn"
    return tag("span", text, class_=f"badge {kind}")


def name_of(record: Record) -> str:
    """Name of the app, before its design that of the run."""
    return str((record.get("app") or {}).get("name") or record["id"])


def _users(record: Record) -> tuple[str, str]:
    """How many were satisfied, and in which round when the last has not come to its users."""
    if record["scenarios"]:
        return f"{record['satisfied']} of {record['scenarios']}", ""
    last = max((trial["round"] for trial in record["trials"]), default=0)
    tried = [trial["satisfied"] for trial in record["trials"] if trial["round"] == last]
    if not tried:
        return "none tried", ""
    return f"{sum(tried)} of {len(tried)}", f"in round {last}; none tried yet in {record['round']}"


def header(record: Record) -> Markup:
    """Name, state, and the figures everyone asks for first."""
    cost = record["cost"]
    tests = record.get("tests") or {}
    passed = sum(suite["passed"] for suite in tests.values())
    failed = sum(suite["failed"] for suite in tests.values())
    open_defects = sum(1 for defect in record["defects"] if defect.get("open"))
    figures = [
        ("Users satisfied", *_users(record)),
        ("Tests passed", f"{passed} of {passed + failed}" if tests else "none ran", ""),
        ("Open defects", str(open_defects), f"{len(record['defects'])} found"),
        ("Rounds", str(record["round"]), f"of at most {record['options'].get('rounds', '?')}"),
        ("Model calls", f"{cost['calls']:,}", f"{tokens(_all_tokens(cost))} tokens"),
        ("Cost", dollars(cost), models_said(record)),
        ("Time worked", duration(record.get("worked_s") or 0.0), ""),
    ]
    boxes = [
        tag("div", tag("dt", label), tag("dd", value, tag("small", more) if more else None))
        for label, value, more in figures
    ]
    error = record.get("error")
    return tag(
        "header",
        tag("h1", name_of(record), " ", badge(record["status"])),
        tag("p", f"Built from {record['spec']['source']} as run {record['id']}.", class_="soft"),
        tag("p", error, class_="note") if error else None,
        tag("dl", *boxes, class_="figures"),
    )


def how_to_run(record: Record) -> Markup | None:
    """Commands to start and to test the app."""
    app, best = record.get("app"), record.get("best")
    if not app or not (best or record["status"] in {"released", "not accepted"}):
        return None
    served = [serve_words(app["serve"])] if app.get("serve") else []
    help_ = shlex.join([*app["run"], "--help"])
    window = [shlex.join(app["window"])] if app.get("window") else []
    lines = [f"cd {app['dir']}", help_, *served, *window, shlex.join(app["test"])]
    caution = "It was built, but not accepted: see the open defects before you rely on it."
    return join(
        [
            tag("p", "From the folder of this run: the help, then the app's own unit tests."),
            tag("pre", "\n".join(lines)),
            _pictures(record),
            _demo(record),
            tag("p", caution, class_="note") if record["status"] == "not accepted" else None,
            tag("p", f"Not accepted. The best so far: {best['said']}.", class_="note")
            if best
            else None,
        ]
    )


def _demo(record: Record) -> Markup | None:
    """A link to the demo, where one was cut into the run."""
    name = record.get("demo")
    return tag("p", "Demo: ", tag("a", name, href=quote(name)), ".") if name else None


def _pictures(record: Record) -> Markup | None:
    made = record.get("pictures")
    if not made:
        return None
    place = tag("code", f"app/{made['folder']}")
    return tag("p", f"Pictures: {picture_words(made)}. They lie in ", place, ".")


def users(record: Record, run_dir: Path) -> Markup | None:
    """Every trial, those of the last round first, with what was seen."""
    trials = record["trials"]
    if not trials:
        return None
    parts: list[Markup] = []
    latest = max(trial["round"] for trial in trials)
    by_persona: dict[str, list[bool]] = {}
    for trial in trials:
        if trial["round"] == latest:
            by_persona.setdefault(trial["persona"], []).append(trial["satisfied"])
    said = ", ".join(f"{name} {sum(v)} of {len(v)}" for name, v in sorted(by_persona.items()))
    parts.append(tag("p", f"Satisfied in the last round: {said}."))
    for round_ in sorted({trial["round"] for trial in trials}, reverse=True):
        rows = [_trial(trial, run_dir) for trial in trials if trial["round"] == round_]
        head = ("Trial", "Persona", "Scenario", "Verdict", "Why", "Actions", "Evidence")
        one = table(f"Trials of round {round_}", head, rows, numbers=[5])
        if round_ != latest:
            one = tag("details", tag("summary", f"Round {round_}"), one)
        parts.append(one)
    return join(parts)


def tests(record: Record) -> Markup | None:
    """Counts of both suites, and how they developed."""
    if not record.get("tests"):
        return None
    rows = [
        (
            suite,
            _counted(counts["passed"], counts["failed"]),
            counts["passed"],
            counts["failed"],
        )
        for suite, counts in record["tests"].items()
    ]
    last = table("Last round", ("Suite", "Result", "Passed", "Failed"), rows, numbers=[2, 3])
    if record.get("mutation"):
        last = join([last, _mutation(record["mutation"])])
    history = record.get("rounds") or []
    if len(history) < 2:
        return last
    rounds = [
        (
            entry["round"],
            f"{entry['unit_passed']} / {entry['unit_failed']}",
            f"{entry['acceptance_passed']} / {entry['acceptance_failed']}",
            f"{entry['satisfied']} of {entry['trials']}",
        )
        for entry in history
    ]
    head = ("Round", "Unit, passed / failed", "Acceptance, passed / failed", "Users satisfied")
    return join([last, table("Round by round", head, rounds, numbers=[1, 2, 3])])


def _mutation(score: Mapping[str, Any]) -> Markup:
    """Whether the unit tests would notice a fault, and which ones they did not."""
    rows = [(one["file"], one["line"], one["change"]) for one in score["survivors"]]
    said = f"Faults put into the app on purpose: {mutation_words(score)}."
    head = ("File", "Line", "Change that no test noticed")
    return join(
        [tag("p", said), table("Faults unnoticed", head, rows, numbers=[1]) if rows else None]
    )


def cost(record: Record) -> Markup:
    """Who used how much."""
    whole = record["cost"]
    parts: list[Markup] = []
    if whole.get("estimated"):
        text = "Some calls came without a token count; theirs were counted from the text (~)."
        parts.append(tag("p", text, class_="soft"))
    for key, title in (
        ("by_stage", "By stage"),
        ("by_role", "By role"),
        ("by_model", "By model"),
        ("by_item", "By work item and trial"),
    ):
        group = whole.get(key) or {}
        rows = [_cost_row("none" if name == "-" else name, one) for name, one in group.items()]
        rows.append(_cost_row("Total", whole))
        one = table(title, (title.removeprefix("By ").capitalize(), *ACCOUNT), rows, range(1, 7))
        if key == "by_item":
            one = tag("details", tag("summary", title), one)
        parts.append(one)
    if record.get("prices"):
        parts.append(_prices(record["prices"]))
    if record.get("cluster"):
        parts.append(_cluster(record["cluster"]))
    return join(parts)


def _prices(prices: Mapping[str, Any]) -> Markup:
    """What a million tokens cost, from when and where."""
    rows = [
        (name, *(f"{price[k]:g}" for k in ("input", "cached", "output")), price["date"],
         price["source"])
        if price
        else (name, "not known", "", "", "", "")
        for name, price in prices.items()
    ]  # fmt: skip
    head = ("Model", "Input", "Cached input", "Output", "Date", "Source")
    return table("Prices, dollars per million tokens", head, rows, numbers=[1, 2, 3])


def _cluster(cluster: Mapping[str, Any]) -> Markup:
    """What the calls take on the modelled cluster."""
    if "error" in cluster:
        return tag("p", f"Cluster {cluster_words(cluster)}")
    rows = [
        ("Hardware", cluster["hardware"]),
        ("Served by", cluster["deployment"]),
        ("Calls", f"{cluster['calls']:,}"),
        ("Prompt tokens in cache", tokens(cluster["cached_tokens"])),
        ("GPU-seconds", f"{cluster['gpu_seconds']:,.1f}"),
        ("Queueing, all calls", f"{cluster['queueing_s']:,.2f} s"),
        ("In the model, all calls", f"{cluster['model_s']:,.1f} s"),
        ("First call to last", duration(cluster["elapsed_s"])),
        ("Energy", f"{cluster['kwh']:.3g} kWh"),
        ("Dollars", money(cluster["usd"])),
        ("Step times", cluster["step_time"]),
    ]
    said = tag("p", cluster["modelled"], class_="soft")
    return join([table("On the modelled cluster", ("", "Amount"), rows), said])


def options(record: Record) -> Markup:
    """The settings the run was started with."""
    caps = record["options"].get("caps") or {}
    routing = record["options"].get("routing") or {}
    nested = {"caps", "routing"}
    plain = {key: value for key, value in record["options"].items() if key not in nested}
    if routing.get("fallbacks"):
        plain["model"] = [plain["model"], *routing["fallbacks"]]
    plain |= {f"tier {key}": value for key, value in (routing.get("tiers") or {}).items()}
    plain |= {f"role {key}": value for key, value in (routing.get("roles") or {}).items()}
    plain |= {f"max_{key}": value for key, value in caps.items()}
    rows = [
        (
            tag("code", f"--{key.replace('_', '-')}"),
            "not set" if value in (None, [], "") else _said(value),
        )
        for key, value in plain.items()
    ]
    spec = ("spec", f"{record['spec']['source']} (SHA-256 {record['spec']['sha256']})")
    return table("Settings", ("Setting", "Value"), [spec, *rows])


def footer(record: Record, events: int) -> str:
    """Where this page comes from."""
    span = seconds_between(record["created"], record.get("finished"))
    ended = f", ended {record['finished']} ({duration(span)} later)" if span is not None else ""
    return f"Started {record['created']}{ended}. Made from run.json and {events:,} events."


def _trial(trial: Mapping[str, Any], run_dir: Path) -> list[object]:
    return [
        tag("td", tag("code", trial["id"]), id=anchor("trial", trial["id"])),
        trial["persona"],
        f"{trial['scenario']} {trial.get('title', '')}",
        badge("satisfied" if trial["satisfied"] else "not satisfied"),
        _reasons(trial.get("reasons") or []),
        trial.get("actions", ""),
        join(_evidence(trial.get("evidence") or "", run_dir), between=" "),
    ]


def _reasons(reasons: list[str]) -> Markup:
    """The first reasons; the rest, often echoes of these, folded away."""
    items = [tag("li", reason) for reason in reasons]
    if len(items) <= _FEW:
        return tag("ul", *items) if items else Markup("")
    rest = tag("summary", f"{len(items) - _FEW} more")
    return join([tag("ul", *items[:_FEW]), tag("details", rest, tag("ul", *items[_FEW:]))])


def _evidence(path: str, run_dir: Path) -> Iterable[Markup]:
    """Links to the files of a trial, if its folder really is inside the run."""
    folder = run_dir / path
    try:
        if not path or not folder.resolve().is_relative_to(run_dir.resolve()):
            return
        files = [folder] if folder.is_file() else [p for p in folder.glob("*") if p.is_file()]
    except (OSError, ValueError):
        # No path of this machine at all: too long, or with characters no path can have.
        return
    first = [file for start in _FIRST for file in sorted(files) if file.name.startswith(start)]
    links = [
        tag("a", file.name, href=quote(str(file.relative_to(run_dir))))
        for file in (*first, *(file for file in sorted(files) if file not in first))
    ]
    shown = max(1, len(first))
    yield from links[:shown]
    if len(links) > shown:
        more = tag("summary", f"{len(links) - shown} more")
        yield tag("details", more, join(links[shown:], between=" "))


def _counted(passed: int, failed: int) -> Markup:
    if failed:
        return badge("failed")
    return badge("passed") if passed else badge("nothing ran")


def _cost_row(name: str, one: Mapping[str, Any]) -> list[object]:
    return [name, *account_cells(one)]


def _all_tokens(one: Mapping[str, Any]) -> int:
    return int(one["input_tokens"]) + int(one["output_tokens"])


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)
