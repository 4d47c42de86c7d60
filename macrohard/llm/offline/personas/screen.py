"""What a user reads off one result of the terminal."""

import re
from dataclasses import dataclass

_PROMPT = re.compile(r"(?:^|\n)\[(?P<status>\d+)\] \$ ?$")
_TRACEBACK = "Traceback (most recent call last)"
_LEFT_OUT = "characters not shown"
_LONGEST_QUOTE = 120


@dataclass(frozen=True)
class Screen:
    """What an action put on the screen.

    Attributes:
        text: Without the prompt.
        status: Exit status in the prompt; None when the prompt is not back.
    """

    text: str
    status: int | None

    @property
    def lines(self) -> list[str]:
        """Lines with something on them."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]

    @property
    def crashed(self) -> bool:
        """Whether it ends in a crash of the program."""
        return _TRACEBACK in self.text

    def shows(self, wanted: str) -> bool:
        """Whether a text is there; runs of white space count as one space."""
        return collapse(wanted) in collapse(self.text)

    def quote(self, *wanted: str) -> str:
        """A line copied from the screen, one with what was wanted where there is one."""
        lines = [line for line in self.lines if _LEFT_OUT not in line]
        telling = [line for text in wanted for line in lines if collapse(text) in collapse(line)]
        return (telling or lines or [""])[0][:_LONGEST_QUOTE].rstrip()


def read_screen(result: str) -> Screen:
    """Read the result of an action."""
    prompt = _PROMPT.search(result)
    if prompt is None:
        return Screen(result, None)
    return Screen(result[: prompt.start()], int(prompt["status"]))


def was_refused_by_tool(result: str) -> bool:
    """Whether the terminal itself refused: no action is left, or the call was bad."""
    return result.startswith("error:") and _PROMPT.search(result) is None


def collapse(text: str) -> str:
    """Runs of white space as one space."""
    return " ".join(text.split())
