"""A shopping list in a window: what to try a desktop user on. Keeps its items in items.json."""

import json
import tkinter as tk
from pathlib import Path

FILE = Path("items.json")


class List:
    """The window and the list behind it."""

    def __init__(self) -> None:
        """Open the window with what was saved last."""
        self.items: list[str] = json.loads(FILE.read_text()) if FILE.exists() else []
        self.root = tk.Tk()
        self.root.title("Shopping")
        self.root.geometry("360x300+40+40")
        self.entry = tk.Entry(self.root)
        self.entry.place(x=20, y=20, width=220, height=30)
        self.entry.bind("<Return>", lambda _: self.add())
        tk.Button(self.root, text="Add", command=self.add).place(x=250, y=20, width=90, height=30)
        self.shown = tk.Listbox(self.root)
        self.shown.place(x=20, y=65, width=220, height=180)
        tk.Button(self.root, text="Remove", command=self.remove).place(
            x=250, y=65, width=90, height=30
        )
        self.told = tk.Label(self.root, anchor="w")
        self.told.place(x=20, y=255, width=320, height=30)
        self.show()

    def add(self) -> None:
        """Put what stands in the field on the list."""
        name = self.entry.get().strip()
        if name:
            self.items.append(name)
            self.entry.delete(0, tk.END)
            self.save()

    def remove(self) -> None:
        """Take what is marked off the list."""
        for index in reversed(self.shown.curselection()):
            del self.items[index]
        self.save()

    def save(self) -> None:
        """Keep the list, and show it."""
        FILE.write_text(json.dumps(self.items))
        self.show()

    def show(self) -> None:
        """Show the list and how long it is."""
        self.shown.delete(0, tk.END)
        self.shown.insert(tk.END, *self.items)
        self.told["text"] = f"{len(self.items)} to buy"


if __name__ == "__main__":
    List().root.mainloop()
