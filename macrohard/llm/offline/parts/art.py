"""The part that says what an application's pictures show."""

from macrohard.artwork.motifs import motif_for
from macrohard.llm.offline.parts.reading import read_noun
from macrohard.llm.offline.scene import Scene
from macrohard.work import ArtDirection, Brief, Drawing, Requirements

_HAND = "Flat shapes of one even outline, white on one plain colour, no letters"


def direct(scene: Scene) -> ArtDirection:
    """One motif through all pictures: the thing that the title, else the requirements, speak of."""
    brief = read_noun(scene, "brief", Brief)
    wanted = read_noun(scene, "requirements", Requirements)
    told = " ".join(story.i_want for story in wanted.stories)
    motif = motif_for(brief.title, " ".join(brief.users), brief.purpose, told)
    return ArtDirection(
        motif=motif,
        icon=Drawing(prompt=f"A {motif}, alone and bold. {_HAND}.", alt=f"{brief.title}: icon"),
        empty=Drawing(
            prompt=f"An empty place with a dashed edge, where a {motif} belongs. {_HAND}.",
            alt=f"A {motif} in an empty place: nothing is here yet",
        ),
        card=Drawing(
            prompt=f"A large {motif} on a quiet ground. {_HAND}.",
            alt=f"{brief.title[:150]}: a {motif}, and what it is for",
        ),
    )
