"""How material travels inside a message: named, fenced, and marked as data.

A task for an agent is a short instruction followed by documents. The fence carries a name, so that
prompts can refer to it, and text inside can neither close the fence nor pose as another document.
The offline model reads the same fences as a language model does.
"""

import re
from collections.abc import Mapping

from pydantic import BaseModel

FOLLOW = "Try this scenario, which somebody wrote for this application; do what its steps say."
"""The task of a user whose scenario is no derivation of ours: nothing else is known of the app."""
_FENCE = re.compile(
    r'^<document name="(?P<name>[^"\n]+)">\n(?P<body>.*?)\n</document>$', re.DOTALL | re.MULTILINE
)
_MARKER = re.compile(r"<(/?)(?=\\*document\b)", re.IGNORECASE)
_ESCAPED = re.compile(r"<(/?)\\(?=\\*document\b)", re.IGNORECASE)


def fence(name: str, content: str | BaseModel) -> str:
    """Wrap a text, or a noun as indented JSON, into a document.

    ``<document`` and ``</document`` inside the content get a backslash after the ``<`` or ``</``.
    """
    body = content if isinstance(content, str) else content.model_dump_json(indent=1)
    body = _MARKER.sub(r"<\1\\", body)
    return f'<document name="{name}">\n{body}\n</document>'


def write_task(instruction: str, documents: Mapping[str, str | BaseModel]) -> str:
    """An instruction and its documents as one message text."""
    return "\n\n".join([instruction, *(fence(name, body) for name, body in documents.items())])


def read_documents(text: str) -> dict[str, str]:
    """The documents of a message by name, unescaped; a later one of a name replaces an earlier."""
    return {match["name"]: _ESCAPED.sub(r"<\1", match["body"]) for match in _FENCE.finditer(text)}
