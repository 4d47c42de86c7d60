"""Contract: commands, their input and output, their ends."""

import asyncio
import sys
from pathlib import Path

import pytest
from support.boxes import QUICK_S, count_running, python, shell

from macrohard.errors import SandboxError
from macrohard.sandbox import WORKSPACE, ExecResult, Sandbox, SandboxProvider


async def test_output_error_and_status_come_back_apart(box: Sandbox) -> None:
    result = await shell(box, "echo out; echo err >&2; exit 3")

    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "err\n", 3)
    assert (result.outcome, result.truncated) == ("exited", False)
    assert result.duration_s > 0


async def test_a_signal_is_128_plus_its_number_and_killed(box: Sandbox) -> None:
    result = await shell(box, "kill -SEGV $$")

    assert (result.returncode, result.outcome) == (128 + 11, "killed")


async def test_an_unknown_command_is_127_and_named(box: Sandbox) -> None:
    result = await box.exec(["no-such-program", "x"], timeout_s=QUICK_S)

    assert (result.returncode, result.outcome) == (127, "exited")
    assert "no-such-program" in result.stderr


async def test_a_file_that_is_no_program_is_126_and_named(box: Sandbox) -> None:
    await box.write("notes.txt", b"hello")

    result = await box.exec(["./notes.txt"], timeout_s=QUICK_S)

    assert result.returncode == 126
    assert "notes.txt" in result.stderr


async def test_a_missing_directory_to_run_in_is_named(box: Sandbox) -> None:
    result = await shell(box, "true", cwd="nowhere")

    assert result.returncode == 127
    assert "nowhere" in result.stderr


async def test_no_command_at_all_is_a_mistake_of_the_caller(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="program"):
        await box.exec([], timeout_s=QUICK_S)


async def test_arguments_arrive_as_given(box: Sandbox) -> None:
    given = ["a b", "'\"$HOME`*", "two\nlines", "", "-", "Grüße 漢字 🎉"]
    code = "import sys; print(ascii(sys.argv[1:]))"

    result = await box.exec(["python", "-c", code, *given], timeout_s=QUICK_S)

    assert result.stdout == f"{given!a}\n"


async def test_a_long_command_line_arrives_whole(box: Sandbox) -> None:
    argument = "x" * 100_000

    result = await box.exec(["sh", "-c", 'echo "${#1}"', "sh", argument], timeout_s=QUICK_S)

    assert result.stdout == "100000\n"


async def test_input_arrives_and_ends(box: Sandbox) -> None:
    result = await box.exec(["cat"], timeout_s=QUICK_S, stdin="Grüße\0".encode())

    assert result.stdout == "Grüße\0"


async def test_without_input_there_is_nothing_to_wait_for(box: Sandbox) -> None:
    result = await box.exec(["cat"], timeout_s=QUICK_S)

    assert (result.returncode, result.stdout) == (0, "")


async def test_much_input_arrives_whole(box: Sandbox) -> None:
    result = await box.exec(["wc", "-c"], timeout_s=QUICK_S, stdin=b"x" * 3_000_000)

    assert result.stdout.strip() == "3000000"


async def test_input_nobody_reads_holds_nothing_up(box: Sandbox) -> None:
    result = await box.exec(["true"], timeout_s=QUICK_S, stdin=b"x" * 3_000_000)

    assert (result.returncode, result.outcome) == (0, "exited")


async def test_bytes_that_are_no_text_are_replaced(box: Sandbox) -> None:
    result = await python(box, "import os; os.write(1, bytes([65, 255, 0, 66]))")

    assert result.stdout == "A�\0B"


async def test_the_middle_of_long_output_is_cut(box: Sandbox) -> None:
    result = await python(box, "print('head'); print('x' * 500_000); print('tail')")

    assert result.truncated
    assert result.stdout.startswith("head\n")
    assert result.stdout.endswith("tail\n")
    assert "bytes left out" in result.stdout
    assert len(result.stdout) < 10_100


async def test_errors_are_cut_likewise_and_output_is_not(box: Sandbox) -> None:
    result = await python(box, "import sys; print('fine'); sys.stderr.write('e' * 50_000)")

    assert result.truncated
    assert result.stdout == "fine\n"
    assert len(result.stderr) < 10_100


async def test_output_of_exactly_the_cap_is_whole(box: Sandbox) -> None:
    result = await python(box, "import sys; sys.stdout.write('x' * 10_000)")

    assert (result.stdout, result.truncated) == ("x" * 10_000, False)


async def test_nothing_of_the_host_environment_goes_in(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACROHARD_TEST_SECRET", "hunter2")

    result = await box.exec(["env"], timeout_s=QUICK_S)

    assert "hunter2" not in result.stdout
    names = {line.split("=")[0] for line in result.stdout.splitlines()}
    assert names == {
        "PATH", "HOME", "TMPDIR", "LANG", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED",
        "MACROHARD_WORK",
    }  # fmt: skip


async def test_variables_given_are_added_for_this_command_only(box: Sandbox) -> None:
    first = await shell(box, 'echo "$GREETING $LANG"', env={"GREETING": "hi", "LANG": "C"})
    second = await shell(box, 'echo "$GREETING"')

    assert (first.stdout, second.stdout) == ("hi C\n", "\n")


async def test_home_is_a_place_to_write(box: Sandbox) -> None:
    result = await shell(box, 'echo x > "$HOME/note" && cat "$HOME/note"')

    assert result.stdout == "x\n"


async def test_commands_run_in_the_workspace(box: Sandbox) -> None:
    result = await shell(box, 'pwd; echo "$MACROHARD_WORK"')

    here, named = result.stdout.split()
    assert here == named


async def test_commands_run_where_they_are_told(box: Sandbox) -> None:
    await box.write("a/b/file", b"")

    relative = await box.exec(["ls"], timeout_s=QUICK_S, cwd="a/b")
    absolute = await box.exec(["ls"], timeout_s=QUICK_S, cwd=f"{WORKSPACE}/a/b")

    assert relative.stdout == absolute.stdout == "file\n"


async def test_python_is_the_version_that_runs_us(box: Sandbox) -> None:
    result = await python(box, "import sys; print(*sys.version_info[:2])")

    assert result.stdout.split() == [str(part) for part in sys.version_info[:2]]


async def test_pytest_and_unittest_run(box: Sandbox) -> None:
    await box.write("tests/test_sum.py", b"def test_sum():\n    assert 1 + 1 == 2\n")
    case = b"import unittest\nclass T(unittest.TestCase):\n  def test_x(self): pass\n"
    await box.write("test_case.py", case)

    by_name = await box.exec(["pytest", "-q", "tests"], timeout_s=60)
    as_module = await box.exec(["python", "-m", "pytest", "-q", "tests"], timeout_s=60)
    unit = await box.exec(["python", "-m", "unittest", "-q", "test_case"], timeout_s=60)

    assert "1 passed" in by_name.stdout
    assert "1 passed" in as_module.stdout
    assert "Ran 1 test" in unit.stderr


async def test_packages_of_the_factory_are_not_there(box: Sandbox) -> None:
    result = await python(box, "import pydantic")

    assert "ModuleNotFoundError" in result.stderr


async def test_a_deadline_ends_the_command_and_keeps_what_it_said(box: Sandbox) -> None:
    result = await shell(box, "echo begun; sleep 61", timeout_s=0.3)

    assert (result.returncode, result.outcome) == (124, "timeout")
    assert result.stdout == "begun\n"
    assert await count_running(box, "61") == 0


async def test_a_deadline_ends_grandchildren(box: Sandbox) -> None:
    result = await shell(box, "sh -c 'sleep 62 & sleep 62 & wait' & wait", timeout_s=0.3)

    assert result.outcome == "timeout"
    assert await count_running(box, "62") == 0


async def test_background_processes_end_with_their_command(box: Sandbox) -> None:
    result = await shell(box, "sleep 63 & echo started")

    assert (result.stdout, result.outcome) == ("started\n", "exited")
    assert await count_running(box, "63") == 0


async def test_a_box_works_on_after_a_deadline(box: Sandbox) -> None:
    await shell(box, "sleep 64", timeout_s=0.3)

    assert (await shell(box, "echo still here")).stdout == "still here\n"


async def test_files_stay_from_one_command_to_the_next(box: Sandbox) -> None:
    await shell(box, "echo kept > note")

    assert (await shell(box, "cat note")).stdout == "kept\n"


async def test_commands_of_one_box_run_at_once(box: Sandbox) -> None:
    waiting = asyncio.create_task(shell(box, "while [ ! -e go ]; do sleep 0.01; done; echo went"))
    await shell(box, "touch go")

    assert (await waiting).stdout == "went\n"


async def test_a_deadline_leaves_other_commands_alone(box: Sandbox) -> None:
    long = asyncio.create_task(shell(box, "while [ ! -e go ]; do sleep 0.01; done; echo went"))
    await shell(box, "sleep 65", timeout_s=0.3)
    await shell(box, "sleep 65 & true")
    await box.write("go", b"")

    assert (await long).stdout == "went\n"


async def test_boxes_run_at_once_and_apart(provider: SandboxProvider) -> None:
    async def work(number: int) -> ExecResult:
        async with await provider.create(label=str(number)) as box:
            await shell(box, f"echo {number} > mine")
            return await shell(box, "ls; cat mine")

    results = await asyncio.gather(*map(work, range(6)))

    assert [result.stdout for result in results] == [f"mine\n{number}\n" for number in range(6)]


async def test_cancelling_kills_the_command(box: Sandbox) -> None:
    task = asyncio.create_task(shell(box, "touch begun; sleep 66"))
    await shell(box, "while [ ! -e begun ]; do sleep 0.01; done")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await count_running(box, "66") == 0
    assert (await shell(box, "echo fine")).stdout == "fine\n"


async def test_a_closed_box_says_so(box: Sandbox, tmp_path: Path) -> None:
    await box.close()
    await box.close()

    for use in (
        box.exec(["true"], timeout_s=1),
        box.terminal(["sh"]),
        box.read("x"),
        box.write("x", b""),
        box.put_tree(tmp_path),
        box.get_tree(tmp_path),
        box.snapshot(tmp_path / "x.tar"),
    ):
        with pytest.raises(SandboxError, match="closed"):
            await use


async def test_closing_a_box_ends_a_command_under_way(box: Sandbox) -> None:
    task = asyncio.create_task(shell(box, "touch begun; sleep 67"))
    await shell(box, "while [ ! -e begun ]; do sleep 0.01; done")
    await box.close()

    with pytest.raises(SandboxError):
        await task


async def test_a_provider_closes_its_boxes(provider: SandboxProvider) -> None:
    boxes = [await provider.create(label=name) for name in ("a", "b")]
    await provider.close()

    for box in boxes:
        with pytest.raises(SandboxError):
            await box.exec(["true"], timeout_s=1)


async def test_a_provider_says_what_does_not_hold(provider: SandboxProvider) -> None:
    lines = provider.describe()

    assert any(line.startswith("kernel: does not hold") for line in lines)
    assert all(": holds: " in line or ": does not hold: " in line for line in lines)
