"""What a page of the window shows: a list, one record, a form, a question, a figure, a file."""

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import filedialog, font, ttk
from typing import Protocol

from macrohard.llm.offline.appgen.fixed.desktop.controls import (
    GAP,
    WRONG,
    Control,
    Form,
    Keys,
    asked,
)
from macrohard.llm.offline.appgen.fixed.desktop.desk import Blank, Desk, Outcome, capital
from macrohard.llm.offline.appgen.fixed.errors import AppError
from macrohard.llm.offline.appgen.fixed.web.resource import Fault, Resource

Act = Callable[[], object]
NARROW = 14
"""Characters of a field that narrows a list."""
IN_A_ROW = 4
"""Fields that narrow a list, beside each other."""
COLUMN, WIDEST = 60, 320
"""Least and most pixels of a column."""
MEASURED = 100
"""Records that the widths of columns are taken from."""
TEXT_WIDTH = 640
PROBLEM = "There is a problem"


class Page(Protocol):
    """The page that panels stand on, and what they can ask of it."""

    desk: Desk
    resource: Resource

    def list_all(self, told: str = "") -> None:
        """Show the list."""

    def add(self) -> None:
        """Show the form for a new record."""

    def open(self, number: int) -> None:
        """Show a record."""

    def edit(self, number: int) -> None:
        """Show the form of a record."""

    def delete(self, number: int) -> None:
        """Ask whether a record is to be deleted."""

    def take_in(self) -> None:
        """Ask for a file to read."""

    def give_out(self) -> None:
        """Ask for a file to write."""

    def figure(self, verb: str) -> None:
        """Ask what a figure is about, and show it."""


class Panel(ttk.Frame):
    """Something a page shows: a heading, what is wrong, contents, buttons.

    Args:
        parent: The page.
        title: The heading.
    """

    def __init__(self, parent: tk.Misc, title: str = "") -> None:
        """Show the heading."""
        super().__init__(parent, padding=2 * GAP)
        self.letters = Keys()
        self.problem = ttk.Label(self, style=WRONG, wraplength=TEXT_WIDTH)
        self.heading = ttk.Label(self, text=title, style="Title.TLabel")
        if title:
            self.heading.pack(anchor="w", pady=(0, GAP))

    def buttons(self, doable: Sequence[tuple[str, Act]]) -> ttk.Frame:
        """Show a row of buttons."""
        row = ttk.Frame(self)
        made = {name: ttk.Button(row, text=name, command=act) for name, act in doable}
        for button in made.values():
            button.pack(side="left", padx=(0, GAP))
            button.bind("<Return>", lambda event: event.widget.invoke() or "break")
        self.letters.name({name: (button, button.invoke) for name, button in made.items()})
        row.pack(anchor="w", pady=GAP)
        return row

    def reach(self, controls: Sequence[Control]) -> None:
        """Have the letters of labels lead to their fields."""
        self.letters.name({c.blank.label: (c.label, c.field.focus_set) for c in controls})

    def complain(self, wrong: Sequence[Fault]) -> None:
        """Say at the top what is wrong."""
        lines = [capital(each.message) for each in wrong]
        self.problem.configure(text="\n".join([f"{PROBLEM}:", *lines]) if lines else "")
        if not lines:
            self.problem.pack_forget()
        elif self.heading.winfo_manager():
            self.problem.pack(anchor="w", after=self.heading, pady=(0, GAP))
        else:
            self.problem.pack(anchor="w", before=self.pack_slaves()[0], pady=(0, GAP))

    def begin(self) -> None:
        """Take the keyboard."""
        self.focus_set()


class ListPanel(Panel):
    """All records, or those that are asked for."""

    def __init__(self, page: Page, parent: tk.Misc, told: str) -> None:
        """Show what can be done, what can be asked, and the list."""
        super().__init__(parent)
        self.page = page
        self.ids: tuple[int, ...] = ()
        self.buttons(self.doings())
        self.controls = self.narrowed(page.desk.narrowing(page.resource))
        self.table = self.made_table()
        self.status = ttk.Label(self, text=told, wraplength=TEXT_WIDTH)
        self.status.pack(anchor="w", pady=(GAP, 0))
        self.update_idletasks()
        self.refresh(told)

    def doings(self) -> list[tuple[str, Act]]:
        """Return what can be done with records of the kind."""
        page, resource = self.page, self.page.resource
        known: list[tuple[str, str, Act]] = [
            ("add", f"Add {an(resource.singular)}", page.add),
            ("show", "Open", lambda: self.with_marked(page.open)),
            ("edit", "Edit", lambda: self.with_marked(page.edit)),
            ("delete", "Delete", lambda: self.with_marked(page.delete)),
            ("import", "Import", page.take_in),
            ("export", "Export", page.give_out),
        ]
        found = [(name, act) for verb, name, act in known if verb in resource.offers]
        return found + [(capital(verb), figuring(page, verb)) for verb in resource.figures]

    def narrowed(self, blanks: list[Blank]) -> list[Control]:
        """Show what can be asked of the list."""
        if not blanks:
            return []
        box = ttk.Frame(self)
        controls = [
            Control(box, blank, row=n // IN_A_ROW, column=2 * (n % IN_A_ROW), width=NARROW)
            for n, blank in enumerate(blanks)
        ]
        box.pack(anchor="w")
        for control in controls:
            control.field.bind("<Return>", lambda _: self.refresh())
        self.buttons([("Show", self.refresh), ("Show all", self.show_all)])
        self.reach(controls)
        return controls

    def made_table(self) -> ttk.Treeview:
        """Make the table, with a bar at its side."""
        box = ttk.Frame(self)
        headings = [capital(heading) for heading in self.page.resource.headings]
        table = ttk.Treeview(box, columns=headings, show="headings", selectmode="browse")
        for heading in headings:
            table.heading(heading, text=heading, anchor="w")
        table.pack(side="left", fill="both", expand=True)
        bar = ttk.Scrollbar(box, command=table.yview)
        table.configure(yscrollcommand=lambda first, last: place(bar, first, last))
        box.pack(fill="both", expand=True)
        doable = self.page.resource.offers
        if "show" in doable:
            for event in ("<Return>", "<Double-1>"):
                table.bind(event, lambda _: self.with_marked(self.page.open))
        if "delete" in doable:
            table.bind("<Delete>", lambda _: self.with_marked(self.page.delete))
        return table

    def show_all(self) -> None:
        """Ask for nothing in particular."""
        for control in self.controls:
            control.text.set(control.blank.shown)
        self.refresh()

    def refresh(self, told: str = "") -> None:
        """List what is there now."""
        self.table.delete(*self.table.get_children())
        self.ids = ()
        try:
            found = self.page.desk.listed(self.page.resource, asked(self.controls))
        except AppError as error:
            self.complain((Fault("", str(error)),))
            self.status.configure(text="")
            return
        self.complain(())
        self.ids = found.ids
        for number, row in zip(found.ids, found.rows, strict=True):
            self.table.insert("", "end", iid=str(number), values=row)
        fit(self.table, found.rows)
        self.status.configure(text=f"{told}  {found.told}" if told else found.told)

    def with_marked(self, act: Callable[[int], None]) -> None:
        """Do something with the record that is marked."""
        marked = self.table.selection()
        if marked:
            act(int(marked[0]))
        else:
            self.status.configure(text=f"Click {an(self.page.resource.singular)} first.")

    def begin(self) -> None:
        """Give the keyboard to the table, at its first record."""
        self.table.focus_set()
        if self.ids:
            self.table.focus(str(self.ids[0]))


class FormPanel(Panel):
    """Blanks to fill in, which are sent or left."""

    def __init__(
        self,
        page: Page,
        parent: tk.Misc,
        *,
        title: str,
        button: str,
        blanks: Sequence[Blank],
        send: Callable[[dict[str, str]], Outcome],
    ) -> None:
        """Show the blanks."""
        super().__init__(parent, title)
        self.page, self.send_to = page, send
        self.form = Form(self, blanks)
        self.form.pack(anchor="w")
        self.buttons([(button, self.submit), ("Cancel", page.list_all)])
        self.reach(self.form.controls)
        for control in self.form.controls:
            control.field.bind("<Return>", lambda _: self.submit())

    def submit(self) -> None:
        """Do what the form is for; where it is refused, say why and stay."""
        outcome = self.send_to(asked(self.form.controls))
        if outcome.wrong:
            self.complain(outcome.wrong)
            self.form.complain(outcome.wrong)
        else:
            self.page.list_all(outcome.told)

    def begin(self) -> None:
        """Give the keyboard to the first field."""
        self.form.controls[0].field.focus_set()


class FilePanel(FormPanel):
    """Asks for the name of a file."""

    def __init__(
        self,
        page: Page,
        parent: tk.Misc,
        *,
        title: str,
        blank: Blank,
        send: Callable[[dict[str, str]], Outcome],
        choose: Callable[[], str],
    ) -> None:
        """Show where the name is typed, and what lets one look for it."""
        super().__init__(page, parent, title=title, button=title, blanks=[blank], send=send)

        def browse() -> None:
            name = choose()
            if name:
                self.form.controls[0].text.set(name)

        self.buttons([("Browse...", browse)])


class RecordPanel(Panel):
    """One record, with what can be done with it."""

    def __init__(
        self,
        parent: tk.Misc,
        title: str,
        told: str,
        lines: Sequence[tuple[str, str]],
        doable: Sequence[tuple[str, Act]],
    ) -> None:
        """Show its values below each other."""
        super().__init__(parent, title)
        if told:
            ttk.Label(self, text=told, wraplength=TEXT_WIDTH).pack(anchor="w", pady=GAP)
        table = ttk.Frame(self)
        for row, (heading, value) in enumerate(lines):
            name = ttk.Label(table, text=capital(heading), style="Name.TLabel")
            name.grid(row=row, column=0, sticky="nw", padx=(0, 4 * GAP), pady=2)
            text = ttk.Label(table, text=value, wraplength=TEXT_WIDTH)
            text.grid(row=row, column=1, sticky="w", pady=2)
        table.pack(anchor="w")
        self.row = self.buttons(doable)

    def begin(self) -> None:
        """Give the keyboard to the last button, which changes nothing."""
        self.row.winfo_children()[-1].focus_set()


class FigurePanel(Panel):
    """A figure, or one for each group."""

    def __init__(self, page: Page, parent: tk.Misc, verb: str) -> None:
        """Show what it can be asked for, and what it comes to."""
        super().__init__(parent, f"{capital(verb)} of {page.resource.plural}")
        self.page, self.verb = page, verb
        self.form = Form(self, page.desk.asking(page.resource, verb))
        self.form.pack(anchor="w")
        self.buttons([("Show", self.refresh), ("Back", page.list_all)])
        self.reach(self.form.controls)
        self.result = ttk.Frame(self)
        self.result.pack(anchor="w", pady=GAP)
        for control in self.form.controls:
            control.field.bind("<Return>", lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Work it out."""
        for each in self.result.winfo_children():
            each.destroy()
        try:
            wanted = asked(self.form.controls)
            lines = self.page.desk.figure(self.page.resource, self.verb, wanted)
        except AppError as error:
            self.complain((Fault("", str(error)),))
            return
        self.complain(())
        for row, cells in enumerate(lines or [(f"No {self.page.resource.plural}.", "")]):
            for column, text in enumerate(cells):
                label = ttk.Label(self.result, text=text, wraplength=TEXT_WIDTH)
                sticky = "e" if column else "w"
                label.grid(row=row, column=column, sticky=sticky, padx=(0, 4 * GAP), pady=2)

    def begin(self) -> None:
        """Give the keyboard to the first field."""
        (self.form.controls[0].field if self.form.controls else self).focus_set()


def figuring(page: Page, verb: str) -> Act:
    """Return what shows a figure."""
    return lambda: page.figure(verb)


def choosing(parent: tk.Misc, *, saving: bool) -> Callable[[], str]:
    """Return what lets people look for a file."""
    ask = filedialog.asksaveasfilename if saving else filedialog.askopenfilename
    return lambda: str(ask(parent=parent, filetypes=[("CSV", "*.csv"), ("All files", "*")]) or "")


def place(bar: ttk.Scrollbar, first: float, last: float) -> None:
    """Show a bar where there is more than fits."""
    bar.set(first, last)
    if (float(first), float(last)) == (0, 1):
        bar.pack_forget()
    else:
        bar.pack(side="right", fill="y")


def fit(table: ttk.Treeview, rows: Sequence[Sequence[str]]) -> None:
    """Make each column as wide as what stands in it; where that is too much, cut the widest."""
    measure = font.nametofont("TkDefaultFont").measure
    headings = table["columns"]
    wanted = [
        max(map(measure, (f"{heading}  ", *(row[n] for row in rows[:MEASURED])))) + 3 * GAP
        for n, heading in enumerate(headings)
    ]
    widest = WIDEST
    while sum(min(wide, widest) for wide in wanted) > table.winfo_width() and widest > COLUMN:
        widest -= GAP
    for heading, wide in zip(headings, wanted, strict=True):
        table.column(heading, width=min(wide, widest), minwidth=COLUMN)


def an(name: str) -> str:
    """Put the article before a name."""
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"
