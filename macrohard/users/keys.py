"""Names of keys, and the bytes they send (as xterm does; DEC private mode 1 changes arrows)."""

import re

from macrohard.users.base import UserActionError

_PLAIN = {
    "enter": "\r",
    "return": "\r",
    "tab": "\t",
    "shift-tab": "\x1b[Z",
    "backspace": "\x7f",
    "escape": "\x1b",
    "esc": "\x1b",
    "space": " ",
    "insert": "\x1b[2~",
    "delete": "\x1b[3~",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "f10": "\x1b[21~",
    "f11": "\x1b[23~",
    "f12": "\x1b[24~",
}
_ARROWS = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_CONTROL = re.compile(r"(?:ctrl|control|c)[-+]([a-z@\[\\\]^_]|space)", re.IGNORECASE)
_ALT = re.compile(r"(?:alt|meta)[-+](\S)", re.IGNORECASE)

KEY_NAMES = (
    "Enter, Tab, Shift-Tab, Backspace, Escape, Space, Up, Down, Left, Right, Home, End, PageUp, "
    "PageDown, Insert, Delete, F1 to F12, Ctrl-A to Ctrl-Z, Alt-X"
)


def keys_to_send(keys: str, *, application_arrows: bool = False) -> list[str]:
    """What each key of a text such as ``Up Up Enter`` or ``:wq Enter`` sends.

    A word that is no name of a key is typed as it stands; blanks between words are not typed.

    Raises:
        UserActionError: There is no key in it, or it cannot be typed.
    """
    if keys and not keys.strip():
        return [" "] * len(keys)
    found = [_one(word, application_arrows=application_arrows) for word in keys.split()]
    if not found:
        raise UserActionError(f"press needs keys: {KEY_NAMES}, or text.")
    return found


def check_typed(text: str) -> None:
    """Refuse what no keyboard line can hold.

    Raises:
        UserActionError: Control characters, or more than a terminal takes in one line.
    """
    if any(char < " " and char != "\t" for char in text) or "\x7f" in text:
        raise UserActionError(
            "type_line takes one line of text without control characters; use press for keys "
            "such as Enter or Ctrl-C, and one type_line for each line."
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UserActionError("the text holds half a character (a lone surrogate).") from None
    if size > MAX_LINE_BYTES:
        raise UserActionError(
            f"the line has {size} bytes; a terminal takes {MAX_LINE_BYTES} in one line."
        )


MAX_LINE_BYTES = 4_000
"""A terminal in line mode drops what goes past 4,095 bytes (Linux ``N_TTY_BUF_SIZE`` less one)."""


def _one(word: str, *, application_arrows: bool) -> str:
    name = word.lower().replace("_", "").replace("page-", "page")
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _ARROWS:
        return ("\x1bO" if application_arrows else "\x1b[") + _ARROWS[name]
    if match := _CONTROL.fullmatch(word):
        key = match[1].lower()
        return "\0" if key == "space" else chr(ord(key.upper()) & 0x1F)
    if match := _ALT.fullmatch(word):
        return "\x1b" + match[1]
    check_typed(word)
    return word
