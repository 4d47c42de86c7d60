"""Text in pictures of windows: where it stands, which label has which field, what is alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from macrohard.lookalikes import alike, reads
from macrohard.users.base import UserActionError
from macrohard.users.desk.lettering import Box, cut_out, find_lettering
from macrohard.users.desk.reading import Page, Text


def window() -> Image.Image:
    """A label with its field, a button, light letters on a dark row."""
    image = Image.new("RGB", (400, 200), (217, 217, 217))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    draw.text((10, 23), "Daily price", (0, 0, 0), font)
    draw.rectangle((100, 20, 250, 42), (255, 255, 255), (120, 120, 120))
    draw.text((104, 23), "12.50", (0, 0, 0), font)
    draw.rectangle((280, 20, 340, 48), (230, 230, 230), (90, 90, 90))
    draw.text((296, 26), "Add", (0, 0, 0), font)
    draw.rectangle((10, 80, 390, 100), (70, 100, 130))
    draw.text((14, 83), "O'Brien", (255, 255, 255), font)
    draw.text((150, 83), "lent", (255, 255, 255), font)
    return image


def test_each_piece_of_text_is_found_once_and_frames_are_none() -> None:
    found = find_lettering(window())
    assert [(piece.left // 10, piece.top // 10) for piece in found.pieces] == [
        (1, 2), (10, 2), (29, 3), (1, 8), (15, 8),
    ]  # fmt: skip
    field = next(frame for frame in found.frames if frame.left in {99, 100, 101})
    assert (field.top, field.bottom) == (20, 43)


def test_lines_that_touch_are_two() -> None:
    image = Image.new("RGB", (300, 60), (217, 217, 217))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    draw.text((10, 10), "There is a problem, my goodness:", (180, 0, 40), font)
    draw.text((10, 23), "Plant can have at most 40 letters", (180, 0, 40), font)
    draw.line((60, 20, 60, 27), (180, 0, 40))  # a tail that hangs into the next line
    first, second = find_lettering(image).pieces
    assert first.bottom <= second.top + 1
    assert 8 < first.height < 16
    assert 8 < second.height < 16


def test_dark_and_light_writing_are_cut_out_alike() -> None:
    image = window()
    dark, light = find_lettering(image).pieces[0], find_lettering(image).pieces[3]
    for piece in (dark, light):
        cut = cut_out(image, piece)
        assert (cut.getpixel((0, 0)), min(cut.tobytes())) == (255, 0), "black on white"


def page() -> Page:
    def text(words: str, left: int, top: int, width: int = 60) -> Text:
        return Text(words, Box(top, left, top + 12, left + width))

    texts = (
        text("Daily price", 10, 24), text("12.50", 104, 24), text("Add tool...", 290, 28),
        text("Notes", 10, 60), text("Add", 10, 150), text("Delete", 300, 150),
    )  # fmt: skip
    frames = (Box(20, 100, 43, 250), Box(20, 280, 48, 360), Box(78, 10, 140, 250))
    return Page(texts, frames)


def test_a_field_is_what_stands_beside_its_label_or_below_it() -> None:
    assert page().field("daily price") == Box(20, 100, 43, 250)
    assert page().field("Notes") == Box(78, 10, 140, 250)
    with pytest.raises(UserActionError, match="no field beside or below 'Delete'"):
        page().field("Delete")


def test_things_are_found_by_their_whole_name_before_a_part_of_one() -> None:
    assert page().find("Add").box.top == 150
    assert page().find("add tool…").words == "Add tool..."
    assert page().find("tool").words == "Add tool..."
    with pytest.raises(UserActionError, match="there is no 'ad' on the screen; there is: Daily"):
        page().find("ad")


def test_what_stands_beside_each_other_is_one_line() -> None:
    assert page().lines[0] == "Daily price  12.50  Add tool..."


@pytest.mark.parametrize(
    ("wanted", "shown", "same"),
    [
        ("Müller", "Muller & Sohne", True),
        ("Illusion", "lllusion", True),
        ("Total price: 12.50", "Totalprice:12.50", True),
        ("10", "lO", False),
        ("12.50", "12.60", False),
    ],
)
def test_only_what_a_picture_cannot_tell_is_taken_for_one(
    wanted: str, shown: str, same: bool
) -> None:
    assert reads(wanted, shown) is same


@given(st.text())
def test_a_text_reads_as_itself_and_no_digit_changes(text: str) -> None:
    assert reads(text, f"before {text} after")
    assert [c for c in alike(text) if c in "0123456789"][: len(text)] == [
        c for c in alike(alike(text)) if c in "0123456789"
    ]


@pytest.mark.parametrize("wide", [0, 1, 2])
def test_a_caret_is_no_part_of_the_text_it_touches(wide: int) -> None:
    image = Image.new("RGB", (200, 40), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((10, 12), "999.96", (0, 0, 0), ImageFont.load_default(13))
    right = find_lettering(image).pieces[0].right
    if wide:
        draw.rectangle((right, 10, right + wide - 1, 27), (0, 0, 0))
    (piece,) = find_lettering(image).pieces
    assert right - 1 <= piece.right <= right
