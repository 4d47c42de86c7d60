"""What evidence points at: places in files, commands, symptoms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FRAME = re.compile(
    r'File "(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>[\w.<>]+))?'
    r"|(?P<path2>[\w./-]+\.\w+):(?P<line2>\d+)(?::\d+)?(?:: in (?P<function2>[\w.<>]+))?"
)
_NAMED = re.compile(r"[\w./-]+\.(?:py|md|json|txt|html|css|js|toml)\b")
_EXCEPTION = re.compile(
    r"^(?:E\s+)?(?P<name>(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Warning|Exit)\b)(?::\s*(?P<text>.*))?$",
    re.MULTILINE,
)
_COMMAND = re.compile(r"python3?(?:\s+-\w)*?\s+-m\s+(?P<app>\w+)\s+(?P<rest>[^\n`]*)")
ALSO_SEEN = "\n\n-- also seen --\n"
"""Stands between the failures in the evidence of one defect."""
_TELLING = ("difference:", "standard error:", "error:", "Expected:", "E   ")
_NO_FUNCTION = ("", "<module>", "<lambda>", "<listcomp>", "<genexpr>", "<dictcomp>")


@dataclass(frozen=True)
class Place:
    """A place in a file of the application.

    Attributes:
        path: The file.
        line: 1-based; 0 when only the file is known.
        function: As a traceback names it; empty when it does not.
    """

    path: str
    line: int = 0
    function: str = ""


@dataclass(frozen=True)
class Command:
    """A command of the application that stands in evidence: its kind and verb, as typed."""

    kind: str
    verb: str


def places(text: str, paths: Iterable[str]) -> tuple[Place, ...]:
    """Every place in one of ``paths`` that the evidence names, in order, each once."""
    known = tuple(paths)
    found: list[Place] = []
    for match in _FRAME.finditer(text):
        path = _known_path(match["path"] or match["path2"], known)
        function = match["function"] or match["function2"] or ""
        if path:
            found.append(
                Place(
                    path,
                    int(match["line"] or match["line2"]),
                    "" if function in _NO_FUNCTION else function,
                )
            )
    placed = {place.path for place in found}
    for match in _NAMED.finditer(text):
        path = _known_path(match[0], known)
        if path and path not in placed:
            found.append(Place(path))
            placed.add(path)
    return tuple(dict.fromkeys(found))


def commands(text: str, app: str) -> tuple[Command, ...]:
    """Every command of the application that the evidence shows, each once."""
    found: list[Command] = []
    for match in _COMMAND.finditer(text):
        if match["app"] == app:
            words = _words(match["rest"])
            if words:
                found.append(Command(words[0], words[1] if len(words) > 1 else ""))
    return tuple(dict.fromkeys(found))


def failing_command(text: str, app: str) -> Command | None:
    """The command the evidence is about: what a user typed last, else the first that was run."""
    found = commands(text.partition("Then typed: ")[2], app) or commands(text, app)
    return found[0] if found else None


def telling_words(text: str) -> str:
    """The lines of evidence that say in words what is wrong: no data, no command lines."""
    lines = text.splitlines()
    marked = [line for line in lines if line.startswith(_TELLING)]
    return "\n".join([*lines[:1], *marked]).lower()


def pieces_of(evidence: str) -> list[str]:
    """The single failures in the evidence of a defect."""
    return evidence.split(ALSO_SEEN)


def remark(text: str) -> str:
    """What evidence says went wrong, in words and without values; empty when it does not."""
    lines = text.splitlines()
    for start in ("difference:", "standard error: error:", "seen: exit code"):
        found = next((line for line in lines if line.startswith(start)), "")
        if found:
            return _bare(found)
    return ""


def symptom(text: str) -> str:
    """The exception the evidence ends in, values taken out; empty when there is none."""
    found = list(_EXCEPTION.finditer(text))
    if not found:
        return ""
    last = found[-1]
    message = _bare(last["text"] or "")
    return f"{last['name'].rsplit('.', 1)[-1]}: {message}".strip()


def _bare(text: str) -> str:
    """A text without its values, cut to what tells it from others."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", text)[:80]


def _known_path(named: str, known: tuple[str, ...]) -> str:
    """The known path that a path of evidence ends in; the longest when several do."""
    fitting = [path for path in known if named == path or named.endswith(f"/{path}")]
    return max(fitting, key=len, default="")


def _words(rest: str) -> list[str]:
    """The first words of a command line which are no options, without their values."""
    words: list[str] = []
    skip = False
    for word in rest.split():
        if skip:
            skip = False
        elif word == "--db":
            skip = True
        elif word.startswith("-") or not re.fullmatch(r"[\w-]+", word):
            break
        else:
            words.append(word)
    return words
