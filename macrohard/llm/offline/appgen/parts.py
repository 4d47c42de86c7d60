"""Cuts an app into pieces of work that do not share files, with what each needs before it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PartFile:
    """A file of a part, as a design describes it.

    Attributes:
        path: Where it stands.
        responsibility: What it is for, in a sentence.
        interface: Its public functions and classes, each with its signature and purpose.
        depends_on: Paths of the app's files that it imports.
    """

    path: str
    responsibility: str
    interface: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A natural piece of work.

    Attributes:
        id: Short name, unique in the app.
        title: For people.
        role: The role that would write it.
        files: What it writes.
        depends_on: Parts whose files must be there before its own tests can pass.
        kinds: Slugs of the record kinds that it serves; empty when it serves all.
    """

    id: str
    title: str
    role: str
    files: tuple[PartFile, ...]
    depends_on: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
