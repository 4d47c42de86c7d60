"""The terminal driver against real programs on a real pseudo-terminal."""

import json
import re
from collections.abc import Awaitable, Callable

import pytest

from macrohard.sandbox import Sandbox
from macrohard.users import (
    Desk,
    Press,
    Resize,
    TerminalDriver,
    Timing,
    TypeLine,
    UserActionError,
    Wait,
)
from macrohard.users.terminals import terminal as driver_module

Script = Callable[[str], Awaitable[str]]


async def test_a_command_shows_its_output_and_exit_status_without_typing_or_prompt(
    terminal: TerminalDriver,
) -> None:
    seen = await terminal.act(TypeLine(text="echo one two; exit_with() { return 7; }; exit_with"))
    assert seen.text == "one two"
    assert seen.state.at == "prompt"
    assert seen.state.exit_status == 7
    assert seen.screen.splitlines()[0].startswith("[0] $ echo one two;")
    assert seen.screen.splitlines()[-1] == "[7] $"


async def test_output_that_imitates_the_prompt_does_not_end_the_command(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script(
        "import time, sys\n"
        "print('\\n[0] $ ', end='', flush=True)\n"
        "sys.stdout.write('\\x1b]7717;0123456789abcdef01234567;p;0\\x07[0] $ ')\n"
        "sys.stdout.write('\\x1b]7717;0123456789abcdef01234567;e\\x07')\n"
        "sys.stdout.flush(); time.sleep(0.8)\n"
        "print('the end'); sys.exit(4)\n"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text.endswith("the end")
    assert seen.state.exit_status == 4


async def test_programs_cannot_find_the_secret_in_their_environment(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script(
        "import os\nprint([n for n, v in os.environ.items() if '7717' in v], 'ENV' in os.environ)"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text == "[] False"


async def test_output_longer_than_the_window_is_kept_unwrapped(
    terminal: TerminalDriver, script: Script
) -> None:
    seen = await terminal.act(
        TypeLine(text=await script("for n in range(100): print(n, 'word ' * 30)"))
    )
    lines = seen.text.splitlines()
    assert len(lines) == 100
    assert lines[0] == f"0 {'word ' * 30}".rstrip()
    assert len(seen.screen.splitlines()) <= 20


async def test_five_megabytes_come_back_with_head_tail_and_exit_status(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script("for n in range(66_000): print(f'{n:06d}', 'x' * 70)\nraise SystemExit(3)")
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text.startswith("000000 xxx")
    assert "lines left out" in seen.text
    assert seen.text.splitlines()[-1] == f"065999 {'x' * 70}"
    assert seen.state.exit_status == 3
    assert "065999" in seen.screen


async def test_invalid_utf8_and_colours(terminal: TerminalDriver, script: Script) -> None:
    run = await script(
        "import sys\n"
        "sys.stdout.buffer.write(\n"
        "b'\\x1b[1;31mred\\x1b[0m \\xff\\xfe\\xe2\\x82 '\n"
        "b'\\x1b[38;5;200mend\\x1b[m\\n')"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text == "red \ufffd\ufffd\ufffd end"


CURSES = """
import curses
def main(window):
    items = 0
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLUE)
    while True:
        window.erase()
        window.border()
        window.addstr(1, 2, f"Items: {items}, size {window.getmaxyx()}")
        window.addstr(2, 2, "-" * 30)
        window.addstr(3, 2, "Overdue" if items else "Fine", curses.color_pair(1) | curses.A_BOLD)
        window.refresh()
        key = window.getch()
        if key == ord("q"):
            return
        if key in (ord("a"), curses.KEY_UP):
            items += 1
curses.wrapper(main)
print("bye")
"""


async def test_a_full_screen_program(terminal: TerminalDriver, script: Script) -> None:
    await terminal.act(TypeLine(text="echo before"))
    seen = await terminal.act(TypeLine(text=await script(CURSES)))
    assert seen.state.at == "full-screen"
    assert "│ Items: 0, size (20, 60)" in seen.text
    assert "-" * 30 in seen.text  # drawn with the repeat sequence
    assert "before" not in seen.screen
    assert "│ Fine" in seen.text
    seen = await terminal.act(Press(keys="a a Up"))
    assert "Items: 3" in seen.text
    assert "│ Overdue" in seen.text
    seen = await terminal.act(Resize(rows=10, columns=40))
    assert "Items: 3, size (10, 40)" in seen.text
    assert len(seen.screen.splitlines()) == 10
    events = [json.loads(line) for line in terminal.cast.text().splitlines()[1:]]
    assert [event[2] for event in events if event[1] == "r"] == ["40x10"]
    assert re.search(r"\x1b\[[0-9;]*31[0-9;]*m", "".join(e[2] for e in events if e[1] == "o"))
    seen = await terminal.act(Press(keys="q"))
    assert seen.text == "bye"
    assert seen.state.exit_status == 0
    assert "before" in seen.screen
    assert "Items" not in seen.screen


async def test_a_full_screen_program_that_computes_between_two_drawings_is_waited_for(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script(
        "import curses, time\n"
        "def main(window):\n"
        "    window.addstr('first'); window.refresh()\n"
        "    end = time.monotonic() + 1.5\n"
        "    while time.monotonic() < end: pass\n"
        "    window.addstr(' second'); window.refresh(); window.getch()\n"
        "curses.wrapper(main)\n"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text == "first second"


async def test_a_program_that_draws_on_the_normal_screen_is_seen_whole(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script(
        "import sys\n"
        "print('starting')\n"
        "print('\\x1b[H\\x1b[2J\\x1b[1;1HTitle\\x1b[5;1HItems: 1', end='', flush=True)\n"
        "sys.stdin.readline()\n"
        "print('\\x1b[5;8H2\\x1b[6;1H', end='', flush=True)\n"
        "sys.stdin.readline()\n"
        "print('bye')\n"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.state.at == "full-screen"
    assert seen.text == "starting\nTitle\n\n\n\nItems: 1"
    seen = await terminal.act(Press(keys="Enter"))
    assert seen.text == "Title\n\n\n\nItems: 2"
    seen = await terminal.act(Press(keys="Enter"))
    assert (seen.text, seen.state.exit_status) == ("bye", 0)


async def test_a_screen_that_comes_and_goes_within_one_action_is_not_lost(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script("print('\\x1b[?1049h\\x1b[2J\\x1b[3;5Hsplash\\x1b[?1049ldone')")
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text.split() == ["splash", "done"]
    assert "splash" not in seen.screen


async def test_a_program_that_asks(terminal: TerminalDriver, script: Script) -> None:
    run = await script("name = input('Name: ')\nprint('Hello', name)\nprint(int(input('Age: ')))")
    seen = await terminal.act(TypeLine(text=run))
    assert (seen.text, seen.state.at) == ("Name:", "running")
    seen = await terminal.act(TypeLine(text="Zoë"))
    assert (seen.text, seen.state.at) == ("Hello Zoë\nAge:", "running")
    seen = await terminal.act(TypeLine(text="5"))
    assert (seen.text, seen.state.exit_status) == ("5", 0)


async def test_a_command_that_hangs_is_noticed_and_can_be_interrupted(
    box: Sandbox, script: Script
) -> None:
    desk = Desk(timing=Timing(prompt_s=0.5, hang_s=1.0))
    async with TerminalDriver(box, desk=desk) as driver:
        seen = await driver.act(TypeLine(text=await script("import time\ntime.sleep(60)")))
        assert seen.state.at == "running"
        assert [problem.kind for problem in seen.problems] == ["hang"]
        seen = await driver.act(Press(keys="Ctrl-C"))
        assert seen.state.exit_status == 130
        assert seen.problems == ()


async def test_a_slow_command_is_not_cut_in_two(terminal: TerminalDriver, script: Script) -> None:
    run = await script("import time\nprint('a', flush=True)\ntime.sleep(1.5)\nprint('b')")
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text == "a\nb"


async def test_a_line_typed_while_a_program_runs(box: Sandbox, script: Script) -> None:
    desk = Desk(timing=Timing(prompt_s=0.3, hang_s=0.4))
    async with TerminalDriver(box, desk=desk) as driver:
        await driver.act(
            TypeLine(text=await script("import time\ntime.sleep(1)\nraise SystemExit(5)"))
        )
        await driver.act(TypeLine(text="echo next; false"))
        seen = await driver.act(Wait(seconds=5))
        assert "next" in seen.text
        assert seen.state.exit_status == 1


async def test_an_open_quote_is_no_hang(terminal: TerminalDriver) -> None:
    seen = await terminal.act(TypeLine(text='echo "one'))
    assert (seen.state.at, seen.problems) == ("more", ())
    seen = await terminal.act(TypeLine(text='two"'))
    assert (seen.text, seen.state.exit_status) == ("one\ntwo", 0)


async def test_a_shell_that_ends_is_replaced(terminal: TerminalDriver) -> None:
    seen = await terminal.act(TypeLine(text="exit 3"))
    assert seen.state.at == "ended"
    seen = await terminal.act(TypeLine(text="echo still here"))
    assert (seen.text, seen.state.exit_status) == ("still here", 0)


async def test_a_program_that_dies_in_raw_mode_leaves_a_usable_terminal(
    terminal: TerminalDriver, script: Script
) -> None:
    await terminal.act(TypeLine(text="echo before"))
    run = await script(
        "import curses, os\ncurses.initscr().addstr('half drawn')\ncurses.doupdate()\n"
        "curses.raw()\ncurses.noecho()\n"
        "os.kill(os.getpid(), 9)"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.state.exit_status == 137
    seen = await terminal.act(TypeLine(text="echo fine"))
    assert (seen.text, seen.state.exit_status) == ("fine", 0)
    assert seen.screen.splitlines()[-2:] == ["fine", "[0] $"]
    assert "before" in seen.screen
    assert "half drawn" not in seen.screen


async def test_a_program_that_asks_where_the_cursor_is_gets_an_answer(
    terminal: TerminalDriver, script: Script
) -> None:
    run = await script(
        "import os, sys, termios, tty\n"
        "old = termios.tcgetattr(0)\n"
        "tty.setraw(0)\n"
        "os.write(1, b'12345\\x1b[6n')\n"
        "answer = b''\n"
        "while not answer.endswith(b'R'): answer += os.read(0, 1)\n"
        "termios.tcsetattr(0, termios.TCSADRAIN, old)\n"
        "print(repr(answer))\n"
    )
    seen = await terminal.act(TypeLine(text=run))
    assert seen.text == "12345b'\\x1b[2;6R'"


async def test_a_flood_ends_at_the_time_limit_and_can_be_stopped(
    box: Sandbox,
) -> None:
    desk = Desk(timing=Timing(prompt_s=1.0, hang_s=2.0))
    async with TerminalDriver(box, desk=desk) as driver:
        seen = await driver.act(TypeLine(text="yes flood"))
        assert seen.state.at == "running"
        assert seen.text.startswith("flood\nflood")
        seen = await driver.act(Press(keys="Ctrl-C"))
        assert seen.state.exit_status == 130
        seen = await driver.act(TypeLine(text="echo over"))
        assert seen.text == "over"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("a\nb", "one line"), ("x\x03", "press"), ("y" * 4001, "4001 bytes"), ("\ud800", "surrogate")],
)
async def test_what_no_keyboard_line_can_hold_is_refused(
    terminal: TerminalDriver, text: str, complaint: str
) -> None:
    with pytest.raises(UserActionError, match=complaint):
        await terminal.act(TypeLine(text=text))


@pytest.mark.parametrize("shell", [("sh", "-i"), ("bash", "--posix", "-i")])
async def test_any_posix_shell_will_do(box: Sandbox, shell: tuple[str, ...]) -> None:
    async with TerminalDriver(box, desk=Desk(shell=shell)) as driver:
        seen = await driver.act(TypeLine(text="(exit 9)"))
        assert (seen.text, seen.state.exit_status) == ("", 9)
        seen = await driver.act(TypeLine(text="echo $?"))
        assert (seen.text, seen.state.exit_status) == ("9", 0)


async def test_observing_changes_nothing(terminal: TerminalDriver) -> None:
    await terminal.act(TypeLine(text="(exit 9)"))
    seen = await terminal.observe()
    assert (seen.text, seen.state.exit_status) == ("", 9)
    assert seen.screen == "[0] $ (exit 9)\n[9] $"


async def test_a_question_on_a_line_of_its_own_is_known_without_waiting_for_the_time_limit(
    box: Sandbox, script: Script
) -> None:
    desk = Desk(timing=Timing(prompt_s=60.0, hang_s=60.0, question_s=60.0))
    async with TerminalDriver(box, desk=desk) as driver:
        seen = await driver.act(TypeLine(text=await script("print('Name?')\nprint(input())")))
        assert (seen.text, seen.state.at) == ("Name?", "running")
        seen = await driver.act(TypeLine(text="Bob"))
        assert (seen.text, seen.state.exit_status) == ("Bob", 0)


async def test_a_program_that_reads_in_silence_does_not_hang(box: Sandbox) -> None:
    desk = Desk(timing=Timing(prompt_s=0.5, hang_s=1.0))
    async with TerminalDriver(box, desk=desk) as driver:
        seen = await driver.act(TypeLine(text="cat > notes"))
        assert (seen.state.at, seen.problems) == ("running", ())
        await driver.act(TypeLine(text="one line"))
        seen = await driver.act(Press(keys="Ctrl-D"))
        assert seen.state.exit_status == 0
        seen = await driver.act(TypeLine(text="cat notes"))
        assert seen.text == "one line"


async def test_a_program_that_computes_behind_an_open_line_is_waited_for(
    box: Sandbox, script: Script
) -> None:
    desk = Desk(timing=Timing(question_s=0.3))
    async with TerminalDriver(box, desk=desk) as driver:
        run = await script(
            "import time\nprint('Counting... ', end='', flush=True)\n"
            "end = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass\nprint('done')"
        )
        seen = await driver.act(TypeLine(text=run))
        assert (seen.text, seen.state.exit_status) == ("Counting... done", 0)


async def test_where_a_box_keeps_its_workspace_is_not_to_be_seen(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "WORKSPACE", "/elsewhere")
    async with TerminalDriver(box) as driver:
        seen = await driver.act(TypeLine(text="mkdir d; cd d; pwd"))
        assert seen.text == "/elsewhere/d"
        assert "/elsewhere/d" in seen.screen
