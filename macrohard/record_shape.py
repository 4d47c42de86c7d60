"""What ``run.json`` must hold for anyone to read it; a damaged one is told by what is wrong."""

from typing import Any, Literal

from pydantic import BaseModel, ValidationError


class _Spec(BaseModel):
    source: str


class _Options(BaseModel):
    model: str
    caps: dict[str, float | None]


class _Stage(BaseModel):
    stage: str
    round: int
    started: str | None
    finished: str | None


class _Item(BaseModel):
    id: str
    title: str
    role: str
    round: int
    outcome: str
    commit: str


class _Trial(BaseModel):
    id: str
    round: int
    scenario: str
    persona: str
    satisfied: bool


class _Defect(BaseModel):
    id: str
    title: str
    severity: str


class _Account(BaseModel):
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float


class _Cost(_Account):
    by_stage: dict[str, _Account] = {}
    by_role: dict[str, _Account] = {}
    by_item: dict[str, _Account] = {}
    by_model: dict[str, _Account] = {}


class _App(BaseModel):
    dir: str
    name: str
    run: list[str]
    serve: list[str] = []
    window: list[str] = []
    test: list[str]


class _Record(BaseModel):
    id: str
    status: Literal["running", "interrupted", "stopped", "failed", "released", "not accepted"]
    spec: _Spec
    options: _Options
    created: str
    finished: str | None
    worked_s: float
    round: int
    stages: list[_Stage]
    items: list[_Item]
    tests: dict[str, dict[str, int]]
    trials: list[_Trial]
    satisfied: int
    scenarios: int
    defects: list[_Defect]
    known_issues: list[str] = []
    cost: _Cost
    app: _App | None
    error: str | None


def what_is_wrong(record: Any) -> str:
    """The first part of a record that is missing or is not what it must be; empty when none is."""
    try:
        _Record.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            return f"{where} is missing"
        reason = first["msg"].partition(" or instance of ")[0]
        return f"{where} {reason.replace('Input should be', 'must be')}"
    return ""
