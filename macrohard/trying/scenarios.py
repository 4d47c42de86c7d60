"""Scenarios that people write: Markdown, or the same in YAML or JSON (``docs/trying.md``)."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from macrohard.errors import SpecError, UsageError
from macrohard.llm.base import ToolCall
from macrohard.trying.lines import KNOWN, Check, Deed, looks_like_one, read_line
from macrohard.work import Scenario, ScenarioStep

_HEADING = re.compile(r"^#{1,3}\s+(?P<title>\S.*)$")
_SETTING = re.compile(r"^(?P<key>persona|interface|goal)\s*:\s*(?P<value>\S.*)$", re.IGNORECASE)
_STEP = re.compile(r"^\d+[.)]\s+(?P<text>\S.*)$")
_POINT = re.compile(r"^\s*[-*]\s+(?P<text>\S.*)$")
_END = re.compile(r"^(?:#{1,4}\s+)?(?:at the end|in the end|finally)\s*:?\s*$", re.IGNORECASE)
_SURFACES = ("cli", "web", "api", "desktop")
_DONE_AT: dict[str, set[str | None]] = {
    "cli": {None, "cli"}, "web": {None, "web"}, "api": {None, "api"},
    "desktop": {None, "cli", "web", "desktop"},
}  # fmt: skip
"""What can be done where; who sits at a window types, clicks and fills in, too."""


@dataclass(frozen=True)
class Written:
    """A scenario that somebody wrote.

    Attributes:
        scenario: What a user is asked to do.
        persona: Who is to do it; empty for anybody.
        closing: What is done at the end to see what must be true then.
        judged: The scenario with the steps of ``closing``; None where there are none.
        playable: Whether every step says what to do, so that no language model is needed.
        source: File and line it begins at.
        undecided: Whether nothing says which interface it is about.
    """

    scenario: Scenario
    persona: str
    closing: tuple[ToolCall, ...]
    judged: Scenario | None
    playable: bool
    source: str
    undecided: bool = False

    def on_pages(self) -> "Written":
        """The same, tried on pages."""
        changed = {"interface": "web"}
        return replace(
            self,
            scenario=self.scenario.model_copy(update=changed),
            judged=self.judged and self.judged.model_copy(update=changed),
        )


@dataclass
class _Step:
    intent: str
    lines: list[Deed | Check] = field(default_factory=list)


@dataclass
class _Draft:
    title: str
    source: str
    goal: str = ""
    persona: str = ""
    interface: str = ""
    steps: list[_Step] = field(default_factory=list)
    end: list[Deed | Check] = field(default_factory=list)


class _Entry(BaseModel):
    """A scenario in YAML or JSON."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1)
    goal: str = ""
    persona: str = ""
    interface: Literal["cli", "web", "api", "desktop", ""] = ""
    steps: list[str | dict[str, list[str] | str]] = Field(default_factory=list)
    at_the_end: list[str] = Field(default_factory=list)


def read_scenarios(path: Path) -> tuple[Written, ...]:
    """Read a file of scenarios.

    Raises:
        SpecError: A line cannot be read; names file and line.
        UsageError: The file is not there, or holds no scenario.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--scenario {path}: {getattr(error, 'strerror', None) or error}."
        ) from error
    structured = path.suffix.lower() in {".yaml", ".yml", ".json"}
    drafts = _from_data(text, path) if structured else _from_markdown(text, str(path))
    found = tuple(_written(draft, number) for number, draft in enumerate(drafts, start=1))
    if not found:
        raise UsageError(f"--scenario {path}: no scenario in it; one begins with `# Title`.")
    return found


def _from_markdown(text: str, source: str) -> Iterator[_Draft]:
    draft: _Draft | None = None
    ending = fenced = False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.rstrip()
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if not line.strip() or fenced:
            continue
        heading = _HEADING.match(line)
        if _END.match(line.strip()) and draft is not None:
            ending = True
        elif heading:
            if draft is not None and (draft.steps or draft.goal):
                yield draft
            draft, ending = _Draft(heading["title"].strip(), f"{source}:{number}"), False
        elif draft is None:
            raise SpecError("a scenario begins with `# Title`", source=source, line=number)
        else:
            _take(draft, line, source, number, ending=ending)
    if draft is not None and (draft.steps or draft.goal):
        yield draft
    elif draft is not None:
        raise SpecError("a scenario needs `goal: …` or steps (`1. …`)", source=draft.source)


def _take(draft: _Draft, line: str, source: str, number: int, *, ending: bool) -> None:
    """Take in one line below a title."""
    setting, step, point = _SETTING.match(line), _STEP.match(line), _POINT.match(line)
    if setting and not draft.steps:
        _set(draft, setting["key"].lower(), setting["value"].strip(), source, number)
    elif ending:
        draft.end.append(_line(point["text"] if point else line, source, number))
    elif step:
        text = step["text"].strip()
        done = read_line(text)
        draft.steps.append(_Step(text, [done] if done is not None else []))
        if done is None and looks_like_one(text):
            _line(text, source, number)
    elif point and draft.steps:
        draft.steps[-1].lines.append(_line(point["text"], source, number))
    elif not draft.steps and not point:
        draft.goal = f"{draft.goal} {line.strip()}".strip()
    else:
        raise SpecError(
            "what is to be done belongs below a step (`1. …`), as a point (`- …`) of it",
            source=source,
            line=number,
        )


def _set(draft: _Draft, key: str, value: str, source: str, number: int) -> None:
    if key == "interface" and value not in _SURFACES:
        raise SpecError(
            f"interface: {value}: choose {', '.join(_SURFACES)}", source=source, line=number
        )
    setattr(draft, key, value)


def _line(text: str, source: str, number: int | None) -> Deed | Check:
    found = read_line(text)
    if found is None:
        raise SpecError(
            f"{text!r} cannot be read; write one of: {KNOWN}", source=source, line=number
        )
    return found


def _from_data(text: str, path: Path) -> Iterator[_Draft]:
    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        raise SpecError(error.msg, source=str(path), line=error.lineno) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "no YAML"
        raise SpecError(said, source=str(path), line=mark.line + 1 if mark else None) from None
    except ValueError as error:  # a day that no month has, a number of thousands of digits
        raise SpecError(f"a value cannot be read: {error}", source=str(path)) from None
    except RecursionError:
        raise SpecError("it is nested too deep to be read", source=str(path)) from None
    for number, each in enumerate(data if isinstance(data, list) else [data], start=1):
        source = f"{path}, scenario {number}"
        try:
            entry = _Entry.model_validate(each)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise SpecError(f"{where}: {first['msg']}", source=source) from None
        yield _draft_of(entry, source)


def _draft_of(entry: _Entry, source: str) -> _Draft:
    draft = _Draft(
        entry.title, source, entry.goal, entry.persona, entry.interface,
        end=[_line(text, source, None) for text in entry.at_the_end],
    )  # fmt: skip
    for each in entry.steps:
        if isinstance(each, str):
            done = read_line(each)
            draft.steps.append(_Step(each, [done] if done is not None else []))
            continue
        for intent, lines in each.items():
            given = [lines] if isinstance(lines, str) else lines
            draft.steps.append(_Step(intent, [_line(text, source, None) for text in given]))
    if not draft.steps and not draft.goal:
        raise SpecError("a scenario needs a goal or steps", source=source)
    return draft


def _written(draft: _Draft, number: int) -> Written:
    told = draft.interface or _surface_of([line for step in draft.steps for line in step.lines])
    _check_one_place(draft, told)
    goal = draft.goal or draft.title
    steps = [made for step in draft.steps for made in _steps(step.intent, step.lines)]
    playable = bool(steps) and all(step.type for step in steps)
    given = steps or [ScenarioStep(intent=goal, expect=_expected(draft.end) or "It is done.")]
    shared: dict[str, Any] = {
        "id": f"T{number}",
        "title": draft.title,
        "goal": goal,
        "interface": told or "cli",
        "criteria": (),
    }
    scenario = Scenario(**shared, steps=tuple(given))
    ends = list(_groups(draft.end))
    if any(not deeds for deeds, _ in ends):
        raise SpecError(
            "at the end, first say what to do (open, type, GET, …), then what must be seen",
            source=draft.source,
        )
    closing = [
        call for n, (deeds, _) in enumerate(ends, len(given) + 1) for call in _calls(deeds, n)
    ]
    last = [made for deeds, checks in ends for made in _steps("At the end", [*deeds, *checks])]
    judged = Scenario(**shared, steps=(*given, *last)) if last else None
    return Written(
        scenario, draft.persona, tuple(closing), judged, playable, draft.source, undecided=not told
    )


def _surface_of(lines: Sequence[Deed | Check]) -> str:
    found = (line.surface for line in lines if isinstance(line, Deed))
    return next((surface for surface in found if surface), "")


def _check_one_place(draft: _Draft, told: str) -> None:
    """A user sits in one place: a line that can only be done elsewhere is refused."""
    lines = [*(line for step in draft.steps for line in step.lines), *draft.end]
    for line in lines:
        if isinstance(line, Deed) and told and line.surface not in _DONE_AT[told]:
            raise SpecError(
                f"“{draft.title}” is for interface {told}, where `{line.gesture()}` cannot be done:"
                " make it a scenario of its own",
                source=draft.source,
            )


def _groups(lines: Sequence[Deed | Check]) -> Iterator[tuple[list[Deed], list[Check]]]:
    """What is done, with what must be seen after it."""
    deeds: list[Deed] = []
    checks: list[Check] = []
    for line in lines:
        if isinstance(line, Check):
            checks.append(line)
            continue
        if checks:
            yield deeds, checks
            deeds, checks = [], []
        deeds.append(line)
    if deeds or checks:
        yield deeds, checks


def _steps(intent: str, lines: Sequence[Deed | Check]) -> Iterator[ScenarioStep]:
    """One step for everything done and what must be seen after it; a written step may have many."""
    if not lines:
        yield ScenarioStep(intent=intent, expect="It is done.")
    parts = list(_groups(lines))
    for number, (deeds, checks) in enumerate(parts, start=1):
        codes = [int(check.value) for check in checks if check.kind == "exit_code"]
        yield ScenarioStep(
            intent=intent if len(parts) == 1 else f"{intent}, part {number} of {len(parts)}",
            type="\n".join(deed.gesture() for deed in deeds) or None,
            expect=_expected(checks) or "It is done.",
            see=tuple(check.value for check in checks if check.kind == "see"),
            not_see=tuple(check.value for check in checks if check.kind == "not_see"),
            exit_code=codes[-1] if codes else None,
        )


def _expected(lines: Sequence[Deed | Check]) -> str:
    words = {"see": "one sees", "not_see": "one does not see", "exit_code": "the exit status is"}
    told = [f"{words[c.kind]} {c.value!r}" for c in lines if isinstance(c, Check)]
    return f"{'; '.join(told)}." if told else ""


def _calls(deeds: Sequence[Deed], step: int) -> Iterator[ToolCall]:
    """What the harness does for a step at the end; only the last of it serves the step."""
    for number, deed in enumerate(deeds, start=1):
        label = step if number == len(deeds) else 0
        yield ToolCall(
            id=f"end-{step}-{number}",
            name=deed.tool,
            arguments=json.dumps({**deed.arguments, "step": label}),
        )
