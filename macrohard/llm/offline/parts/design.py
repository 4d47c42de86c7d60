"""The part that designs: cuts the application into modules and says how they talk."""

from macrohard.llm.offline.appgen.program import serve_command, window_command
from macrohard.llm.offline.dialect.ast import App, Field, FieldType
from macrohard.llm.offline.parts.compiled import Compiled, compile_scene
from macrohard.llm.offline.parts.source import public_interface, summary_line
from macrohard.llm.offline.scene import Scene
from macrohard.work import Design, Entity, Module

TEST_COMMAND = ("python", "-m", "unittest", "discover", "-s", "tests", "-t", ".")


def write_design(scene: Scene) -> Design:
    """Design the application that the requirements of the request describe."""
    return design_of(compile_scene(scene))


def design_of(compiled: Compiled) -> Design:
    """The design we would hand in for compiled requirements."""
    app = compiled.app
    return Design(
        app=app.slug,
        summary=_summary(compiled),
        modules=tuple(_module(compiled, path) for path in compiled.files),
        data_model=tuple(
            Entity(name=kind.name, fields=("id: integer, key", *map(_field, kind.fields)))
            for kind in app.kinds
        ),
        interfaces=app.interfaces,
        run=("python", "-m", app.slug),
        serve=tuple(serve_command(app)) if app.is_served else (),
        window=tuple(window_command(app)) if app.has_window else (),
        test=TEST_COMMAND,
        decisions=_decisions(app),
    )


def _summary(compiled: Compiled) -> str:
    kinds = ", ".join(kind.name for kind in compiled.app.kinds)
    count = sum(1 for path in compiled.files if path.endswith(".py"))
    return (
        f"{compiled.app.title} keeps {kinds} in one SQLite file. {count} Python files with the "
        f"standard library alone; people reach it by: {', '.join(compiled.app.interfaces)}."
    )


def _module(compiled: Compiled, path: str) -> Module:
    text = compiled.files[path]
    described = next(
        (file for part in compiled.parts for file in part.files if file.path == path), None
    )
    responsibility = described.responsibility if described else ""
    return Module(
        path=path,
        responsibility=responsibility or summary_line(text) or f"Holds {path}.",
        interface=(described.interface if described else ()) or public_interface(text),
        depends_on=compiled.imports[path],
        stories=compiled.stories_of[path],
    )


def _field(field: Field) -> str:
    marks = [
        f"reference to {field.target}" if field.type is FieldType.REFERENCE else field.type.value,
        *(["required"] if field.required else []),
        *(["unique"] if field.unique else []),
        *(["computed"] if field.computed is not None else []),
    ]
    return f"{field.slug}: {', '.join(marks)}"


def _decisions(app: App) -> tuple[str, ...]:
    decisions = [
        "SQLite in one file (--db PATH): rules over records need transactions; a file is copied.",
        "The standard library alone: the application runs wherever Python does, with no install.",
        "Input is checked before it is written, in one transaction: a refusal changes nothing.",
        "Errors are one exception class, turned into one line and exit code 2 in a single place.",
        "SQL takes values only as parameters, and quotes every identifier: names come from people.",
    ]
    if any(
        field.type is FieldType.DECIMAL or field.computed is not None
        for kind in app.kinds
        for field in kind.fields
    ):
        decisions.append("Decimals are kept exact, never as binary fractions: sums must agree.")
    if any(field.computed is not None for kind in app.kinds for field in kind.fields):
        decisions.append("Computed fields are worked out when read: nothing stored can go stale.")
    return tuple(decisions)
