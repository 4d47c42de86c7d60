"""The window: a page for each kind of record, used with a mouse or with keys alone."""

import tkinter as tk
from tkinter import font, ttk

from macrohard.llm.offline.appgen.fixed.desktop.controls import HINT, WRONG
from macrohard.llm.offline.appgen.fixed.desktop.desk import Blank, Desk, capital
from macrohard.llm.offline.appgen.fixed.desktop.panels import (
    Act,
    FigurePanel,
    FilePanel,
    FormPanel,
    ListPanel,
    Panel,
    RecordPanel,
    an,
    choosing,
)
from macrohard.llm.offline.appgen.fixed.errors import AppError
from macrohard.llm.offline.appgen.fixed.web.resource import Resource

WIDTH, HEIGHT = 960, 680
PLAIN = ("Segoe UI", "Noto Sans", "DejaVu Sans", "Liberation Sans")
"""Letters without serifs, those that are liked best first."""
LEAST_WIDTH, LEAST_HEIGHT = 640, 480


class KindPage(ttk.Frame):
    """The page of one kind: shows one panel at a time, at first the list."""

    def __init__(self, parent: tk.Misc, desk: Desk, resource: Resource) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.desk = desk
        self.resource = resource
        self.panel: Panel | None = None

    def show(self, panel: Panel) -> None:
        """Show a panel instead of what is shown."""
        if self.panel is not None:
            self.panel.destroy()
        self.panel = panel
        panel.pack(fill="both", expand=True)
        panel.begin()

    def list_all(self, told: str = "") -> None:
        """Show the list."""
        self.show(ListPanel(self, self, told))

    def add(self) -> None:
        """Show the form for a new record."""
        name = f"Add {an(self.resource.singular)}"
        self.show(
            FormPanel(
                self,
                self,
                title=name,
                button=name,
                blanks=self.desk.form(self.resource),
                send=lambda texts: self.desk.add(self.resource, texts),
            )
        )

    def open(self, number: int) -> None:
        """Show a record."""
        doable: list[tuple[str, Act]] = []
        if "edit" in self.resource.offers:
            doable.append(("Edit", lambda: self.edit(number)))
        if "delete" in self.resource.offers:
            doable.append(("Delete", lambda: self.delete(number)))
        self.about(number, [*doable, ("Back", self.list_all)])

    def edit(self, number: int) -> None:
        """Show the form of a record."""
        try:
            blanks = self.desk.form(self.resource, number)
        except AppError as error:  # somebody else deleted it
            self.list_all(f"{capital(str(error))}.")
            return
        self.show(
            FormPanel(
                self,
                self,
                title=f"Edit {self.resource.singular} {number}",
                button="Save",
                blanks=blanks,
                send=lambda texts: self.desk.edit(self.resource, number, texts),
            )
        )

    def delete(self, number: int) -> None:
        """Ask whether a record is to be deleted."""
        name = f"{self.resource.singular} {number}"

        def act() -> None:
            outcome = self.desk.delete(self.resource, number)
            if outcome.wrong and self.panel is not None:
                self.panel.complain(outcome.wrong)
            else:
                self.list_all(outcome.told)

        doable: list[tuple[str, Act]] = [(f"Delete {name}", act), ("Cancel", self.list_all)]
        self.about(number, doable, deleting=True)

    def about(self, number: int, doable: list[tuple[str, Act]], *, deleting: bool = False) -> None:
        """Show a record, with what can be done with it."""
        try:
            lines = self.desk.described(self.resource, number)
            told = self.desk.warning(self.resource, number) if deleting else ""
        except AppError as error:
            self.list_all(f"{capital(str(error))}.")
            return
        name = f"{self.resource.singular} {number}"
        title = f"Delete {name}?" if deleting else capital(name)
        self.show(RecordPanel(self, title, told, lines, doable))

    def take_in(self) -> None:
        """Ask for a file to read."""
        hint = f"UTF-8; columns: {', '.join(self.resource.slugs)}. All rows are added, or none."
        self.show(
            FilePanel(
                self,
                self,
                title=f"Import {self.resource.plural}",
                blank=Blank("file", "CSV file", hint=hint),
                send=lambda texts: self.desk.take_in(self.resource, texts["file"].strip()),
                choose=choosing(self, saving=False),
            )
        )

    def give_out(self) -> None:
        """Ask for a file to write."""
        self.show(
            FilePanel(
                self,
                self,
                title=f"Export {self.resource.plural}",
                blank=Blank(
                    "file", "CSV file", f"{self.resource.path}.csv", hint="It is written anew."
                ),
                send=lambda texts: self.desk.give_out(self.resource, texts["file"].strip()),
                choose=choosing(self, saving=True),
            )
        )

    def figure(self, verb: str) -> None:
        """Ask what a figure is about, and show it."""
        self.show(FigurePanel(self, self, verb))


class Window:
    """The whole window.

    Args:
        desk: What it works on.
    """

    def __init__(self, desk: Desk) -> None:
        """Open it, at the first kind's list."""
        self.root = tk.Tk()
        self.root.title(desk.site.title)
        wide = min(WIDTH, self.root.winfo_screenwidth())
        high = min(HEIGHT, self.root.winfo_screenheight())
        self.root.geometry(f"{wide}x{high}")
        self.root.minsize(min(LEAST_WIDTH, wide), min(LEAST_HEIGHT, high))
        dress(self.root)
        self.tabs = ttk.Notebook(self.root)
        self.pages = [KindPage(self.tabs, desk, each) for each in desk.site.resources]
        for page in self.pages:
            self.tabs.add(page, text=capital(page.resource.plural))
        self.tabs.enable_traversal()
        self.tabs.configure(takefocus=False)
        self.tabs.bind("<ButtonRelease-1>", lambda _: self.page.list_all())
        self.tabs.pack(fill="both", expand=True)
        self.tabs.bind("<<NotebookTabChanged>>", lambda _: self.page.list_all())
        self.root.bind("<Alt-Key>", lambda event: self.pressed(event.keysym))
        self.root.bind("<Escape>", lambda _: self.page.list_all())

    @property
    def page(self) -> KindPage:
        """Return the page that is shown."""
        return self.pages[self.tabs.index("current")]  # type: ignore[no-untyped-call]

    def pressed(self, letter: str) -> str | None:
        """Do what a letter with Alt stands for on what is shown."""
        panel = self.page.panel
        return "break" if panel is not None and panel.letters.press(letter) else None

    def run(self) -> None:
        """Stay open until the person closes it."""
        self.root.lift()
        self.root.focus_force()
        self.root.mainloop()


def dress(root: tk.Tk) -> None:
    """Choose how everything looks."""
    style = ttk.Style(root)
    style.theme_use("clam")
    base = font.nametofont("TkDefaultFont")
    known = font.families(root)
    family = next((name for name in PLAIN if name in known), base.actual("family"))
    size = 10
    for name in ("TkDefaultFont", "TkTextFont", "TkHeadingFont", "TkMenuFont"):
        font.nametofont(name).configure(family=family, size=size)
    style.configure("Title.TLabel", font=(family, size + 1, "bold"))
    style.configure("Name.TLabel", font=(family, size, "bold"))
    style.configure(HINT, foreground="#595959")
    style.configure(WRONG, foreground="#b00020")
    style.configure("Treeview", rowheight=base.metrics("linespace") + 6)
