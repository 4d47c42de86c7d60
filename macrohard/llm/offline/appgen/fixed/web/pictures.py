"""The pictures of the application: files of its own, in the folder ``static``."""

import json
from dataclasses import dataclass
from pathlib import Path

from macrohard.llm.offline.appgen.fixed.web.html import Html, tag

FOLDER = Path(__file__).resolve().parent.parent / "static"
LIST = "pictures.json"
"""Says of each picture its file, its type, its size, and what is said to those who do not see."""
PREFIX = "/static/"


@dataclass(frozen=True)
class Picture:
    """A picture as the list names it; ``width`` and ``height`` are in pixels."""

    file: str
    type: str
    width: int
    height: int
    alt: str

    @property
    def address(self) -> str:
        """Where it is served."""
        return PREFIX + self.file


def known() -> dict[str, Picture]:
    """Return what there is, by use; nothing where the application came without pictures."""
    path = FOLDER / LIST
    if not path.is_file():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {use: Picture(**row) for use, row in rows.items()}


def find(address: str) -> tuple[str, bytes] | None:
    """Return type and content of the picture at an address; None where there is none."""
    for picture in known().values():
        path = FOLDER / picture.file
        if picture.address == address and path.is_file():
            return picture.type, path.read_bytes()
    return None


def image(use: str, *, alt: str | None = None, width: int, class_: str) -> Html | None:
    """Show a picture at some width, in its proportions; None where there is none."""
    picture = known().get(use)
    if picture is None:
        return None
    height = round(width * picture.height / max(picture.width, 1))
    return tag(
        "img",
        src=picture.address,
        alt=picture.alt if alt is None else alt,
        width=str(width),
        height=str(height),
        class_=class_,
    )


def head(title: str, about: str, host: str) -> list[Html]:
    """Write what a page's head says of pictures: the icon, and the card for shared links."""
    found = known()
    icon, card = found.get("icon"), found.get("card")
    lines = [
        tag("link", rel="icon", href=icon.address, type=icon.type)
        if icon
        else tag("link", rel="icon", href="/icon.svg", type="image/svg+xml")
    ]
    if card and host:
        # Those who show cards take whole addresses alone.
        lines += [
            tag("meta", property="og:title", content=title),
            tag("meta", property="og:description", content=about),
            tag("meta", property="og:image", content=f"http://{host}{card.address}"),
            tag("meta", property="og:image:alt", content=card.alt),
        ]
    return lines
