"""Tests that the README tells the truth."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import shlex
from pathlib import Path

from macrohard.llm.offline.appgen.fixed import cli
from macrohard.llm.offline.appgen.fixed.checks.program import ProgramTest
from macrohard.llm.offline.appgen.fixed.commands import PROGRAM

PROMPT = f"$ {PROGRAM} "


class SessionTest(ProgramTest):
    """The session in the README."""

    def test_commands_print_what_is_shown(self) -> None:
        """Every command of the session prints the lines below it."""
        text = (Path(cli.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
        _, _, rest = text.partition("## A first session")
        block = rest.partition("```console\n")[2].partition("```")[0]
        for part in block.split(PROMPT)[1:]:
            line, _, printed = part.partition("\n")
            with self.subTest(command=line):
                self.assertEqual(self.says(*shlex.split(line)), printed)
