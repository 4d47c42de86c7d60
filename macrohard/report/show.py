"""``macrohard show``: a run on a terminal, whole or one stage of it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from macrohard.journal import Event, read_journal
from macrohard.report.plain import tell
from macrohard.report.summary import print_summary
from macrohard.report.timeline import stage_rows
from macrohard.report.words import (
    ACCOUNT,
    account_cells,
    clean,
    dollars,
    duration,
    plural,
    seconds_between,
    tokens,
)

Record = Mapping[str, Any]


def show_run(console: Console, record: Record, run_dir: Path) -> None:
    """Print the summary, the stages, the work items and the trials of a run."""
    print_summary(console, record, run_dir)
    events = list(read_journal(run_dir / "events.jsonl"))
    parts = (_stages(record, events), _items(record), _trials(record), *_costs(record))
    for part in parts:
        if part.row_count:
            console.print()
            console.print(part)


def show_stage(console: Console, record: Record, run_dir: Path, stage: str) -> None:
    """Print what one stage did: when, its events, and what it cost."""
    part = stage_record(record, run_dir, stage)
    rounds = [row for row in part["rounds"] if row["started"]]
    if not part["events"] and not rounds:
        console.print(f"Stage {stage} has not begun in this run.", highlight=False)
        return
    for row in rounds:
        took = seconds_between(row["started"], row["finished"])
        ended = f"took {duration(took)}" if took is not None else "is not finished"
        console.print(Text(f"Round {row['round']}: began {row['started']}, {ended}."))
    for event in part["events"]:
        line = tell(event)
        if line:
            console.print(Text(f"{event['at']}  {line.strip()}"), soft_wrap=True)
    cost = part["cost"]
    if cost:
        used = cost["input_tokens"] + cost["output_tokens"]
        console.print(
            Text(f"{plural(cost['calls'], 'call')}, {tokens(used)} tokens, {dollars(cost)}")
        )


def stage_record(record: Record, run_dir: Path, stage: str) -> dict[str, Any]:
    """What is known of one stage, as plain JSON types."""
    events = list(read_journal(run_dir / "events.jsonl"))
    told = [e for e in events if e["type"] != "call_finished" and _stage_of(e) == stage]
    return {
        "stage": stage,
        "rounds": [row for row in stage_rows(record, events) if row["stage"] == stage],
        "events": told,
        "cost": (record["cost"].get("by_stage") or {}).get(stage),
    }


def runs_table(rows: Iterable[tuple[Path, Record]]) -> Table:
    """All runs, one line each."""
    table = _table("", "Run", "Status", "App", "Round", "Users", "Created", "Cost")
    for path, record in rows:
        _add(
            table,
            str(path),
            record["status"],
            str((record.get("app") or {}).get("name") or "-"),
            str(record["round"]),
            f"{record['satisfied']}/{record['scenarios']}",
            str(record["created"])[:16].replace("T", " "),
            dollars(record["cost"]),
        )
    return table


def _stage_of(event: Event) -> str | None:
    kind = event["type"]
    if kind.startswith("item_"):
        return "coding"
    if kind.startswith("trial_"):
        return "users"
    by_kind = {
        "commit": "integrate",
        "tests_finished": "verify",
        "mutants_tried": "users",
        "defect": "triage",
        "decision": "triage",
    }
    return by_kind.get(kind, event.get("stage"))


def _stages(record: Record, events: list[Event]) -> Table:
    table = _table("Stages", "Stage", "Round", "Took", "Calls", "Tokens")
    costs = dict(record["cost"].get("by_stage") or {})
    for row in stage_rows(record, events):
        took = seconds_between(row["started"], row["finished"])
        # Costs are kept by stage over all rounds, so they stand in its first row.
        cost = costs.pop(row["stage"], None)
        _add(
            table,
            row["stage"],
            str(row["round"]),
            duration(took) if took is not None else "not finished",
            f"{cost['calls']:,}" if cost else "",
            tokens(cost["input_tokens"] + cost["output_tokens"]) if cost else "",
        )
    return table


def _items(record: Record) -> Table:
    table = _table("Work items", "Id", "Title", "Role", "Round", "Outcome", "Commit")
    for item in record["items"]:
        _add(
            table,
            item["id"],
            item["title"],
            item["role"],
            str(item["round"]),
            item["outcome"],
            item["commit"][:8],
        )
    return table


def _trials(record: Record) -> Table:
    """Those of the last round that had any; the report has them all."""
    latest = max((trial["round"] for trial in record["trials"]), default=0)
    table = _table(
        f"Trials of round {latest}", "Trial", "Persona", "Scenario", "Satisfied", "Why not"
    )
    for trial in record["trials"]:
        if trial["round"] != latest:
            continue
        _add(
            table,
            trial["id"],
            trial["persona"],
            f"{trial['scenario']} {trial.get('title', '')}",
            "yes" if trial["satisfied"] else "no",
            "; ".join(trial.get("reasons") or []),
        )
    return table


def _costs(record: Record) -> Iterator[Table]:
    """Who used how much: by model, role, and work item or trial."""
    groups = (("by_model", "Model"), ("by_role", "Role"), ("by_item", "Work item or trial"))
    for key, name in groups:
        table = _table(f"Cost by {name.lower()}", name, *ACCOUNT)
        for who, account in (record["cost"].get(key) or {}).items():
            _add(table, "none" if who == "-" else who, *account_cells(account))
        yield table


def _add(table: Table, *cells: str) -> None:
    """A row of texts as they are: rich would read brackets in a plain str as its own markup."""
    table.add_row(*(Text(clean(cell)) for cell in cells))


def _table(title: str, *heads: str) -> Table:
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for head in heads:
        table.add_column(head, overflow="fold")
    return table
