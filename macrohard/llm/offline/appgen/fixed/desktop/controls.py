"""What people fill in: a label, a field, and beside it what it takes or what is wrong with it."""

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from tkinter import ttk

from macrohard.llm.offline.appgen.fixed.desktop.desk import Blank, capital, mnemonics
from macrohard.llm.offline.appgen.fixed.web.resource import Fault

GAP = 6
WIDE = 44
"""Characters of a field."""
HINT_WIDTH = 380
HINT, WRONG = "Hint.TLabel", "Wrong.TLabel"


class Control:
    """A blank on the screen.

    Args:
        parent: Where it stands, in a grid.
        blank: What is filled in.
        row: Row of the grid.
        column: The column of the label; the field is in the next.
        width: Characters of the field.
    """

    def __init__(
        self, parent: tk.Misc, blank: Blank, *, row: int, column: int = 0, width: int = WIDE
    ) -> None:
        """Put the label and the field there."""
        self.blank = blank
        self.text = tk.StringVar(value=blank.shown)
        self.label = ttk.Label(parent, text=blank.label)
        self.label.grid(row=row, column=column, sticky="w", padx=(0, GAP), pady=GAP // 2)
        self.field: ttk.Entry = (
            ttk.Combobox(
                parent, textvariable=self.text, values=list(blank.choices), state="readonly"
            )
            if blank.choices
            else ttk.Entry(parent, textvariable=self.text)
        )
        self.field.configure(width=width)
        self.field.grid(row=row, column=column + 1, sticky="w", padx=(0, 2 * GAP), pady=GAP // 2)
        self.label.bind("<Button-1>", lambda _: self.field.focus_set())

    @property
    def meant(self) -> str | None:
        """Return what the field says; None where it asks for nothing."""
        return self.blank.meant(self.text.get())


def asked(controls: Sequence[Control]) -> dict[str, str]:
    """Return what the fields say, without those that ask for nothing."""
    found = {each.blank.slug: each.meant for each in controls}
    return {slug: text for slug, text in found.items() if text is not None}


class Form(ttk.Frame):
    """Blanks below each other, with what each takes or what is wrong with it."""

    def __init__(self, parent: tk.Misc, blanks: Sequence[Blank]) -> None:
        """Show them as they are at first."""
        super().__init__(parent)
        self.controls = [Control(self, blank, row=row) for row, blank in enumerate(blanks)]
        self.notes = [ttk.Label(self, wraplength=HINT_WIDTH) for _ in blanks]
        for row, note in enumerate(self.notes):
            note.grid(row=row, column=2, sticky="w")
        self.complain(())

    def complain(self, wrong: Sequence[Fault]) -> None:
        """Say beside each field what is wrong with it, and lead to the first of these."""
        messages: dict[str, str] = {}
        for fault in wrong:
            messages.setdefault(fault.field, fault.message)
        for control, note in zip(self.controls, self.notes, strict=True):
            message = capital(messages.get(control.blank.slug, ""))
            note.configure(text=message or control.blank.hint, style=WRONG if message else HINT)
        first = next((c for c in self.controls if c.blank.slug in messages), None)
        if first is not None:
            first.field.focus_set()


class Keys:
    """The letters that are pressed with Alt, each with what it does."""

    def __init__(self) -> None:
        """Begin without any."""
        self.acts: dict[str, Callable[[], object]] = {}

    def name(self, widgets: Mapping[str, tuple[tk.Misc, Callable[[], object]]]) -> None:
        """Underline a letter of each name, and have it do what the name says."""
        for name, place in mnemonics(widgets, self.acts).items():
            widget, act = widgets[name]
            widget.configure(underline=place)  # type: ignore[call-arg]
            self.acts[name[place].lower()] = act

    def press(self, letter: str) -> bool:
        """Do what a letter stands for; returns whether it stands for anything."""
        act = self.acts.get(letter.lower())
        if act is not None:
            act()
        return act is not None
