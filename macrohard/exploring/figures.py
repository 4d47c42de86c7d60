"""Figures on pages: which of them follow what is typed, and sums that contradict their rows."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from macrohard.webpage import Node, Page, collapsed, content

Figures = Mapping[str, Decimal]
"""Numbers by where they stand: page, words around them, place in the line."""

_DATES = re.compile(r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b")
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,']*(?:\.\d+)?(?![\w])")
_TOTAL = re.compile(r"^(?:grand |sub)?(?:total|sum|summe|gesamt)\b|\btotal$", re.IGNORECASE)


def figures_of(texts: Mapping[str, str]) -> dict[str, Decimal]:
    """All numbers of some pages.

    Lines with the same words around their numbers are added up, so that the order of a list does
    not matter.

    Args:
        texts: What is to be read, by address or command.
    """
    found: dict[str, Decimal] = defaultdict(Decimal)
    for place, text in texts.items():
        for line in text.splitlines():
            dateless = _DATES.sub("date", collapsed(line))
            words = _NUMBER.sub("#", dateless)
            for number, match in enumerate(_NUMBER.finditer(dateless), start=1):
                value = number_in(match[0])
                if value is not None:
                    found[f"{place} | {words} | {number}"] += value
    return dict(found)


def followers(before: Figures, after: Figures, amount: Decimal) -> dict[str, Decimal]:
    """Figures that grew by exactly an amount; one that is new grew from nothing."""
    return {
        key: value for key, value in after.items() if value - before.get(key, Decimal(0)) == amount
    }


def stale(followed: Figures, now: Figures, change: Decimal) -> list[tuple[str, Decimal, Decimal]]:
    """Figures that followed an addition and do not follow a change: where, expected, shown.

    One that is not shown any more says nothing, since lists may leave out what no longer fits.
    """
    return [
        (key, value + change, now[key])
        for key, value in followed.items()
        if key in now and now[key] != value + change
    ]


def wrong_totals(page: Page) -> list[tuple[str, str, Decimal, Decimal]]:
    """Rows of tables that are called a total and are not: table, column, shown, sum of the rows."""
    found = []
    for table in (node for node in page.nodes if node.tag == "table"):
        rows = [_cells(row) for row in table.walk() if row.tag == "tr"]
        heads, body = (rows[0], rows[1:]) if rows else ([], [])
        if len(body) < 3 or not body[-1] or not _TOTAL.search(body[-1][0]):
            continue
        *parts, last = body
        for column in range(1, len(last)):
            shown = number_in(last[column])
            given = [number_in(row[column]) for row in parts if column < len(row)]
            known = [value for value in given if value is not None]
            if shown is not None and len(known) == len(parts) and sum(known) != shown:
                name = heads[column] if column < len(heads) else f"column {column + 1}"
                found.append((page.name(table) or "a table", name, shown, Decimal(sum(known))))
    return found


def number_in(text: str) -> Decimal | None:
    """The number that a text is, with what people write around it."""
    plain = re.sub(r"[\s,'€$£]", "", text)
    try:
        return Decimal(plain) if re.fullmatch(r"-?\d+(?:\.\d+)?", plain) else None
    except InvalidOperation:
        return None


def told(rows: Iterable[tuple[str, Decimal, Decimal]]) -> str:
    """Figures that are wrong, one line each."""
    return "\n".join(
        f"{key.rpartition(' | ')[0]}: {wanted} was to be expected, {shown} is shown"
        for key, wanted, shown in rows
    )


def _cells(row: Node) -> list[str]:
    return [collapsed(content(cell)) for cell in row.children if cell.tag in {"td", "th"}]
