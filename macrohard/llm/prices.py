"""What a model's tokens cost: own prices first, then a price list that is kept by others.

The list is the data of the ``genai-prices`` library, which is part of its wheel: nothing is asked
over the network. It is believed only where it has the very model that is named. Its own look-up
goes by beginnings of names, too, and a cap in dollars must not rest on a cheaper relative's price.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Protocol

from macrohard.errors import ConfigError
from macrohard.llm.base import Usage

FREE = "free"
"""``priced_as`` of servers of one's own."""

_EDITION = re.compile(
    r"(?:[-@:](?:\d{4}-\d\d-\d\d|\d\d-\d\d|\d{8}|\d{3,4}|latest|preview|exp|beta))+$"
)
"""The end of a name that says which edition of a model is meant, not which model."""


_RELEASED = {
    "0.2.0": "2026-10-29",
    "0.2.1": "2026-10-30",
    "0.2.2": "2026-11-10",
    "0.2.3": "2026-11-10",
}
"""Days on which versions of the price list came out, by the package index."""


def list_date() -> str:
    """As of when the prices of the list are: its version, and its day where that is known."""
    edition = version("genai-prices")
    day = _RELEASED.get(edition)
    return f"{day} (genai-prices {edition})" if day else f"genai-prices {edition}"


class Price(Protocol):
    """What a model's tokens cost."""

    @property
    def said(self) -> dict[str, Any]:
        """The price for people: dollars per million tokens, its date and its source."""
        ...

    def usd(self, usage: Usage, at: datetime) -> float:
        """Dollars of a call that began at a time (some prices depend on the time of day)."""
        ...


@dataclass(frozen=True)
class FlatPrice:
    """A price of one's own.

    Attributes:
        input: Dollars per million input tokens.
        output: Dollars per million output tokens.
        cached: Dollars per million input tokens read from a prompt cache; None for ``input``.
        date: When it was looked up.
        source: Where.
    """

    input: float
    output: float
    cached: float | None = None
    date: str = ""
    source: str = ""

    @property
    def said(self) -> dict[str, Any]:
        """The price for people."""
        cached = self.input if self.cached is None else self.cached
        return {
            "input": self.input, "cached": cached, "output": self.output,
            "date": self.date, "source": self.source,
        }  # fmt: skip

    def usd(self, usage: Usage, at: datetime) -> float:  # noqa: ARG002 - the same at any time
        """Dollars of a call."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        rate = self.input if self.cached is None else self.cached
        fresh = (usage.input_tokens - cached) * self.input
        return (fresh + cached * rate + usage.output_tokens * self.output) / 1e6


NOTHING = FlatPrice(0.0, 0.0, source="no charge")
"""The price of what runs on one's own machine."""


class ListPrice:
    """A price of the ``genai-prices`` library, with its steps by size, date and time of day.

    Args:
        row: The library's row of the model.
        pages: Where the provider publishes its prices.
    """

    def __init__(self, row: Any, pages: list[str]) -> None:
        self._row = row
        self._pages = pages

    @property
    def said(self) -> dict[str, Any]:
        """The price for people, as it is now; tiers by size are told by their first step."""
        now = self._row.get_prices(datetime.now(UTC))
        rates = {
            "input": _rate(now.input_mtok),
            "cached": _rate(now.cache_read_mtok, now.input_mtok),
            "output": _rate(now.output_mtok),
        }
        page = self._pages[0] if self._pages else "no page"
        return {**rates, "date": list_date(), "source": f"{page} ({self._row.id})"}

    def usd(self, usage: Usage, at: datetime) -> float:
        """Dollars of a call."""
        import genai_prices  # noqa: PLC0415 - a large table, for those who pay

        used = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=min(usage.cached_tokens, usage.input_tokens) or None,
        )
        return float(self._row.get_prices(at).calc_price(used)["total_price"])


def find_price(
    name: str, priced_as: str, model: str, own: Mapping[str, Mapping[str, Any]]
) -> Price | None:
    """The price of a model; None where nobody knows it.

    Args:
        name: What the person named, such as ``openai:gpt-5``.
        priced_as: The provider in the price list, ``free``, or empty.
        model: The model's name at the provider.
        own: Prices of one's own by name; a name may end in ``*``.
    """
    if name in own:
        return own_price(own[name])
    for pattern, table in own.items():
        if pattern.endswith("*") and fnmatch.fnmatchcase(name, pattern):
            return own_price(table)
    if priced_as == FREE:
        return NOTHING
    return _listed(priced_as, model) if priced_as else None


def own_price(table: Mapping[str, Any]) -> FlatPrice:
    """The price in a table of a configuration file.

    Raises:
        ConfigError: A key is missing or unknown.
    """
    try:
        return FlatPrice(**table)
    except TypeError as error:
        raise ConfigError(f"a price needs `input` and `output`: {error}") from None


def lines_to_add(name: str) -> str:
    """What to add to a configuration file where a price is not known."""
    return (
        f'[prices."{name}"]\n'
        "input = DOLLARS_PER_MILLION_TOKENS\n"
        "output = DOLLARS_PER_MILLION_TOKENS\n"
        "cached = DOLLARS_PER_MILLION_TOKENS  # may be left out\n"
        'source = "WHERE_YOU_LOOKED"'
    )


def listed_window(provider_id: str, model: str) -> int | None:
    """Context window of a model by the price list; None where it does not say."""
    found = _row(provider_id, model) if provider_id and provider_id != FREE else None
    return None if found is None else found[1].context_window


def _row(provider_id: str, model: str) -> tuple[Any, Any] | None:
    """The provider and the row of the very model that is named."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - a large table

    try:
        provider, row = get_snapshot().find_provider_model(model, None, provider_id, None)
    except LookupError:
        return None
    return (provider, row) if _is_same(model.lower(), row) else None


def _listed(provider_id: str, model: str) -> ListPrice | None:
    found = _row(provider_id, model)
    if found is None:
        return None
    provider, row = found
    price = row.get_prices(datetime.now(UTC))
    known = price.input_mtok is not None and price.output_mtok is not None
    if not (known or model.endswith(":free")):
        return None
    return ListPrice(row, list(provider.pricing_urls or []))


def _is_same(model: str, row: Any) -> bool:
    """Whether a row is of this model and not of one whose name only begins alike."""
    bare = _EDITION.sub("", model)
    names = {row.id.lower(), *_names(row.match)}
    return bool({model, bare} & (names | {_EDITION.sub("", name) for name in names}))


def _names(clause: Any) -> Iterator[str]:
    """The names in a rule of the library that says which names mean a row."""
    for part in (*getattr(clause, "or_", ()), *getattr(clause, "and_", ())):
        yield from _names(part)
    for kind in ("equals", "starts_with", "ends_with", "contains"):
        if isinstance(name := getattr(clause, kind, None), str):
            yield name.lower()


def _rate(*candidates: Any) -> float:
    """The first rate that is there, dollars per million tokens."""
    for rate in candidates:
        if rate is not None:
            return float(getattr(rate, "base", rate))
    return 0.0
