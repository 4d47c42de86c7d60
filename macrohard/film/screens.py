"""Pictures of what a user saw: a terminal from its recording, a page from its picture or its text.

Needs Pillow, and DejaVu Sans Mono for terminals.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from macrohard.artwork.type import mono_font, text_font
from macrohard.film.material import Trial
from macrohard.film.moving import SIZE, Frame, fit, moving
from macrohard.users.base import Taped, TypeLine
from macrohard.users.judging.reports import describe
from macrohard.users.terminals.screen import Window
from macrohard.users.terminals.tokens import Tokenizer

_GROUND, _INK = "#16191d", "#e8eaed"
_COLOURS = {
    "default": _INK, "black": "#4b5560", "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341",
    "blue": "#79c0ff", "magenta": "#d2a8ff", "cyan": "#56d4dd", "white": "#ffffff",
}  # fmt: skip
"""pyte's names of the eight colours; others come as six digits."""
_PAD = 24
_LETTERS_A_FRAME = 3
_FRAME_S = 1 / 12
_READ_S = 2.6
"""How long a result is shown at least."""
_LINE_S = 0.12
"""Longer by this for each line that came."""
_LONGEST_S = 6.0
_MOST_ACTIONS = 3
_LETTER_WIDTH, _LINE_HEIGHT = 0.602, 1.25
"""Of DejaVu Sans Mono, in sizes of the font."""
_ROWS, _COLUMNS = 24, 80


def film(trial: Trial, step: int) -> list[Frame]:
    """What a step of a trial looked like: as it was recorded, or action by action."""
    entries = trial.entries(step)
    if entries[0].seen.state.at in {"page", "answer", "window"}:
        recorded = moving(trial.folder, trial.with_run_up(step))
        if recorded:
            return recorded
        return [_page(trial.folder, entry) for entry in entries[-_MOST_ACTIONS:]]
    cast = trial.folder / "trial.cast"
    pieces = cast_pieces(cast) if cast.exists() else []
    if len(pieces) - 1 > entries[-1].number:
        return list(_terminal(pieces, trial.tape.entries, {entry.number for entry in entries}))
    return [_still(entry) for entry in entries]  # recorded before recordings had markers


# -- terminals -------------------------------------------------------------------------------------


def _terminal(pieces: list[Any], entries: Sequence[Taped], wanted: set[int]) -> Iterator[Frame]:
    header, *pieces = pieces
    window, tokens = Window(header["height"], header["width"]), Tokenizer()
    for entry, piece in zip(entries[: max(wanted)], pieces, strict=False):
        if entry.number in wanted and not window.alternate:
            yield from _typing(window, entry)
        for code, data in piece:
            if code == "o":
                for token in tokens.feed(data):
                    window.feed(token)
            elif code == "r":
                columns, _, rows = data.partition("x")
                window.resize(int(rows), int(columns))
        if entry.number in wanted:
            yield Frame(draw_terminal(window), _reading_time(entry))


def _typing(window: Window, entry: Taped) -> Iterator[Frame]:
    line = entry.action.text if isinstance(entry.action, TypeLine) else ""
    for end in range(0, len(line), _LETTERS_A_FRAME):
        yield Frame(draw_terminal(window, line[:end]), _FRAME_S)


def _still(entry: Taped) -> Frame:
    rows = entry.seen.screen.splitlines() or [""]
    window = Window(max(len(rows), _ROWS), max(_COLUMNS, *map(len, rows)))
    for number, row in enumerate(rows):
        window.cursor_position(number + 1, 1)
        window.draw(row)
    return Frame(draw_terminal(window), _reading_time(entry))


def _reading_time(entry: Taped) -> float:
    return min(_READ_S + _LINE_S * entry.seen.text.count("\n"), _LONGEST_S)


def cast_pieces(path: Path) -> list[Any]:
    """A recording: its header, then the events of each action, as its markers tell."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    pieces: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        _, code, data = json.loads(line)
        if code == "m":
            pieces.append([])
        else:
            pieces[-1].append((code, data))
    return [json.loads(header), *pieces]


def draw_terminal(window: Window, typing: str = "") -> Any:
    """A window as it looks, with what is being typed behind its cursor.

    Of a shell only as many rows up to the cursor as are large enough to be read in a film.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    size = int((SIZE[0] - 2 * _PAD) / (window.columns * _LETTER_WIDTH))
    rows = min(window.lines, int((SIZE[1] - 2 * _PAD) / (size * _LINE_HEIGHT)))
    if window.alternate:
        rows = window.lines
        size = min(size, int((SIZE[1] - 2 * _PAD) / (rows * _LINE_HEIGHT)))
    first = 0 if window.alternate else max(0, min(window.cursor.y + 1, window.lines) - rows)
    font, bold = mono_font(size), mono_font(size, bold=True)
    wide, high = font.getlength("m"), size * _LINE_HEIGHT  # type: ignore[union-attr]
    picture = Image.new("RGB", SIZE, _GROUND)
    drawing = ImageDraw.Draw(picture)
    left, top = (SIZE[0] - wide * window.columns) / 2, (SIZE[1] - high * rows) / 2
    for line in range(first, first + rows):
        for column, cell, text in _runs(window, line):
            ink, ground = _colour(cell.fg, _INK), _colour(cell.bg, _GROUND)
            if cell.reverse:
                ink, ground = ground, ink
            at = (left + column * wide, top + (line - first) * high)
            if ground != _GROUND:
                drawing.rectangle((*at, at[0] + wide * len(text), at[1] + high), fill=ground)
            if text.strip():
                drawing.text(at, text, font=bold if cell.bold else font, fill=ink)
    x = left + (window.cursor.x + len(typing)) * wide
    y = top + (window.cursor.y - first) * high
    drawing.text((x - len(typing) * wide, y), typing, font=font, fill="#ffffff")
    if not window.cursor.hidden:
        drawing.rectangle((x, y, x + wide, y + high), fill=_INK)
    return picture


def _runs(window: Window, line: int) -> Iterator[tuple[int, Any, str]]:
    """A row in pieces of one look each: where it begins, a cell that has the look, its text."""
    row = window.buffer[line]
    begin, text = 0, ""
    for column in range(window.columns):
        cell, first = row[column], row[begin]
        look = (cell.fg, cell.bg, cell.bold, cell.reverse)
        if look != (first.fg, first.bg, first.bold, first.reverse) or len(cell.data) != 1:
            yield begin, first, text
            begin, text = column, ""
        text += cell.data or " "
    yield begin, row[begin], text


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    known = _COLOURS.get(name.removeprefix("bright"))
    return known or (f"#{name}" if len(name) == 6 else default)


# -- pages -----------------------------------------------------------------------------------------


def _page(folder: Path, entry: Taped) -> Frame:
    picture = folder / entry.seen.picture
    seconds = _READ_S if entry.seen.picture else _READ_S + 0.6
    if entry.seen.picture and picture.is_file():
        from PIL import Image  # noqa: PLC0415 - an extra

        with Image.open(picture) as opened:
            return Frame(fit(opened.convert("RGB")), seconds)
    return Frame(draw_text(describe(entry), entry.seen.text), seconds)


def draw_text(head: str, text: str) -> Any:
    """What somebody read who had no screen: what was done, and the text that came."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    picture = Image.new("RGB", SIZE, "#ffffff")
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((0, 0, SIZE[0], 64), fill="#e9edf2")
    bold, plain = text_font(24, bold=True), text_font(22)
    drawing.text((40, 16), _cut(head, bold, SIZE[0] - 80), font=bold, fill="#1b1f24")
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines[:16]):
        at = (40, 84 + number * 33)
        drawing.text(at, _cut(line, plain, SIZE[0] - 80), font=plain, fill="#1b1f24")
    return picture


def _cut(text: str, font: Any, room: float) -> str:
    # How far a line is indented tells what belongs to what, as in JSON.
    text = "  " * (len(text) - len(text.lstrip(" "))) + " ".join(text.split())
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
