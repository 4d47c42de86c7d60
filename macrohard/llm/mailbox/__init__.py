"""The mailbox: each request is a file, the answer another file dropped beside it.

For models without an API, for people, and for air-gapped rooms. A request ``NAME`` is three files:
``NAME.request.md``, which a person can read, with what is new since the last request first;
``NAME.conversation.md``, all that was said before; and ``NAME.request.json``, the whole request.
Pictures that go with it lie in ``pictures/``, and the pages name their paths. It is answered by
``NAME.answer.md`` in the form below, or ``NAME.answer.json`` (a reply as in ``calls/``, or
``{"content": ..., "tool_calls": [{"name": ..., "arguments": {...}}]}``).

An answer in Markdown is the content itself; or, where tools are offered, calls of tools::

    === write_file
    --- path
    game.py
    --- content
    print("hello")
    === submit
    {"summary": "...", "files": ["game.py"], "tests_run": "..."}

Lines ``=== TOOL`` begin a call and ``--- ARGUMENT`` an argument, which reaches to the next such
line; a call without arguments of that kind is followed by one JSON object.

Files appear by rename, so a reader never sees half of one; an answer counts when it was put by
``macrohard mailbox answer``, or has not changed for a second.
"""

from macrohard.llm.mailbox.answers import AnswerError, check_answer, read_answer
from macrohard.llm.mailbox.box import Letter, find_letter, letters, put_answer
from macrohard.llm.mailbox.model import MailboxModel
from macrohard.llm.mailbox.pages import conversation_page, request_page

__all__ = [
    "AnswerError",
    "Letter",
    "MailboxModel",
    "check_answer",
    "conversation_page",
    "find_letter",
    "letters",
    "put_answer",
    "read_answer",
    "request_page",
]
