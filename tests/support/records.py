"""A run directory written by hand: every part of a record that reports must be able to show."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

ZERO = {
    "calls": 0,
    "input_tokens": 0,
    "cached_tokens": 0,
    "output_tokens": 0,
    "usd": 0.0,
    "seconds": 0.0,
    "estimated": False,
}


def cost(calls: int, tokens: int, usd: float = 0.0) -> dict[str, Any]:
    return {
        **ZERO,
        "calls": calls,
        "input_tokens": tokens * 3,
        "cached_tokens": tokens,
        "output_tokens": tokens,
        "usd": usd,
        "seconds": calls * 0.5,
    }


def trial(
    name: str, round_: int, persona: str, *, satisfied: bool, why: str = ""
) -> dict[str, Any]:
    return {
        "id": name,
        "round": round_,
        "scenario": name.split("-")[1],
        "title": "A volunteer lends a drill",
        "persona": persona,
        "satisfied": satisfied,
        "reasons": [why] if why else [],
        "actions": 9,
        "seconds": 2.5,
        "evidence": f"trials/{name}",
    }


def item(name: str, role: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"Storage of {name}",
        "role": role,
        "kind": "build",
        "round": 1,
        "stories": ["S1"],
        "files": ["shop/store.py"],
        "depends_on": [],
        "defects": [],
        "outcome": outcome,
        "commit": f"{name.lower():0<40}" if outcome == "merged" else "",
        "reason": "",
        **more,
    }


_STAGES = ("intake", "requirements", "scenarios", "design", "plan", "integrate", "verify", "users")

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "id": "tools-20240305",
    "status": "released",
    "spec": {"source": "specs/tools.md", "sha256": "ab" * 32},
    "options": {
        "model": "offline",
        "sandbox": "auto",
        "allow_process_sandbox": False,
        "rounds": 4,
        "min_satisfied": None,
        "faults": 0.25,
        "seed": 7,
        "agents": None,
        "concurrency": 4,
        "approve": [],
        "caps": {"usd": 2.5, "tokens": None, "calls": None, "minutes": None},
    },
    "created": "2024-03-05T10:00:00+00:00",
    "finished": "2024-03-05T10:01:30+00:00",
    "worked_s": 89.2,
    "round": 2,
    "waves": 1,
    "stages": [
        {
            "stage": stage,
            "round": 1,
            "started": f"2024-03-05T10:00:{number:02d}.000+00:00",
            "finished": f"2024-03-05T10:00:{number + 1:02d}.500+00:00",
        }
        for number, stage in enumerate(_STAGES)
    ],
    "team": [{"role": "data-engineer", "reason": "Stock is a sum over movements."}],
    "items": [
        item("W1", "data-engineer", "merged"),
        item("W2", "cli-engineer", "failed", depends_on=["W1"], reason="no unit test ran"),
        item("W3", "repair-engineer", "merged", kind="repair", round=2, defects=["D1"]),
    ],
    "tests": {"unit": {"passed": 41, "failed": 0}, "acceptance": {"passed": 58, "failed": 2}},
    "rounds": [
        {
            "round": number,
            "commit": "c" * 40,
            "unit_failed": 2 - number,
            "unit_passed": 40,
            "acceptance_failed": 4 - number,
            "acceptance_passed": 56 + number,
            "satisfied": number - 1,
            "trials": 2,
        }
        for number in (1, 2)
    ],
    "trials": [
        trial("r1-X1-novice", 1, "novice", satisfied=False, why="step 2: 17.50 was not shown"),
        trial("r2-X1-novice", 2, "novice", satisfied=True),
        trial("r2-X2-hostile", 2, "hostile", satisfied=False, why="a traceback appeared"),
    ],
    "satisfied": 1,
    "scenarios": 2,
    "defects": [
        {
            "id": "D1",
            "title": "The total counts drafts",
            "severity": "major",
            "source": "acceptance",
            "evidence": "$ python -m shop item total price\nexpected: 12.50\nseen: 17.50",
            "criteria": ["S1.C1"],
            "files": ["shop/totals.py"],
            "failures": ["R1-A1"],
            "round": 1,
            "open": False,
        },
        {
            "id": "D2",
            "title": "An empty name ends in a traceback",
            "severity": "blocker",
            "source": "user",
            "evidence": "Traceback (most recent call last): …",
            "criteria": [],
            "files": [],
            "failures": ["R2-X1"],
            "round": 2,
            "open": True,
        },
    ],
    "cost": {
        **cost(12, 2000, 0.31),
        "by_stage": {"intake": cost(1, 100), "coding": cost(11, 1900, 0.31)},
        "by_role": {"intake-analyst": cost(1, 100), "data-engineer": cost(11, 1900, 0.31)},
        "by_item": {"-": cost(1, 100), "W1": cost(11, 1900, 0.31)},
        "by_model": {"offline": cost(12, 2000, 0.31)},
    },
    "traceability": [
        {
            "lines": [12, 14],
            "story": "S1",
            "want": "see what my tools are worth",
            "criterion": "S1.C1",
            "given": "three priced tools and a draft",
            "when": "the total is asked for",
            "then": "the total leaves drafts out",
            "tests": ["test_total", "test_total_by_month", "test_total_empty", "test_total_json"],
            "scenarios": ["X1"],
            "trials": ["r2-X1-novice"],
            "items": ["W1", "W3"],
            "commits": ["w10000000000"],
            "usd": 0.31,
            "tokens": 7600,
        },
        {
            "lines": [15],
            "story": "S1",
            "want": "see what my tools are worth",
            "criterion": "S1.C2",
            "then": "an empty list says so",
            "tests": [],
            "scenarios": [],
            "trials": [],
            "items": ["W2"],
            "commits": [],
            "usd": 0.0,
            "tokens": 0,
        },
    ],
    "app": {
        "dir": "app",
        "name": "shop",
        "run": ["python", "-m", "shop"],
        "test": ["python", "-m", "unittest"],
    },
    "error": None,
}

EVENTS: list[dict[str, Any]] = [
    {"type": "run_started", "id": "tools-20240305", "resumed": False},
    {"type": "stage_started", "stage": "intake", "round": 1},
    {
        "type": "call_finished",
        "role": "intake-analyst",
        "stage": "intake",
        "item": "",
        "model": "offline",
        "input_tokens": 300,
        "cached_tokens": 0,
        "output_tokens": 100,
        "usd": 0.25,
        "seconds": 0.2,
        "reused": False,
    },
    {"type": "stage_finished", "stage": "intake", "round": 1},
    {
        "type": "item_started",
        "item": "W1",
        "role": "data-engineer",
        "title": "Storage",
        "round": 1,
        "reason": "build",
    },
    {
        "type": "item_started",
        "item": "W2",
        "role": "cli-engineer",
        "title": "Commands",
        "round": 1,
        "reason": "build",
    },
    {
        "type": "item_finished",
        "item": "W1",
        "role": "data-engineer",
        "title": "Storage",
        "round": 1,
        "outcome": "ready",
    },
    {"type": "commit", "item": "W1", "sha": "a" * 40},
    {"type": "tests_finished", "suite": "unit", "round": 1, "passed": 40, "failed": 1},
    {
        "type": "trial_started",
        "trial": "r1-X1-novice",
        "scenario": "X1",
        "persona": "novice",
        "round": 1,
    },
    {
        "type": "trial_finished",
        "trial": "r1-X1-novice",
        "scenario": "X1",
        "persona": "novice",
        "round": 1,
        "satisfied": False,
        "seconds": 2.5,
        "reasons": ["step 2: 17.50 was not shown"],
    },
    {
        "type": "defect",
        "id": "D1",
        "title": "The total counts drafts",
        "severity": "major",
        "round": 1,
    },
    {"type": "decision", "round": 1, "decision": "another round", "reason": "One defect is open."},
]


def record_with(**changes: Any) -> dict[str, Any]:
    """A copy of the record with some parts replaced."""
    return {**deepcopy(RECORD), **deepcopy(changes)}


def write_run(folder: Path, **changes: Any) -> Path:
    """A run directory with a record, events and the evidence of one trial."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(record_with(**changes)))
    lines = [
        json.dumps({"v": 1, "seq": number, "at": f"2024-03-05T10:00:{number:02d}+00:00", **event})
        for number, event in enumerate(EVENTS)
    ]
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    evidence = folder / "trials" / "r2-X1-novice"
    evidence.mkdir(parents=True, exist_ok=True)
    (evidence / "transcript.md").write_text("# Transcript\n")
    (evidence / "film.webm").write_bytes(b"film")
    (evidence / "session.cast").write_text("{}\n")
    return folder
