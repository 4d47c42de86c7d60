"""A stand-in for the commands that each app has of its own."""

PROGRAM = "python -m fixed"
ABOUT = "Stands in for an app."
DATABASE = "fixed.db"
COMMANDS = {"thing": "macrohard.llm.offline.appgen.fixed.thing_commands"}
VERBS = {"thing": "list"}
