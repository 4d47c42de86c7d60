"""Models: the protocol, the embedded offline model, and the store that keeps every call.

:func:`open_model` is the one place where a model's name becomes a model.
"""

from pathlib import Path

from macrohard.errors import ConfigError
from macrohard.llm.base import (
    Asker,
    Message,
    Model,
    Reply,
    Request,
    Tool,
    ToolCall,
    Usage,
)
from macrohard.spec import Spec

__all__ = [
    "Asker",
    "Message",
    "Model",
    "Reply",
    "Request",
    "Tool",
    "ToolCall",
    "Usage",
    "is_offline",
    "open_model",
    "preflight",
]


def open_model(name: str, *, faults: float = 0.0, seed: int = 0) -> Model:
    """The model of that name.

    Args:
        name: ``offline``, ``mailbox:DIR``, ``PROVIDER:NAME`` or ``URL#NAME``.
        faults: For ``offline``: share of work items it errs in.
        seed: For ``offline``: decides where it errs.

    Raises:
        ConfigError: There is no such model.
        ModelError: Its key is not set.
    """
    if name == "offline":
        from macrohard.llm.offline.model import OfflineModel  # noqa: PLC0415 - keeps imports light
        from macrohard.llm.offline.scene import Faults  # noqa: PLC0415

        return OfflineModel(Faults(rate=faults, seed=seed))
    kind, _, rest = name.partition(":")
    if kind == "mailbox" and rest:
        from macrohard.llm.mailbox import MailboxModel  # noqa: PLC0415

        return MailboxModel(Path(rest))
    if kind == "replay" and rest:
        from macrohard.llm.cassette import CassetteModel  # noqa: PLC0415

        return CassetteModel(Path(rest))
    from macrohard.llm.endpoint import find_endpoint, is_endpoint, shipped_presets  # noqa: PLC0415

    if is_endpoint(name):
        from macrohard.llm.chat import ChatModel  # noqa: PLC0415

        return ChatModel(find_endpoint(name))
    raise ConfigError(
        f"There is no model {name!r}. There is `offline`, the embedded engine; `mailbox:DIR`, "
        f"whose answers somebody writes; PROVIDER:NAME with one of {', '.join(shipped_presets())}; "
        "and URL#NAME."
    )


def is_offline(name: str) -> bool:
    """Whether every answer comes from the offline model, now or when it was recorded.

    Such answers are built from our own templates; code from other models is a stranger's.
    """
    if name.startswith("replay:"):
        from macrohard.llm.cassette import CassetteModel  # noqa: PLC0415

        return bool(CassetteModel(Path(name.removeprefix("replay:"))).header["model"] == "offline")
    return name == "offline"


def preflight(name: str, spec: Spec) -> None:
    """Refuse at once what the model could not build.

    Raises:
        SpecError: The offline model cannot read a line of the spec.
        ModelError: There is no such model.
    """
    open_model(name)
    if name == "offline":
        from macrohard.llm.offline.dialect import parse_spec  # noqa: PLC0415 - keeps imports light

        parse_spec(spec.text, spec.source)
