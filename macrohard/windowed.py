"""Whether a build has screens with windows: as the person says, else as the spec and the box do.

With windows, boxes are made of the profile ``desktop``, and language models are offered the
interface ``desktop`` in what they hand in. Without, they are asked exactly as if it did not exist.
"""

import importlib.util
import re
import shutil
from dataclasses import replace

from macrohard.config import Settings
from macrohard.errors import ConfigError, SandboxError
from macrohard.llm import is_offline
from macrohard.spec import Spec
from macrohard.users.desk.windows import NEEDED, missing_for_desktop

_SPEAKS = re.compile(r"\b(?:desktop|windows?|windowed|tkinter|gtk|qt)\b", re.IGNORECASE)
"""What a spec says that asks a language model for windows."""


def settle_windows(settings: Settings, spec: Spec) -> Settings:
    """The settings with ``desktop`` decided.

    Raises:
        ConfigError: The spec asks the offline model for a window, and the person for none.
    """
    if not is_offline(settings):
        wanted = settings.desktop
        speaks = bool(_SPEAKS.search(spec.text))
        return replace(settings, desktop=speaks if wanted is None else wanted)
    from macrohard.llm.offline.dialect import parse_spec  # noqa: PLC0415 - not for other models

    asked = parse_spec(spec.text, spec.source).has_window
    if asked and settings.desktop is False:
        raise ConfigError(
            f"{spec.source} asks for a window on the desktop, and --no-desktop says that there is "
            "none: take one of them away."
        )
    return replace(settings, desktop=asked)


def check_windows(settings: Settings, asked: bool | None, *, in_box: bool) -> Settings:
    """The settings as they can be had where boxes are this machine's processes.

    Args:
        settings: With ``desktop`` decided.
        asked: What the person said of it.
        in_box: Whether boxes bring their own screens, as those of Docker do.

    Raises:
        SandboxError: Windows are needed, and something for them is missing; says how to get it.
    """
    missing = "" if in_box or not settings.desktop else missing_here()
    if not missing:
        return settings
    if asked or is_offline(settings):
        raise SandboxError(missing)
    return replace(settings, desktop=False)


def missing_here() -> str:
    """What process boxes on this machine lack for windows, with the way to get it."""
    found = [path for name in NEEDED if (path := shutil.which(name))]
    said = [missing_for_desktop("\n".join(found))]
    if importlib.util.find_spec("_tkinter") is None:
        said.append(
            "this Python has no tkinter: on Debian, apt-get install python3-tk; other Pythons have "
            "to be built with Tk."
        )
    if importlib.util.find_spec("PIL") is None:
        said.append("users of windows read them with Pillow: pip install -e '.[pictures]'")
    return "\n".join(filter(None, said))
