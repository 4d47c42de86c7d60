"""Pictures of the app: an artist says what they show; a model of images paints them, or rules do.

They lie on main before the first coder starts, in the folder ``static`` with a list
(``pictures.json``), so whoever writes the pages finds them there. Apps without pages have none.
"""

import asyncio
import json
from typing import Any

from macrohard import work
from macrohard.artwork.check import PictureError, look_at
from macrohard.artwork.drawing import card_png, empty_svg, has_pillow, icon_svg
from macrohard.artwork.finish import PAINTED_SIDE, card_of, painted, shrunk
from macrohard.artwork.motifs import motif_for
from macrohard.artwork.palettes import palette_for
from macrohard.documents import fence
from macrohard.errors import ModelError
from macrohard.graph.office import Office
from macrohard.graph.state import State
from macrohard.llm.base import Asker, Message, Request
from macrohard.llm.images import MOST_TOKENS

LIST = "pictures.json"
"""What there is: by use, the file, its type, its size in pixels, and its words."""
_USES = ("icon", "empty", "card")
_SEEN = frozenset({"web", "desktop"})
_ENDINGS = {"image/svg+xml": "svg", "image/png": "png"}


class Pictures(work.Noun):
    """What was made: uses by how they were made, and where they lie."""

    motif: str
    folder: str
    painted: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def has_face(office: Office, state: State) -> bool:
    """Whether people look at the app: only then it gets pictures."""
    brief = office.artifacts.noun(state["brief"], work.Brief)
    return bool(_SEEN & set(brief.interfaces))


async def assets(office: Office, state: State) -> dict[str, Any]:
    """Have the pictures made, and put them on main."""
    brief = office.artifacts.noun(state["brief"], work.Brief)
    design = office.artifacts.noun(state["design"], work.Design)
    async with office.stage("assets", 1):
        look = await office.think(
            office.roster.lead("assets", "ArtDirection"),
            work.ArtDirection,
            "Say what the pictures of this application show.",
            {
                "brief": brief,
                "requirements": office.artifacts.noun(state["requirements"], work.Requirements),
            },
        )
        by_model = await _paint(office, look)
        made = {use: _finished(use, look, brief, by_model.get(use)) for use in _USES}
        files = {use: data for use, data in made.items() if data is not None}
        pictures = Pictures(
            motif=look.motif,
            folder=folder_of(design),
            painted=tuple(use for use in files if use in by_model),
            drawn=tuple(use for use in files if use not in by_model),
            left_out=tuple(use for use in _USES if use not in files),
        )
        await office.repository.put(
            _files(pictures.folder, look, files), "Make the pictures of the application"
        )
        size = sum(map(len, files.values()))
        office.journal.write("assets_made", bytes=size, **pictures.model_dump(mode="json"))
        if pictures.left_out:
            office.journal.write(
                "notice",
                text="The card for shared links was left out: a bitmap needs Pillow "
                "(pip install -e '.[pictures]' in macrohard's checkout).",
            )
        return {"assets": office.artifacts.put(pictures)}


def folder_of(design: work.Design) -> str:
    """Where an app's pictures lie: in its package, so that they are installed with it."""
    packaged = any(module.path.startswith(f"{design.app}/") for module in design.modules)
    return f"{design.app}/static" if packaged else "static"


async def _paint(office: Office, look: work.ArtDirection) -> dict[str, bytes]:
    """What a model of images painted, by use; nothing where none is named."""
    routing = office.settings.routing
    role = office.roster.lead("assets", "Picture")
    replayed = office.settings.model.startswith("replay:")
    if not (replayed or "image" in routing.tiers or role.name in routing.roles):
        return {}
    if not has_pillow():
        office.journal.write(
            "notice",
            text="The model of images was not asked: what it paints has to be made smaller, which "
            "needs Pillow (pip install -e '.[pictures]' in macrohard's checkout). Drawn by rule.",
        )
        return {}

    async def one(use: str) -> bytes | None:
        drawing: work.Drawing = getattr(look, use)
        request = Request(
            asker=Asker(role=role.name, stage="assets", item=use, output=work.Picture.__name__),
            messages=(
                Message(role="system", content=role.prompt),
                Message(role="user", content=fence("drawing", drawing.prompt)),
            ),
            output_schema=work.Picture.model_json_schema(),
            max_output_tokens=MOST_TOKENS,
        )
        try:
            reply = await office.model.complete(request)
            return painted(work.Picture.model_validate_json(reply.content))
        except (ModelError, PictureError, ValueError) as error:
            if not replayed:
                office.journal.write(
                    "notice", text=f"The {use} is drawn by rule; no picture came: {error}"[:500]
                )
            return None

    found = await asyncio.gather(*map(one, _USES))
    return {use: data for use, data in zip(_USES, found, strict=True) if data is not None}


def _finished(
    use: str, look: work.ArtDirection, brief: work.Brief, data: bytes | None
) -> bytes | None:
    """The file of a picture; None where it cannot be made here."""
    palette = palette_for(brief.title)
    if data is not None:
        if use == "card":
            return card_of(data, palette, brief.title, brief.purpose)
        return shrunk(data, PAINTED_SIDE[use])
    motif = motif_for(look.motif, brief.title, brief.purpose)
    if use == "icon":
        return icon_svg(motif, palette).encode()
    if use == "empty":
        return empty_svg(motif, palette).encode()
    return card_png(motif, palette, brief.title, brief.purpose) if has_pillow() else None


def _files(folder: str, look: work.ArtDirection, made: dict[str, bytes]) -> dict[str, bytes]:
    files, rows = {}, {}
    for use, data in made.items():
        seen = look_at(data)
        name = f"{use}.{_ENDINGS[seen.media]}"
        files[f"{folder}/{name}"] = data
        rows[use] = {
            "file": name, "type": seen.media, "width": seen.width, "height": seen.height,
            "alt": " ".join(getattr(look, use).alt.split()),
        }  # fmt: skip
    text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    return files | {f"{folder}/{LIST}": text.encode()}
