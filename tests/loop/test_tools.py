"""The tools, in a real box."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from macrohard.llm.base import ToolCall
from macrohard.loop.tools import SandboxTools, TestsFirst
from macrohard.sandbox import Limits, ProcessProvider, Sandbox
from macrohard.sandbox.interpreter import Layout, layout
from macrohard.work import Submission

ALL = ("bash", "read_file", "write_file", "edit_file")
DONE = Submission(summary="did it", files=("a.py",), tests_run="ok")


@pytest.fixture(scope="module")
def python_layout() -> Layout:
    return layout()


@pytest.fixture
async def box(python_layout: Layout) -> AsyncIterator[Sandbox]:
    provider = ProcessProvider(limits=Limits(memory_mb=256, disk_mb=32, file_mb=16))
    provider._layout = python_layout  # looked up once for all tests
    async with await provider.create(label="tools") as made:
        await made.write("shop/a.py", b"x = 1\ny = 2\n")
        yield made
    await provider.close()


@pytest.fixture
def tools(box: Sandbox) -> SandboxTools:
    return SandboxTools(box, ALL, lambda path: "W2 owns it" if path == "shop/theirs.py" else "")


async def use(tools: SandboxTools, name: str, /, **arguments: Any) -> str:
    return await tools.run(ToolCall(id="c", name=name, arguments=json.dumps(arguments)))


async def test_a_file_is_read_before_it_is_changed(tools: SandboxTools, box: Sandbox) -> None:
    said = await use(tools, "edit_file", path="shop/a.py", old="x = 1", new="x = 3")
    assert said == "error: shop/a.py was not read yet; read it with read_file, then edit it."
    said = await use(tools, "write_file", path="shop/a.py", content="")
    assert "was not read" in said
    assert await box.read("shop/a.py") == b"x = 1\ny = 2\n"
    await use(tools, "read_file", path="./shop/a.py")
    assert await use(tools, "edit_file", path="shop/a.py", old="x = 1", new="x = 3") == (
        "edited shop/a.py at line 1"
    )
    assert (await use(tools, "write_file", path="/work/shop/a.py", content="z\n")).startswith(
        "wrote"
    )
    assert await box.read("shop/a.py") == b"z\n"


async def test_a_new_file_needs_no_reading_and_is_known_then(tools: SandboxTools) -> None:
    assert await use(tools, "write_file", path="new/b.py", content="b = 1\n") == (
        "wrote new/b.py, 1 lines"
    )
    assert (await use(tools, "edit_file", path="new/b.py", old="1", new="2")).startswith("edited")
    assert (await use(tools, "write_file", path="new/b.py", content="")).startswith("wrote")


async def test_a_file_that_was_printed_was_read(tools: SandboxTools) -> None:
    assert (await use(tools, "bash", command="cd shop && cat a.py")).startswith("exit code 0")
    assert (await use(tools, "edit_file", path="shop/a.py", old="1", new="3")).startswith("edited")


async def test_naming_a_file_is_not_reading_it(tools: SandboxTools) -> None:
    await use(tools, "bash", command="ls shop/a.py; wc shop/a.py")
    assert "not read" in await use(tools, "edit_file", path="shop/a.py", old="1", new="3")


async def test_a_file_that_changed_since_it_was_read_is_not_overwritten(
    tools: SandboxTools,
) -> None:
    await use(tools, "read_file", path="shop/a.py")
    await use(tools, "bash", command="sed -i s/1/9/ shop/a.py")
    said = await use(tools, "write_file", path="shop/a.py", content="")
    assert "has changed since you read it" in said


async def test_a_file_read_in_part_is_edited_and_not_overwritten(
    tools: SandboxTools, box: Sandbox
) -> None:
    await box.write("long.py", "".join(f"v{n} = {n}\n" for n in range(1, 101)).encode())
    shown = await use(tools, "read_file", path="long.py", start_line=1, end_line=50)
    assert shown.splitlines()[-1] == "v50 = 50"
    said = await use(tools, "write_file", path="long.py", content="")
    assert "in part only, not from line 51" in said
    assert (await use(tools, "edit_file", path="long.py", old="v7 = 7", new="")).startswith("edit")
    await use(tools, "read_file", path="long.py", start_line="51")
    await use(tools, "read_file", path="long.py", end_line=50)
    assert (await use(tools, "write_file", path="long.py", content="")).startswith("wrote")


async def test_a_long_file_is_cut_and_the_note_says_which_lines_to_read(
    tools: SandboxTools, box: Sandbox
) -> None:
    lines = [f"line {n:05d} {'.' * 20}" for n in range(1, 2_001)]
    await box.write("long.txt", "\n".join(lines).encode())
    shown = await use(tools, "read_file", path="long.txt")
    note = next(line for line in shown.splitlines() if "left out" in line)
    first, last = (int(word) for word in note.split() if word.isdigit() and int(word) < 2_000)
    middle = await use(tools, "read_file", path="long.txt", start_line=first, end_line=first)
    assert middle.rstrip("\n") == lines[first - 1]
    assert lines[first - 2] in shown
    assert lines[last] in shown
    assert lines[first] not in shown
    assert lines[last - 1] not in shown


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("grep", "{}", "there is no tool 'grep'; there are bash, read_file, write_file, edit_file"),
        ("bash", '{"command": "ls', "not valid JSON"),
        ("bash", '["ls"]', "must be a JSON object"),
        ("bash", "", "'command' is missing"),
        ("bash", '{"cmd": "ls", "command": "ls"}', "'cmd' is unknown"),
        ("bash", '{"command": 3}', "'command' must be a string"),
        ("bash", '{"command": "ls", "timeout_s": "soon"}', "'timeout_s' must be a number"),
        ("bash", '{"command": "ls", "timeout_s": NaN}', "'timeout_s' must be a number"),
        ("read_file", '{"path": "nowhere"}', "there is no such file"),
        ("read_file", '{"path": "shop"}', "that is a directory"),
        ("read_file", '{"path": " "}', "the path is empty"),
        ("read_file", '{"path": "shop/a.py", "start_line": 9}', "has 2 lines"),
        ("read_file", '{"path": "shop/a.py", "start_line": 1.5}', "must be a whole number"),
        ("read_file", '{"path": "../etc/passwd"}', "leads outside"),
        ("read_file", '{"path": "/etc/passwd"}', "leads outside"),
        ("write_file", '{"path": "../x", "content": ""}', "leads outside"),
        ("write_file", '{"path": "shop/theirs.py", "content": ""}', "W2 owns it"),
        ("write_file", '{"path": "shop//./x/../theirs.py", "content": ""}', "W2 owns it"),
        ("edit_file", '{"path": "shop/a.py", "old": "", "new": ""}', "`old` is empty"),
        ("edit_file", '{"path": "shop/a.py", "old": "a", "new": "a"}', "nothing would change"),
        ("edit_file", '{"path": "a.py", "old": "a", "new": "b", "all": "each"}', "true or false"),
    ],
)
async def test_a_bad_call_is_answered(
    tools: SandboxTools, name: str, arguments: str, said: str
) -> None:
    answer = await tools.run(ToolCall(id="c", name=name, arguments=arguments))
    assert answer.startswith("error: ")
    assert said in answer
    assert "Traceback" not in answer
    assert "SandboxTools" not in answer


async def test_arguments_are_read_as_models_write_them(tools: SandboxTools) -> None:
    raw = '{"command": "echo one\necho two"}'
    for arguments in (raw, json.dumps(json.dumps({"command": "echo one\necho two"}))):
        answer = await tools.run(ToolCall(id="c", name="bash", arguments=arguments))
        assert answer == "exit code 0\none\ntwo"


async def test_binary_and_huge_files_are_answers_and_not_the_end(
    tools: SandboxTools, box: Sandbox
) -> None:
    await box.write("picture.png", b"\x89PNG\xff\xfe")
    assert "no UTF-8 text" in await use(tools, "read_file", path="picture.png")
    await use(tools, "bash", command="head -c 11000000 /dev/zero > big")
    assert "11000000 bytes" in await use(tools, "read_file", path="big")
    await use(tools, "bash", command="head -c 15000000 /dev/zero > b2; cp b2 b3; cp b2 b4")
    said = await use(tools, "write_file", path="more.txt", content="x" * 9_000_000)
    assert said.startswith("error: ")


async def test_a_submission_goes_back_once_when_code_changed_after_the_tests(
    tools: SandboxTools,
) -> None:
    first = TestsFirst(tools, "python -m unittest")
    assert await first(DONE) == "", "nothing was changed"
    await use(tools, "write_file", path="shop/b.py", content="b = 1\n")
    assert await first(DONE.model_copy(update={"done": False})) == ""
    said = await first(DONE)
    assert "shop/b.py changed and no test was run" in said
    assert "`python -m unittest`" in said
    assert await first(DONE) == "", "the second time it is taken"


@pytest.mark.parametrize(
    ("command", "counts"),
    [
        ("python -m unittest discover -s tests", True),
        ("cd shop && timeout 60 python -m pytest -q tests", True),
        ("PYTHONPATH=. pytest", True),
        ("npm run test", True),
        ("make check", True),
        ("cat tests/test_a.py", False),
        ("ls tests; grep -rn test .", False),
        ("python -m shop --help", False),
    ],
)
async def test_what_counts_as_running_the_tests(
    tools: SandboxTools, command: str, counts: bool
) -> None:
    await use(tools, "write_file", path="shop/b.py", content="b = 1\n")
    await use(tools, "bash", command=command)
    assert bool(await tools.untested()) is not counts


async def test_a_change_by_a_command_after_the_tests_is_noticed(tools: SandboxTools) -> None:
    await use(tools, "bash", command="python -m unittest")
    assert await tools.untested() == ""
    await use(tools, "bash", command="sed -i s/1/2/ shop/a.py; touch notes.md data.csv")
    assert await tools.untested() == "shop/a.py changed since you last ran tests"
    await use(tools, "bash", command="python -m unittest")
    assert await tools.untested() == ""


async def test_prose_needs_no_tests(tools: SandboxTools) -> None:
    await use(tools, "write_file", path="README.md", content="# Shop\n")
    await use(tools, "bash", command="ls -l README.md")
    assert await tools.untested() == ""
