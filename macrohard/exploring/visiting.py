"""An exploring user of pages: goes round the site, and sends forms until they are accepted."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from macrohard.exploring.findings import Explorer
from macrohard.exploring.sight import Field, Form, PageDriver, Sight, look, pattern
from macrohard.exploring.values import Habit, about, kind_of, typed_for
from macrohard.users.base import (
    Action,
    Attach,
    Choose,
    Click,
    ComeBack,
    Fill,
    Open,
    UserActionError,
)
from macrohard.webpage import content

PAGES = 50
"""Pages of one tour at most."""
_ALIKE = 2
"""Pages of one making (``/tools/N``) that a tour looks at."""
_VARIANTS = 3
"""Addresses that differ by what is asked for alone (``?sort=…``)."""
_ATTEMPTS = 5
"""How often a form is filled in anew after a refusal."""
_PASSWORD = "Passw0rd-example"  # noqa: S105 - typed into forms that want one
_ACTS = re.compile(r"\b(?:log ?out|sign ?out|delete|remove|reset|clear)\b", re.IGNORECASE)
"""Links that may do something, which no tour follows."""


def shows(text: str, words: str) -> bool:
    """Whether words are to be read in a text; what joins them may have become something else."""
    return _plain(words) in _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).casefold()


@dataclass(frozen=True)
class Site:
    """What a tour saw.

    Attributes:
        sights: Pages by address.
        dead: Links that led to an error: address, where it was, name.
    """

    sights: Mapping[str, Sight]
    dead: tuple[tuple[str, str, str], ...] = ()

    @property
    def forms(self) -> tuple[Form, ...]:
        """Forms of the site, each making once."""
        found: dict[str, Form] = {}
        for sight in self.sights.values():
            for form in sight.forms:
                found.setdefault(form.key, form)
        return tuple(found.values())

    def showing(self, text: str) -> tuple[str, ...]:
        """Addresses of the pages on which a text is to be read, or stands in a field."""
        return tuple(path for path, sight in self.sights.items() if shows(sight.text, text))


@dataclass(frozen=True)
class Sent:
    """A form that was sent.

    Attributes:
        form: The form.
        typed: What was typed or chosen, by label.
        before: The page with the form.
        after: What came.
        accepted: Whether the page took it.
    """

    form: Form
    typed: Mapping[str, str]
    before: Sight
    after: Sight
    accepted: bool


@dataclass
class _Filling:
    """What is known about a form after some attempts."""

    tries: Counter[str] = field(default_factory=Counter)
    left_out: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    """What refusals said about a field, by label."""

    def read(self, each: Field) -> Field:
        """A field with all that is known of it."""
        said = self.said.get(each.label)
        return replace(each, hint=f"{said}; {each.hint}") if said else each


class PageExplorer(Explorer):
    """Looks around on pages.

    Args:
        driver: Eyes and hands.
        name: Names the tape.
        mark: A word that what is typed ends with, where pages may show what an earlier user left.
    """

    driver: PageDriver
    runs_scripts = False

    def __init__(self, driver: PageDriver, name: str, mark: str = "") -> None:
        super().__init__(driver, name)
        self.mark = mark
        self._slow: set[str] = set()

    async def open(self, address: str) -> Sight | None:
        """Go to an address; None where no page came."""
        return await self._after(Open(address=address))

    async def come_back(self) -> Sight | None:
        """Have the server started again, as when the machine was switched off overnight."""
        return await self._after(ComeBack())

    async def _after(self, action: Action) -> Sight | None:
        try:
            seen = await self.act(action)
        except UserActionError as error:
            if isinstance(action, Open) and "Timeout" in str(error):
                self.find("hang", f"{action.address} does not come: {error}", seen=str(error))
                self._slow.add(action.address)
            return None
        if isinstance(action, Open) and any(p.kind == "hang" for p in seen.problems):
            self._slow.add(action.address)
            return None
        if seen.state.http_status is None:
            return None
        return await look(self.driver)

    async def tour(self, pages: int = PAGES) -> Site:
        """Look at the pages that links lead to, nearest first."""
        sights: dict[str, Sight] = {}
        dead: list[tuple[str, str, str]] = []
        alike: Counter[str] = Counter()
        waiting = [("/", "/", "start")]
        known = {"/"}
        while waiting and len(sights) < pages:
            address, source, name = waiting.pop(0)
            kind = pattern(address)
            alike[kind] += 1
            if address in self._slow:
                continue  # nobody has the patience for that twice
            if alike[kind] > (_ALIKE if "N" in kind.split("/") else _VARIANTS):
                continue
            sight = await self.open(address)
            if sight is None:
                continue
            if sight.status >= 400:
                dead.append((address, source, name))
                continue
            sights[address] = sight
            for text, target in _ends(sight.links):
                if target not in known and not _ACTS.search(text):
                    known.add(target)
                    waiting.append((target, address, text))
        return Site(sights, tuple(dead))

    async def enter(self, form: Form, habit: Habit, fixed: Mapping[str, str] | None = None) -> Sent:
        """Fill in a form as far as the page explains it, and send it until it is accepted.

        Args:
            form: The form.
            habit: What is typed.
            fixed: What is typed into some fields, whatever the page says.
        """
        known = _Filling()
        sent = None
        for _ in range(_ATTEMPTS):
            typed = self._texts(form, habit, known) | dict(fixed or {})
            sent = await self.send(form, typed)
            if sent.accepted or sent.after.status >= 500:
                break
            self._learn(sent, known)
        assert sent is not None  # noqa: S101 - there is at least one attempt
        return sent

    @staticmethod
    def _texts(form: Form, habit: Habit, known: _Filling) -> dict[str, str]:
        typed = {}
        for place, each in enumerate(map(known.read, form.fields)):
            if not each.label or each.label in known.left_out:
                continue
            if each.kind == "select":
                if each.options and not each.value.strip():
                    typed[each.label] = each.options[0]
            elif each.kind == "password":
                typed[each.label] = _PASSWORD
            elif each.kind not in {"checkbox", "radio", "file", "color"} or each.required:
                own = habit.at(place)
                typed[each.label] = typed_for(each, own, place, known.tries[each.label])
        return typed

    @staticmethod
    def _learn(sent: Sent, known: _Filling) -> None:
        """From a refusal: which fields were wrong, and what to leave out."""
        again = next((f for f in sent.after.forms if f.key == sent.form.key), sent.form)
        told = "\n".join(content(n) for n in sent.after.page.nodes if n.get("role") == "alert")
        said = {f.label: about(f.label, told or sent.after.text) for f in again.fields if f.label}
        blamed = [f for f in again.fields if f.invalid] or [
            f for f in again.fields if f.label and told and said[f.label]
        ]
        for each in blamed or [f for f in again.fields if f.kind != "select"]:
            before = known.read(each)
            if told and said.get(each.label):
                known.said[each.label] = said[each.label]
            if kind_of(known.read(each)) == kind_of(before):
                known.tries[each.label] += 1
            if known.tries[each.label] > 1 and not each.required:
                known.left_out.add(each.label)

    async def send(self, form: Form, typed: Mapping[str, str], *, twice: bool = False) -> Sent:
        """Open the page of a form, fill it in, and press its button.

        Args:
            form: The form.
            typed: What to type or choose, by label; what is left out stays as it is.
            twice: Whether to double-click.
        """
        before = await self.open(form.path)
        if before is None:
            before = await look(self.driver)
        return await self.fill_in(form, typed, before, twice=twice)

    async def fill_in(
        self, form: Form, typed: Mapping[str, str], before: Sight, *, twice: bool = False
    ) -> Sent:
        """Fill in a form of the page that is open, and press its button."""
        fields = {each.label: each for each in form.fields}
        for label, text in typed.items():
            if label in fields:
                await self.tries(_hand(fields[label], text))
        after = await self._after(Click(name=form.button, twice=twice))
        if after is None:
            after = Sight(form.path, 0, before.page)
        accepted = 0 < after.status < 400 and not after.refuses(form)
        sent = Sent(form, typed, before, after, accepted)
        self._check_told(sent)
        return sent

    def _check_told(self, sent: Sent) -> None:
        """A refusal says something that was not on the page before."""
        again = any(each.key == sent.form.key for each in sent.after.forms)
        if not again or not 400 <= sent.after.status < 500:
            return
        new = set(sent.after.text.splitlines()) - set(sent.before.text.splitlines())
        if not new and not any(f.invalid for form in sent.after.forms for f in form.fields):
            title = f"what is sent with {sent.form.button!r} is refused without a word"
            self.find("refusals", title, seen=f"on {sent.form.path}, status {sent.after.status}")


def _ends(links: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Links without those in the middle of a list: of many records the oldest and the newest."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for link in links:
        kind = pattern(link[1])
        groups.setdefault(kind if "N" in kind.split("/") else link[1], []).append(link)
    return [link for group in groups.values() for link in dict.fromkeys((group[0], group[-1]))]


def _hand(field_: Field, text: str) -> Action:
    """What one does to have a text in a field."""
    match field_.kind:
        case "select":
            return Choose(label=field_.label, option=text)
        case "file":
            return Attach(label=field_.label, file="probe.csv", content="name\nprobe\n")
        case "checkbox" | "radio":
            return Click(name=field_.label)
        case _:
            return Fill(label=field_.label, text=text)
