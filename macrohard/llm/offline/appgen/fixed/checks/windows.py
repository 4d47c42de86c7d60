"""Test cases at the desk: what the window does, and the window itself where there is a screen."""
# For ruff: built apps test with unittest, not pytest.

import os
import shutil
import subprocess
import unittest

from macrohard.llm.offline.appgen.fixed.checks.program import StoredExamplesTest
from macrohard.llm.offline.appgen.fixed.desktop import site
from macrohard.llm.offline.appgen.fixed.desktop.desk import Desk
from macrohard.llm.offline.appgen.fixed.web.resource import Resource


class DeskTest(StoredExamplesTest):
    """A test case at the desk, with the examples in its database file."""

    def setUp(self) -> None:
        """Store the examples, and sit down."""
        super().setUp()
        self.desk = Desk(site.SITE, self.database)

    def resource(self, path: str) -> Resource:
        """Return a kind by its path."""
        return next(each for each in site.SITE.resources if each.path == path)


def screen_in_memory() -> str:
    """Make a screen, which ends when the last program that uses it does; returns its number."""
    made = "Xvfb -displayfd 3 -screen 0 1024x768x24 -terminate 3>&1 >/dev/null 2>&1 &"
    return subprocess.check_output(["sh", "-c", made], text=True).strip()


class WindowTest(DeskTest):
    """A test case with the window open, on the screen that is there or one in memory."""

    @classmethod
    def setUpClass(cls) -> None:
        """Find a screen; where neither tkinter nor any screen is there, nothing is tested."""
        super().setUpClass()
        if os.environ.get("DISPLAY"):
            return
        if shutil.which("Xvfb") is None:
            raise unittest.SkipTest("there is no screen, and no Xvfb to make one")
        os.environ["DISPLAY"] = f":{screen_in_memory()}"

    def setUp(self) -> None:
        """Open the window."""
        super().setUp()
        try:
            from macrohard.llm.offline.appgen.fixed.desktop.window import Window  # noqa: PLC0415
        except ImportError:
            self.skipTest("this Python has no tkinter")
        self.window = Window(self.desk)
        self.addCleanup(self.window.root.destroy)
        self.window.root.update()

    def turn_to(self, path: str) -> None:
        """Show the page of a kind."""
        number = next(n for n, each in enumerate(site.SITE.resources) if each.path == path)
        self.window.tabs.select(number)  # type: ignore[no-untyped-call]
        self.window.root.update()
