"""Reads what stands on a screen with windows, and finds things on it by the words people see.

The pieces of text of a picture (``lettering.py``) are read by Tesseract inside the
box, each by itself, and kept by the hash of its pixels: the same picture is the same text, and
after an action only what has changed is read. No toolkit is asked: what Tk, GTK or Java draw is
read alike. Letters that a reader of pictures cannot tell apart count as one
(:mod:`macrohard.lookalikes`).
"""

import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from macrohard.errors import SandboxError
from macrohard.lookalikes import alike
from macrohard.sandbox.base import Sandbox
from macrohard.users.base import UserActionError
from macrohard.users.desk.lettering import Box, cut_out, find_lettering

if TYPE_CHECKING:
    from PIL.Image import Image

_PIECES = ".pieces.tif"
"""In the workspace, beside the application's folder."""
_READ = f"OMP_THREAD_LIMIT=1 tesseract {_PIECES} - --psm 7 tsv 2>/dev/null"
_SURE = 30.0
"""Percent; below it, what was read is a drawing and no text."""
_FIGURES = re.compile(r"[\dOolI|]+(?:[.,:/%-][\dOolI|]+)*[.,:%]?")
_ALONE = frozenset("lI|")
"""A stroke by itself is a figure in a table far more often than a letter."""
_GUESSES = str.maketrans("10", "lo")
_DIGITS = str.maketrans("OolI|", "00111")
_BESIDE = 420
"""Pixels between a label and its field at most."""
_BELOW = 30
_CLOSE = 4
_LINE, _NARROW, _BRIGHT = 36, 48, 240
"""Most height and least width of a field of one line in pixels, and least level of its ground."""


@dataclass(frozen=True)
class Text:
    """A piece of text and where it stands."""

    words: str
    box: Box


@dataclass(frozen=True)
class Page:
    """What was read off one picture, from top to bottom."""

    texts: tuple[Text, ...] = ()
    frames: tuple[Box, ...] = ()
    fields: tuple[Box, ...] = ()
    """Frames of one line on a bright ground, filled in or not."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The texts, those beside each other in one line."""
        rows: list[list[Text]] = []
        for text in sorted(self.texts, key=lambda each: (each.box.centre[1], each.box.left)):
            last = rows[-1][0].box if rows else None
            if last is not None and last.top <= text.box.centre[1] < last.bottom:
                rows[-1].append(text)
            else:
                rows.append([text])
        ordered = (sorted(row, key=lambda each: each.box.left) for row in rows)
        return tuple("  ".join(text.words for text in row) for row in ordered)

    def find(self, name: str) -> Text:
        """The text of that name: the whole of a piece, words of one, or one that is read wrong.

        Raises:
            UserActionError: Nothing of that name is on the screen; says what is.
        """
        wanted = alike(name).strip(" .:*")
        whole = [text for text in self.texts if alike(text.words).strip(" .:*") == wanted]
        found = (
            whole
            or [text for text in self.texts if _has_words(alike(text.words), wanted)]
            or [text for text in self.texts if _guess(text.words) == _guess(name)]
        )
        if not wanted or not found:
            there = ", ".join(dict.fromkeys(text.words for text in self.texts)) or "nothing"
            raise UserActionError(f"there is no {name!r} on the screen; there is: {there}.")
        return min(found, key=lambda text: len(text.words))

    def button(self, name: str) -> Text:
        """The same; of several, the one in the smallest frame, which looks like a button.

        Raises:
            UserActionError: As :meth:`find`.
        """
        first = self.find(name)
        same = [text for text in self.texts if alike(text.words) == alike(first.words)]
        return min(same, key=self._framed)

    def field(self, label: str) -> Box:
        """The field that a label belongs to: the frame right of it, otherwise the one below.

        Raises:
            UserActionError: There is no such label, or nothing like a field near it.
        """
        words = self.find(label).box
        right = [
            frame
            for frame in self.frames
            if frame.left >= words.right - _CLOSE
            and frame.left - words.right <= _BESIDE
            and frame.top <= words.centre[1] < frame.bottom
        ]
        below = [
            frame
            for frame in self.frames
            if 0 <= frame.top - words.bottom <= _BELOW
            and frame.left - _BELOW <= words.left < frame.right
        ]
        if not right and not below:
            raise UserActionError(f"there is no field beside or below {label!r}.")
        if right:
            return min(right, key=lambda frame: (frame.left, frame.height))
        return min(below, key=lambda frame: (frame.top, frame.width))

    def _framed(self, text: Text) -> tuple[int, Box]:
        around = [frame.width * frame.height for frame in self.frames if frame.holds(text.box)]
        return min(around, default=1 << 30), text.box


class Reader:
    """Reads pictures of one box, and remembers the pieces it has read.

    Args:
        box: Has Tesseract.
    """

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._known: dict[str, str] = {}

    async def read(self, picture: bytes) -> Page:
        """Read a picture.

        Args:
            picture: A PNG file.

        Raises:
            SandboxError: Pillow is missing here or Tesseract in the box.
        """
        image = _open(picture)
        found = find_lettering(image)
        keys = {}
        fresh: dict[str, Image] = {}
        for piece in found.pieces:
            pixels = image.crop((piece.left, piece.top, piece.right, piece.bottom)).tobytes()
            keys[piece] = key = hashlib.sha256(b"%d:%b" % (piece.width, pixels)).hexdigest()
            if key not in self._known:
                fresh[key] = cut_out(image, piece)
        if fresh:
            texts = await self._recognised(list(fresh.values()))
            self._known.update(zip(fresh, texts, strict=True))
        read = (Text(self._known[key], piece) for piece, key in keys.items())
        seen = tuple(text for text in read if text.words)
        fields = (frame for frame in found.frames if _is_field(frame, image))
        return Page(seen, found.frames, tuple(fields))

    async def _recognised(self, cuts: list["Image"]) -> list[str]:
        file = io.BytesIO()
        cuts[0].save(file, "TIFF", save_all=True, append_images=cuts[1:])
        await self._box.write(_PIECES, file.getvalue())
        done = await self._box.exec(["sh", "-c", _READ], timeout_s=120)
        if done.returncode:
            raise SandboxError(f"Tesseract cannot read in the box: {done.stderr.strip()[-300:]}")
        words: list[list[str]] = [[] for _ in cuts]
        for line in done.stdout.splitlines()[1:]:
            cells = line.split("\t")
            if cells[0] == "5" and float(cells[10]) >= _SURE:
                words[int(cells[1]) - 1].append(cells[11])
        return [_figure(" ".join(each)) for each in words]


def _is_field(frame: Box, image: "Image") -> bool:
    """Whether a frame looks like a field of one line: its end is bright."""
    if frame.height > _LINE or frame.width < _NARROW:
        return False
    place = (frame.right - _LINE // 3, frame.centre[1])
    return min(image.getpixel(place)) >= _BRIGHT  # type: ignore[arg-type]


def _figure(text: str) -> str:
    """A text in which what stands for a digit is one, where its word is a figure."""
    if text in _ALONE:
        return "1"
    words = (
        word.translate(_DIGITS)
        if _FIGURES.fullmatch(word) and any(char.isdigit() for char in word)
        else word
        for word in text.split(" ")
    )
    return " ".join(words)


def _guess(text: str) -> str:
    """A name as it may have been misread: without blanks, with 1 and l, 0 and o taken for one."""
    return re.sub(r"\W", "", alike(text)).translate(_GUESSES)


def _has_words(text: str, wanted: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text))


def _open(picture: bytes) -> "Image":
    try:
        from PIL import Image  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SandboxError(
            "users of windows read them with Pillow, which is not installed: "
            "pip install -e '.[pictures]'"
        ) from error
    with Image.open(io.BytesIO(picture)) as image:
        return image.convert("RGB")
