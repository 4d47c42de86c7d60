"""Pictures drawn by rule: sound, small, readable, the same every time."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from macrohard.artwork import drawing
from macrohard.artwork.check import look_at
from macrohard.artwork.motifs import GLYPHS, motif_for
from macrohard.artwork.palettes import PALETTES, contrast, palette_for
from macrohard.artwork.type import text_font


@pytest.mark.parametrize(
    ("texts", "motif"),
    [
        (("Tool shed", "keeps loans"), "hammer"),
        (("Shared expenses",), "receipt"),
        (("Recipes of the house",), "bowl"),
        (("Bibliothek", "who borrows which books"), "book"),
        (("Xyzzy", ""), "list"),
    ],
)
def test_a_motif_is_what_the_words_speak_of(texts: tuple[str, ...], motif: str) -> None:
    assert motif_for(*texts) == motif


def test_colours_can_be_told_apart_by_everybody() -> None:
    for palette in PALETTES:
        assert contrast(palette.main, "#ffffff") >= 4.5
        assert contrast(palette.deep, palette.pale) >= 7
    assert palette_for("Tool shed") == palette_for("TOOL SHED")


@pytest.mark.parametrize("motif", GLYPHS)
def test_every_motif_is_drawn_sound_small_and_the_same_twice(motif: str) -> None:
    palette = palette_for(motif)
    for make, size in ((drawing.icon_svg, (64, 64)), (drawing.empty_svg, drawing.EMPTY_SIZE)):
        text = make(motif, palette)
        seen = look_at(text.encode())
        assert (seen.media, seen.width, seen.height) == ("image/svg+xml", *size)
        assert len(text) < 3_000
        assert text == make(motif, palette)


def test_a_card_has_the_size_that_networks_show_and_is_the_same_twice() -> None:
    palette = palette_for("Tool shed")
    card = drawing.card_png("hammer", palette, "Tool shed", "A street shares its tools.")
    assert card == drawing.card_png("hammer", palette, "Tool shed", "A street shares its tools.")
    assert (look_at(card).width, look_at(card).height) == drawing.CARD_SIZE
    assert len(card) < 60_000
    # White lines on the badge, dark words at its right: it is not an empty sheet.
    with Image.open(io.BytesIO(card)) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or []}
        assert (255, 255, 255) in colours
        words = picture.convert("L").crop((440, 100, 1140, 560))
        darkest, _ = words.getextrema()
        assert darkest < 80


@settings(max_examples=20, deadline=None)
@given(text=st.text(max_size=300), lines=st.integers(1, 4))
def test_text_stays_inside_its_room_whatever_it_is(text: str, lines: int) -> None:
    font, found = drawing.fitted(text, 400, sizes=(60, 40), lines=lines, bold=True)
    assert 1 <= len(found) <= lines
    assert all(font.getlength(line) <= 400 for line in found)
    assert text_font(40) is text_font(40)
