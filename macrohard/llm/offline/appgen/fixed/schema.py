"""A stand-in for the schema that each app has of its own; the tests of this folder use it."""

APPLICATION_ID = 1
VERSION = 1
SCHEMA = (
    'CREATE TABLE "thing" ("id" INTEGER PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL UNIQUE)',
    """
    CREATE TABLE "part" (
        "id" INTEGER PRIMARY KEY AUTOINCREMENT,
        "thing" INTEGER REFERENCES "thing" ("id") ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE "note" (
        "id" INTEGER PRIMARY KEY AUTOINCREMENT,
        "part" INTEGER REFERENCES "part" ("id")
    )
    """,
)
KIND_NAMES = {
    "thing": ("thing", "things"),
    "part": ("part", "parts"),
    "note": ("note", "notes"),
}
Links = tuple[tuple[str, str, str], ...]
CASCADES: Links = (("part", "thing", "thing"),)
REFUSALS: Links = (("note", "part", "part"),)
