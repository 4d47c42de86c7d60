"""What is a picture and what is not, decided from its bytes."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.chat_server import plain_png

from macrohard.artwork import check
from macrohard.artwork.check import PictureError, look_at

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 16"><path d="M0 0h9"/></svg>'


def sample(kind: str) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((40, 30), 50).convert("RGB").save(data, kind)
    return data.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "ICO"])
def test_bitmaps_are_known_by_what_they_hold(kind: str) -> None:
    seen = look_at(sample(kind))
    assert seen.media == {"ICO": "image/x-icon"}.get(kind, f"image/{kind.lower()}")
    assert kind == "ICO" or (seen.width, seen.height) == (40, 30)


def test_an_svg_is_read_as_xml_and_its_size_from_its_box() -> None:
    seen = look_at(SVG)
    assert (seen.media, seen.width, seen.height) == ("image/svg+xml", 32, 16)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (SVG[:-4], "no SVG"),
        (b"<html><body>Not found</body></html>", "root 'html'"),
        (b"<svg/>", "without anything"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg><text>&a;</text></svg>', "entities"),
        (b"Not found", "no picture"),
    ],
)
def test_what_is_none_is_told_why(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        look_at(data)


@pytest.mark.parametrize("pillow", [True, False])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_png_that_is_cut_or_changed_anywhere_is_refused(
    pillow: bool, data: st.DataObject
) -> None:
    whole = plain_png(9, (10, 200, 30))
    at = data.draw(st.integers(8, len(whole) - 1))
    if data.draw(st.booleans()):
        spoilt = whole[:at]
    else:
        spoilt = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "has_pillow", lambda: pillow)
        assert look_at(whole).width == 9
        with pytest.raises(PictureError):
            look_at(spoilt)


@settings(max_examples=150, deadline=None)
@given(
    head=st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\1\0"]
    ),
    rest=st.binary(max_size=80),
)
def test_no_bytes_do_more_than_be_refused(head: bytes, rest: bytes) -> None:
    try:
        seen = look_at(head + rest)
    except PictureError:
        return
    assert seen.media.startswith("image/")
