"""Frozen settings of a build, and the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from macrohard.errors import ConfigError

SandboxName = Literal["auto", "docker", "process"]

STAGES = (
    "intake",
    "requirements",
    "scenarios",
    "design",
    "plan",
    "assets",
    "coding",
    "integrate",
    "verify",
    "users",
    "triage",
    "release",
)
"""Stages of the graph, in order."""

Tier = Literal["fast", "standard", "strong", "vision", "image"]
"""How strong a model a role asks for, and for what."""
TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True)
class Caps:
    """What a run may use at most; None is no cap.

    Attributes:
        usd: Dollars.
        tokens: Input and output tokens together.
        calls: Model calls.
        minutes: Minutes of work, over all the times the run was resumed.
    """

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class Routing:
    """Which models answer whom, beside ``Settings.model``, and what is known of them.

    A chain is asked in turn: the next one where the one before fails.

    Attributes:
        fallbacks: Asked in turn where ``Settings.model`` fails.
        tiers: The chain of a tier; ``Settings.model`` answers those that are not named.
        roles: The chain of a role, or the name of another tier for it.
        endpoints: Tables of endpoints by name, as ``[endpoints.NAME]`` of a configuration file.
        prices: Prices by model, as ``[prices."NAME"]`` of a configuration file.
    """

    fallbacks: tuple[str, ...] = ()
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Routing":
        """The inverse of :func:`dataclasses.asdict`, from plain JSON types."""
        values = dict(data)
        values["fallbacks"] = tuple(values.get("fallbacks", ()))
        for name in ("tiers", "roles"):
            values[name] = {key: tuple(chain) for key, chain in values.get(name, {}).items()}
        return cls(**values)


@dataclass(frozen=True)
class Settings:
    """How to build. Everything a resumed run needs to go on in the same way.

    Attributes:
        model: Model of every tier that ``routing`` does not name; ``offline`` is embedded, and
            empty is none.
        sandbox: Where generated code runs.
        sandbox_runtime: What a container engine runs boxes with: ``runsc``, ``kata``; its own
            when empty.
        allow_process_sandbox: Whether code of a real model may run in the process sandbox.
        rounds: Most rounds of coding, test and trial.
        min_satisfied: Satisfied simulated users needed for a release; None for all.
        mutants: Faults put into an app fit for release, to see whether its own tests notice.
        min_caught: Share of these that has to be noticed, 0 to 1; less is told to the manager.
        browser: Whether users of pages sit at a real browser; otherwise they follow links and send
            forms without one.
        desktop: Whether apps may have windows, and users sit at them; None: decided when a run
            is opened, by its spec and by what boxes have.
        offline_packages: Whether packages an app needs must be here already: no index is asked.
        faults: Share of work items in which the offline model errs, 0 to 1.
        seed: Seed of everything random.
        agents: Folder with roles that add to or override the shipped ones.
        concurrency: Model calls, sandboxes and trials at once.
        approve: Stages after which a person is asked.
        caps: Hard limits.
        record: File that gets a cassette of the model's answers when the run stops.
        cluster: Hardware of the modelled cluster that the calls are placed on; None for none.
        routing: Models by tier and role, endpoints and prices.
    """

    model: str = "offline"
    sandbox: SandboxName = "auto"
    sandbox_runtime: str = ""
    allow_process_sandbox: bool = False
    rounds: int = 4
    min_satisfied: int | None = None
    mutants: int = 8
    min_caught: float = 0.5
    browser: bool = False
    desktop: bool | None = None
    offline_packages: bool = False
    faults: float = 0.0
    seed: int = 0
    agents: str | None = None
    concurrency: int = 4
    approve: tuple[str, ...] = ()
    caps: Caps = field(default_factory=Caps)
    record: str | None = None
    cluster: str | None = None
    routing: Routing = field(default_factory=Routing)

    @property
    def profile(self) -> str:
        """What boxes are made from: with a screen or a browser where users sit at one."""
        return "desktop" if self.desktop else "web" if self.browser else "python"

    def __post_init__(self) -> None:
        """Refuse values that mean nothing.

        Raises:
            ConfigError: Names the setting, the value and what is allowed.
        """
        _between("rounds", self.rounds, 1, 100)
        _between("mutants", self.mutants, 0, 10_000)
        _between("min-caught", self.min_caught, 0.0, 1.0)
        _between("faults", self.faults, 0.0, 1.0)
        _between("concurrency", self.concurrency, 1, 10_000)
        if self.min_satisfied is not None:
            _between("min-satisfied", self.min_satisfied, 0, 100_000)
        if self.sandbox not in ("auto", "docker", "process"):
            raise ConfigError(f"--sandbox {self.sandbox}: choose auto, docker or process.")
        for stage in self.approve:
            check_stage(stage)
        for item in fields(Caps):
            value = getattr(self.caps, item.name)
            if value is not None and not 0 <= value < float("inf"):
                raise ConfigError(f"--max-{item.name} {value}: must be a number, 0 or more.")
        if self.agents is not None and not Path(self.agents).is_dir():
            raise ConfigError(f"--agents {self.agents}: no such folder.")
        for tier in self.routing.tiers:
            check_tier(tier)
        if not self.models:
            raise ConfigError("No model is named.")

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that is named, once each."""
        routing = self.routing
        chains = [(self.model, *routing.fallbacks), *routing.tiers.values()]
        chains += [chain for chain in routing.roles.values() if chain[0] not in TIERS]
        return tuple(dict.fromkeys(name for chain in chains for name in chain if name))

    def chain(self, role: str, tier: str) -> tuple[str, ...]:
        """The models that a role is answered by, in turn; empty where none is named for it."""
        named = self.routing.roles.get(role, (tier,))
        if named[0] not in TIERS:
            return named
        default = (self.model, *self.routing.fallbacks) if self.model else ()
        return self.routing.tiers.get(named[0], default)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Settings":
        """The inverse of :meth:`to_json`.

        Raises:
            ConfigError: A key is missing or unknown, or a value means nothing.
        """
        try:
            values = dict(data)
            values["caps"] = Caps(**values.get("caps", {}))
            values["approve"] = tuple(values.get("approve", ()))
            values["routing"] = Routing.from_json(values.get("routing", {}))
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"The options of this run cannot be read: {error}") from None


def check_stage(stage: str) -> str:
    """The stage itself.

    Raises:
        ConfigError: There is no such stage; lists them.
    """
    if stage not in STAGES:
        raise ConfigError(f"There is no stage {stage!r}. The stages are: {', '.join(STAGES)}.")
    return stage


def check_tier(tier: str) -> str:
    """The tier itself.

    Raises:
        ConfigError: There is no such tier; lists them.
    """
    if tier not in TIERS:
        raise ConfigError(f"There is no tier {tier!r}. The tiers are: {', '.join(TIERS)}.")
    return tier


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"--{name} {value}: must be between {low} and {high}.")


def key_names(environment: Mapping[str, str] | None = None) -> list[str]:
    """Names of the variables of the environment that look like a model's settings, never values."""
    seen = os.environ if environment is None else environment
    endings = ("_API_KEY", "_API_BASE", "_BASE_URL", "_API_TOKEN")
    return sorted(name for name in seen if name.endswith(endings))
