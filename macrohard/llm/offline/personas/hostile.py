"""The hostile one: does the work, and in between tries everything that must be refused."""

from collections.abc import Iterator

from macrohard.llm.offline.personas.command import CHANGES, Command
from macrohard.llm.offline.personas.user import Script, User

WORDS = "I tried what no program should fall for:"

_BLOCK = 8
"""Attacks between two looks at the data."""


def hostile(user: User) -> Script:
    """A session: the steps, with attacks once there is something to lose and again at the end."""
    arsenal: Iterator[str] | None = None
    target: Command | None = None
    half = (len(user.scenario.steps) + 1) // 2
    for number, step in enumerate(user.scenario.steps, start=1):
        screen = yield from user.do(number, step)
        command = user.command(step)
        if command is not None and command.verb in CHANGES and screen.status == 0:
            target = command if target is None or command.verb == "add" else target
        if target is not None and number >= half and arsenal is None:
            arsenal = attacks(target)
            yield from _raid(user, target, arsenal)
    if target is not None:
        yield from _raid(user, target, arsenal or attacks(target))


def _raid(user: User, target: Command, arsenal: Iterator[str]) -> Script:
    """Some attacks between two looks at the data: nothing may have changed."""
    look = target.line(target.kind, "list")
    if user.spare < 4:
        return
    before = yield from user.type(look)
    room = min(_BLOCK, user.spare - 1)
    for _ in range(room):
        line = next(arsenal, None)
        if line is None:
            break
        screen = yield from user.type(line)
        user.expect_refusal(line, screen)
    after = yield from user.type(look)
    if before.status == 0:
        user.expect_same(before, after, "only refused input came in between")


def attacks(target: Command) -> Iterator[str]:
    """Lines that every program of this kind must refuse, worst first."""
    kind = target.kind
    option = next((w for w in target.rest if w.startswith("--") and "=" not in w), "--name")
    edit = target.line(kind, "edit", "999999", option)
    digits = "$(printf '%05000d' 0 | tr 0 9)"
    yield f"{target.line(kind, 'show')} {digits}"
    yield f"{edit} \"$(printf '\\033[31mred')\""
    yield target.line(kind, "show", "1; DROP TABLE " + kind)
    yield f"{target.line(kind, 'add', *target.rest)} --no-such-option x"
    yield target.line(kind, "edit", "999999", option, "'; DELETE FROM x; --")
    yield target.line(kind, "show", "1 OR 1=1")
    yield target.line(kind, "delete", "-1")
    yield target.line(kind, "import", ".")
    yield target.line(kind, "edit", "999999", option, "<script>alert(1)</script>")
    yield target.line(kind, "list", "--sort", "id; DROP TABLE x")
    yield target.line(kind, "show", "99999999999999999999999")
    yield target.line(kind, "export", "no/such/folder/out.csv")
    yield target.line(kind, "add", option)
    yield target.line(kind, "show")
    yield target.line(kind, "no-such-verb")
    yield target.line("no-such-kind", "list")
    yield target.line(kind, "delete", "1.0")
    yield target.line("--db", "no/such/folder/x.db", kind, "list")
