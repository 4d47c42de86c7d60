"""The JSON object in what a model wrote: alone, in a fence, or between sentences."""

import json
import re
from typing import Any

_FENCED = re.compile(r"^ *(`{3,}|~{3,})[^\n]*\n(.*?)^ *\1 *$", re.DOTALL | re.MULTILINE)
_DECODER = json.JSONDecoder(strict=False)
_WORD = len("-Infinity")
_STARTS = 200
"""Braces that are tried as the beginning of an object: a bound on time, not on good answers."""


def find_object(text: str) -> str | None:
    """The JSON object that a text holds, as JSON; the longest, and of these the last, if many.

    Line ends and tabs inside its strings are taken as meant, though JSON wants them escaped. Parts
    of an object that is cut off are no answer.
    """
    pieces = [match[2] for match in _FENCED.finditer(text)]
    for piece in (text if text.lstrip().startswith("{") else "", *reversed(pieces), text):
        found, cut = _objects(piece)
        if found and not cut:
            return max(reversed(found), key=len)
    return None


def is_cut_off(text: str) -> bool:
    """Whether an object begins in a text and the text ends before it does."""
    return find_object(text) is None and _objects(text)[1]


def _objects(text: str) -> tuple[list[str], bool]:
    """The objects of a text, and whether it ends within one."""
    found: list[str] = []
    start = text.find("{")
    for _ in range(_STARTS):
        if start < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated") or _at_end(text, error.pos):
                return found, True
            end = start + 1
        except RecursionError:
            return found, True
        else:
            found.append(_as_json(value, text[start:end]))
        start = text.find("{", end)
    return found, False


def _at_end(text: str, place: int) -> bool:
    """Whether a text ends at a place, or within a word or an escape that begins there."""
    rest = text[place : place + 2 * _WORD].rstrip()
    return len(rest) <= _WORD and "}" not in rest


def _as_json(value: Any, raw: str) -> str:
    try:
        json.loads(raw)
    except ValueError:
        return json.dumps(value, ensure_ascii=False)
    return raw
