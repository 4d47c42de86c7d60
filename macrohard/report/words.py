"""How reports say things: amounts, durations, and text from models made safe to print."""

import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

_SEVERITIES = {"blocker": 0, "major": 1, "minor": 2}


def clean(text: str) -> str:
    """A text on one line that a terminal can be shown.

    Titles and reasons come from models; an escape sequence among them must not reach a terminal.
    """
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char)[0] != "C")


def clean_lines(text: str) -> str:
    """A text of several lines that a terminal can be shown."""
    return "\n".join(
        "".join(char for char in line if char == "\t" or unicodedata.category(char)[0] != "C")
        for line in text.splitlines()
    )


def plural(number: int, noun: str, several: str = "") -> str:
    """``1 call``, ``1,204 calls``."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def money(usd: float) -> str:
    """Dollars, with as many places as a small amount needs."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 1 else f"${usd:.4f}"


def dollars(account: Mapping[str, Any]) -> str:
    """What an account came to in dollars, and of how many calls the price is not known."""
    unpriced = account.get("unpriced", 0)
    said = money(account["usd"])
    return f"{said} and {plural(unpriced, 'call')} of unknown price" if unpriced else said


ACCOUNT = ("Calls", "Input", "of it cached", "Output", "Dollars", "Waited")
"""Heads of :func:`account_cells`."""


def account_cells(account: Mapping[str, Any]) -> tuple[str, ...]:
    """An account in the columns of :data:`ACCOUNT`; ``~`` marks tokens that are estimated."""
    about = "~" if account.get("estimated") else ""
    return (
        f"{account['calls']:,}",
        *(f"{about}{account[f'{kind}_tokens']:,}" for kind in ("input", "cached", "output")),
        dollars(account),
        duration(account["seconds"]),
    )


def models_said(record: Mapping[str, Any]) -> str:
    """The models that answered; before there is an answer, the one that is named for most."""
    names = list(record["cost"].get("by_model") or {}) or [record["options"].get("model") or "?"]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{'model' if len(names) == 1 else 'models'} {', '.join(names[:3])}{more}"


def tokens(number: int) -> str:
    """``950``, ``12.3 k``, ``4.56 M``."""
    if number < 1000:
        return str(number)
    if number < 999_950:
        return f"{number / 1000:.1f} k"
    return f"{number / 1_000_000:.2f} M"


def duration(seconds: float) -> str:
    """``0.4 s``, ``41 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def cluster_words(cluster: Mapping[str, Any]) -> str:
    """What a run's calls take on the modelled cluster, in one line."""
    if "error" in cluster:
        return f"{cluster['hardware']}: not modelled: {cluster['error']}"
    return (
        f"{cluster['hardware']}, modelled: {cluster['gpu_seconds']:,.1f} GPU-seconds, "
        f"{cluster['queueing_s']:,.2f} s queueing, {cluster['kwh']:.3g} kWh, "
        f"{money(cluster['usd'])}"
    )


def picture_words(pictures: Mapping[str, Any]) -> str:
    """How the app's pictures were made."""
    parts = [
        f"{', '.join(pictures[key])} {said}"
        for key, said in (
            ("painted", "painted by a model of images"),
            ("drawn", "drawn by rule"),
            ("left_out", "left out, for want of Pillow"),
        )
        if pictures[key]
    ]
    return "; ".join(parts)


def mutation_words(score: Mapping[str, Any]) -> str:
    """How many of the faults put into an app its own tests noticed, in one line."""
    if not score["tried"]:
        return "none could be tried"
    undecided = f", {score['undecided']} undecided" if score["undecided"] else ""
    return f"{score['caught']} of {score['tried']} caught by the unit tests{undecided}"


def worst_first(defects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Defects by severity, those of one severity in the order they came."""
    return sorted(defects, key=lambda defect: _SEVERITIES.get(defect["severity"], 0))


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds between two ISO 8601 times; None when one is missing."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def serve_words(command: Sequence[str], port: int = 8000) -> str:
    """The line that starts an app's server, and where its pages are then."""
    line = shlex.join(word.replace("{port}", str(port)) for word in command)
    return f"{line}   # http://127.0.0.1:{port}/"
