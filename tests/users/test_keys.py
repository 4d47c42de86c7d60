"""Names of keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macrohard.users import UserActionError
from macrohard.users.keys import keys_to_send


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ("Enter", ["\r"]),
        ("ctrl-c", ["\x03"]),
        ("Ctrl+Z Ctrl-[ Ctrl-Space", ["\x1a", "\x1b", "\0"]),
        ("Up up DOWN", ["\x1b[A", "\x1b[A", "\x1b[B"]),
        (":wq Enter", [":wq", "\r"]),
        (
            "Alt-x Shift-Tab F5 PageUp Page_Down",
            ["\x1bx", "\x1b[Z", "\x1b[15~", "\x1b[5~", "\x1b[6~"],
        ),
        ("a Space b", ["a", " ", "b"]),
        (" ", [" "]),
        ("q", ["q"]),
        ("é", ["é"]),
    ],
)
def test_keys(keys: str, sent: list[str]) -> None:
    assert keys_to_send(keys) == sent


def test_arrows_of_programs_that_asked_for_application_mode() -> None:
    assert keys_to_send("Up Home", application_arrows=True) == ["\x1bOA", "\x1bOH"]


def test_no_keys_are_refused() -> None:
    with pytest.raises(UserActionError, match="Enter"):
        keys_to_send("")


@given(st.text(max_size=30))
def test_any_text_is_sent_or_refused(keys: str) -> None:
    try:
        sent = keys_to_send(keys)
    except UserActionError:
        return
    assert sent
    "".join(sent).encode()
