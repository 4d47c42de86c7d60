"""Tests of the window: its pages, its keys, and the command that opens it."""
# For ruff: built apps test with unittest, not pytest.
# ruff: noqa: PT009

import os
from unittest import mock

from macrohard.llm.offline.appgen.fixed.checks.windows import DeskTest, WindowTest
from macrohard.llm.offline.appgen.fixed.desktop.panels import FormPanel, ListPanel


class PagesTest(WindowTest):
    """The window as it opens."""

    def test_pages(self) -> None:
        """There is a page for each kind, and it fits the screen."""
        for page in self.window.pages:
            self.turn_to(page.resource.path)
            self.assertIs(self.window.page, page)
            self.assertIsInstance(page.panel, ListPanel)
        self.assertLessEqual(self.window.root.winfo_width(), self.window.root.winfo_screenwidth())

    def test_keys(self) -> None:
        """A letter leads to what is named by it, Escape back to the list."""
        adding = [page for page in self.window.pages if "add" in page.resource.offers]
        if not adding:
            return
        self.turn_to(adding[0].resource.path)
        self.window.pressed("a")
        self.window.root.update()
        panel = self.window.page.panel
        if not isinstance(panel, FormPanel):
            self.fail("Alt-A does not lead to the form")
        first, last = panel.form.controls[0], panel.form.controls[-1]
        last.field.focus_force()
        first.label.event_generate("<Button-1>")
        self.window.root.update()
        self.assertIs(self.window.root.focus_get(), first.field)
        self.window.root.event_generate("<Escape>")
        self.window.root.update()
        self.assertIsInstance(self.window.page.panel, ListPanel)


class CommandTest(DeskTest):
    """The command that opens the window."""

    def test_no_screen(self) -> None:
        """Without a screen it says so."""
        with mock.patch.dict(os.environ):
            os.environ.pop("DISPLAY", None)
            self.assertRegex(self.refuses("window"), "screen|tkinter")
