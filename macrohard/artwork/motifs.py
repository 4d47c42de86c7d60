"""What a picture drawn by rule can show, and the words that call for it."""

import re

from macrohard.artwork.shapes import Dot, Frame, Glyph, Ring, Stroke, arc, curve, line, loop

_CHECK = (Frame(4, 4, 16, 16, 3), line((8, 12), (11, 15), (16, 9)))
_HOUSE = (
    line((3, 11.5), (12, 4), (21, 11.5)),
    line((5.5, 10), (5.5, 20), (18.5, 20), (18.5, 10)),
    line((10, 20), (10, 14.5), (14, 14.5), (14, 20)),
)
_BOOK = (
    loop((12, 6.5), (9.5, 4.5), (3, 4.5), (3, 18.5), (9.5, 18.5), (12, 20.5), (14.5, 18.5),
         (21, 18.5), (21, 4.5), (14.5, 4.5)),
    line((12, 6.5), (12, 20)),
)  # fmt: skip
_PARCEL = (
    loop((12, 3), (20, 7.2), (20, 16.8), (12, 21), (4, 16.8), (4, 7.2)),
    line((4, 7.2), (12, 11.4), (20, 7.2)),
    line((12, 11.4), (12, 21)),
)
_LEAF = (
    Stroke((*curve((5, 18), (1.5, 5), (20, 4)), *curve((20, 4), (20.5, 20), (5, 18))), closed=True),
    line((4, 20.5), (5, 18), (13.5, 10.5)),
)
_PIN = (Stroke((*arc(12, 10, 7, 150, 390), (12, 21.5)), closed=True), Ring(12, 10, 2.5))
_BOWL = (
    Stroke(arc(12, 11.5, 9, 0, 180), closed=True),
    Stroke(curve((9, 8), (7, 6), (9, 3.5))),
    Stroke(curve((15, 8), (13, 6), (15, 3.5))),
)
_PAW = (
    Dot(6, 11, 2), Dot(9.7, 6.5, 2.1), Dot(14.3, 6.5, 2.1), Dot(18, 11, 2),
    Stroke((*curve((7.5, 18), (8, 11.5), (12, 12)), *curve((12, 12), (16, 11.5), (16.5, 18)),
            *curve((16.5, 18), (12, 21), (7.5, 18))), closed=True),
)  # fmt: skip

GLYPHS: dict[str, Glyph] = {
    "list": (
        Frame(5, 3, 14, 18, 2.5), line((9, 8), (15, 8)), line((9, 12), (15, 12)),
        line((9, 16), (12.5, 16)),
    ),
    "receipt": (
        loop((6, 3), (18, 3), (18, 21), (15, 19), (12, 21), (9, 19), (6, 21)),
        line((9.5, 8), (14.5, 8)), line((9.5, 12), (14.5, 12)),
    ),
    "calendar": (
        Frame(4, 5, 16, 16, 2.5), line((4, 10.5), (20, 10.5)), line((8.5, 3), (8.5, 7)),
        line((15.5, 3), (15.5, 7)), Dot(12, 15.7, 1.7),
    ),
    "hammer": (
        loop((5, 4), (15, 4), (19.5, 7.5), (15, 9.5), (5, 9.5)), Frame(8.5, 9.5, 4, 12, 1.5),
    ),
    "book": _BOOK,
    "person": (Ring(12, 8, 4), Stroke(arc(12, 21, 8, 180, 360), closed=True)),
    "parcel": _PARCEL,
    "leaf": _LEAF,
    "disc": (Ring(12, 12, 9), Ring(12, 12, 2.5), Stroke(arc(12, 12, 5.8, 200, 260))),
    "bowl": _BOWL,
    "check": _CHECK,
    "pin": _PIN,
    "house": _HOUSE,
    "tag": (
        loop((3.5, 12), (12.5, 3), (19.5, 3), (21, 4.5), (21, 11.5), (12, 20.5)),
        Dot(16.3, 7.7, 1.5),
    ),
    "letter": (Frame(3, 5, 18, 14, 2.5), line((4, 7.5), (12, 13.5), (20, 7.5))),
    "clock": (Ring(12, 12, 9), line((12, 7), (12, 12), (15.5, 14))),
    "paw": _PAW,
}  # fmt: skip
"""The motifs, as line drawings."""

_CALLED_BY = {
    "receipt": "expense cost spending money bill invoice payment budget receipt cash debt donation",
    "calendar": "booking calendar event appointment date schedule meeting reservation holiday",
    "hammer": "tool hammer wrench workshop repair shed machine equipment",
    "book": "book library reading reader author page story chapter diary",
    "parcel": "parcel stock inventory item delivery warehouse box part package shipment",
    "leaf": "plant garden leaf seed tree flower harvest bed crop",
    "disc": "record song album music track film movie concert disc",
    "bowl": "recipe food meal dish kitchen ingredient pantry dinner bowl cook",
    "check": "task todo chore check habit checklist goal project",
    "pin": "place trip visit route travel map walk pin tour journey",
    "house": "house room home flat property building house rent",
    "tag": "product price order sale shop tag customer item",
    "letter": "letter mail message contact address letter card newsletter",
    "clock": "time hour shift clock timesheet work training lesson",
    "paw": "animal pet dog cat horse paw rabbit hen patient vet",
    "person": "person member people club team guest student volunteer neighbour neighbor friend",
    "list": "list note entry log journal",
}
_MEANT = {word: motif for motif, words in _CALLED_BY.items() for word in reversed(words.split())}
_ENDINGS = (("ies", "y"), ("es", ""), ("s", ""))


def motif_for(*texts: str) -> str:
    """The motif that the first telling word of the texts calls for; a list where there is none."""
    for text in texts:
        for word in re.findall(r"[^\W\d_]+", text.lower()):
            ways = [word, *(word[: -len(e)] + r for e, r in _ENDINGS if word.endswith(e))]
            found = next((_MEANT[way] for way in ways if way in _MEANT), None)
            if found:
                return found
    return "list"
