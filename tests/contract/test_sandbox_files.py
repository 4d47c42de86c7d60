"""Contract: files and trees, in and out."""

import os
import tarfile
from pathlib import Path

import pytest
from support.boxes import QUICK_S, Need

from macrohard.errors import SandboxError
from macrohard.sandbox import WORKSPACE, Sandbox, SandboxProvider


async def shell(box: Sandbox, script: str) -> str:
    result = await box.exec(["sh", "-c", script], timeout_s=QUICK_S)
    return result.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory of the host with a bit of everything."""
    source = tmp_path / "source"
    (source / "pkg" / "empty").mkdir(parents=True)
    (source / "pkg" / "mod.py").write_text("print('hi')\n")
    (source / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (source / "run.sh").chmod(0o755)
    (source / "Grüße.txt").write_bytes(bytes(range(256)))
    return source


def contents(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


async def test_what_is_written_is_read(box: Sandbox) -> None:
    data = bytes(range(256)) * 100
    await box.write("data.bin", data)

    assert await box.read("data.bin") == data


async def test_writing_makes_directories(box: Sandbox) -> None:
    await box.write("a/b/c.txt", b"x")

    assert await shell(box, "cat a/b/c.txt") == "x"


async def test_writing_again_replaces(box: Sandbox) -> None:
    await box.write("f", b"long first version")
    await box.write("f", b"2nd")

    assert await box.read("f") == b"2nd"


async def test_commands_may_change_what_was_written(box: Sandbox) -> None:
    await box.write("d/f", b"1\n")

    assert await shell(box, "echo 2 >> d/f && echo 3 > d/g && cat d/f d/g") == "1\n2\n3\n"


async def test_what_commands_wrote_is_read(box: Sandbox) -> None:
    await shell(box, "mkdir -p out && printf done > out/result")

    assert await box.read("out/result") == b"done"


async def test_paths_from_the_root_of_the_box_work(box: Sandbox) -> None:
    await box.write(f"{WORKSPACE}/x/y", b"z")
    home = (await shell(box, 'printf "$HOME"; printf t > "$HOME/t"')).strip()

    assert await box.read("x/y") == b"z"
    assert await box.read(f"{home}/t") == b"t"


async def test_a_missing_file_is_named(box: Sandbox) -> None:
    with pytest.raises(FileNotFoundError, match="nothing/here"):
        await box.read("nothing/here")


async def test_a_directory_is_no_file(box: Sandbox) -> None:
    await box.write("d/f", b"")

    with pytest.raises(IsADirectoryError, match="d"):
        await box.read("d")
    with pytest.raises(IsADirectoryError, match="d"):
        await box.write("d", b"x")


async def test_a_file_larger_than_asked_for_is_refused(box: Sandbox) -> None:
    await box.write("big", b"x" * 1001)

    assert len(await box.read("big", max_bytes=1001)) == 1001
    with pytest.raises(SandboxError, match="1001"):
        await box.read("big", max_bytes=1000)


async def test_nothing_outside_is_read_or_written(box: Sandbox) -> None:
    for path in ("../x", "a/../../x", "/etc/passwd", "/", "..", "a\0b"):
        with pytest.raises(PermissionError):
            await box.read(path)
        with pytest.raises(PermissionError):
            await box.write(path, b"x")


async def test_a_tree_goes_in_and_comes_out(box: Sandbox, tree: Path, tmp_path: Path) -> None:
    await box.put_tree(tree)
    left_out = await box.get_tree(tmp_path / "out")

    assert left_out == []
    assert contents(tmp_path / "out") == contents(tree)
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert not os.access(tmp_path / "out" / "pkg" / "mod.py", os.X_OK)


async def test_a_tree_can_be_used_and_changed_in_the_box(box: Sandbox, tree: Path) -> None:
    await box.put_tree(tree, "deep/down")

    assert (
        await shell(box, "cd deep/down && ./run.sh && rm run.sh && ls") == "ran\nGrüße.txt\npkg\n"
    )


async def test_a_tree_is_laid_over_what_is_there(box: Sandbox, tree: Path) -> None:
    await box.write("t/pkg/other.py", b"mine")
    await box.write("t/pkg/mod.py", b"old")
    await box.put_tree(tree, "t")

    assert await box.read("t/pkg/other.py") == b"mine"
    assert await box.read("t/pkg/mod.py") == b"print('hi')\n"


async def test_links_of_the_host_stay_out(box: Sandbox, tree: Path) -> None:
    (tree / "secret").symlink_to("/etc/hostname")
    (tree / "pkg" / "up").symlink_to("..")
    await box.put_tree(tree)

    assert await shell(box, "find . -type l") == ""


async def test_a_tree_that_is_not_there_is_an_error(box: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        await box.put_tree(tmp_path / "absent")


async def test_a_part_of_the_workspace_comes_out(box: Sandbox, tree: Path, tmp_path: Path) -> None:
    await box.put_tree(tree, "all")
    await box.get_tree(tmp_path / "out", "all/pkg")

    assert sorted(contents(tmp_path / "out")) == ["empty", "mod.py"]


async def test_a_missing_directory_does_not_come_out(box: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await box.get_tree(tmp_path / "out", "nowhere")


async def test_coming_out_replaces_what_was_there_before(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old and long")
    await box.write("f", b"new")
    await box.get_tree(tmp_path)

    assert (tmp_path / "f").read_text() == "new"


async def test_links_and_pipes_are_left_out_and_named(box: Sandbox, tmp_path: Path) -> None:
    await shell(box, "ln -s /etc/passwd a; ln -s . b; mkfifo c; echo x > d; ln -s nowhere e")
    left_out = await box.get_tree(tmp_path / "out")

    assert left_out == ["a: a link", "b: a link", "c: a FIFO", "e: a link"]
    assert contents(tmp_path / "out") == {"d": b"x\n"}


async def test_more_bytes_than_the_disk_may_hold_do_not_come_out(
    box: Sandbox, tmp_path: Path
) -> None:
    # The workspace may hold 16 MB. A hole takes no room; three together count as 18 MB.
    await shell(box, "for f in a b c; do truncate -s 6M $f; done")

    with pytest.raises(SandboxError, match="bytes"):
        await box.get_tree(tmp_path / "out")


async def test_more_files_than_allowed_do_not_come_out(box: Sandbox, tmp_path: Path) -> None:
    await shell(box, "mkdir many; cd many; seq 20001 | xargs touch")

    with pytest.raises(SandboxError, match="20000 files"):
        await box.get_tree(tmp_path / "out")


async def test_a_full_workspace_says_so(box: Sandbox, need: Need) -> None:
    need("mount")

    with pytest.raises(SandboxError, match="full"):
        await box.write("big", b"x" * 17 * 2**20)
    assert await shell(box, "ls -A") == ""


async def test_commands_read_and_run_a_read_only_tree(box: Sandbox, tree: Path) -> None:
    await box.put_tree(tree, "given", read_only=True)

    assert await shell(box, "cat given/pkg/mod.py; given/run.sh") == "print('hi')\nran\n"


ATTACKS = (
    "echo x >> f/given/pkg/mod.py",
    "rm -rf f/given/pkg f/given",
    "chmod -R 777 f/given; echo x > f/given/pkg/mod.py",
    "mv f/given f/gone; mkdir f/given",
    "mv f gone; mkdir -p f/given/pkg; echo x > f/given/pkg/mod.py",
    "ln f/given/pkg/mod.py hard && echo x > hard",
    "umount f/given; mount -o remount,rw f/given; echo x > f/given/pkg/mod.py",
    "rm -rf f; ln -s . f; mkdir -p given/pkg; echo x > given/pkg/mod.py",
)


async def test_commands_cannot_change_a_read_only_tree(
    box: Sandbox, need: Need, tree: Path
) -> None:
    need("mount")
    await box.put_tree(tree, "f/given", read_only=True)

    for attack in ATTACKS:
        await shell(box, attack)
        assert await shell(box, "cat f/given/pkg/mod.py") == "print('hi')\n", attack
        assert await shell(box, "ls f/given") == "Grüße.txt\npkg\nrun.sh\n", attack


async def test_nor_do_we_change_it(box: Sandbox, need: Need, tree: Path) -> None:
    need("mount")
    await box.put_tree(tree, "given", read_only=True)

    with pytest.raises(PermissionError, match="read-only"):
        await box.write("given/new", b"x")


async def test_the_whole_workspace_cannot_be_read_only(box: Sandbox, tree: Path) -> None:
    with pytest.raises(PermissionError, match="name a directory"):
        await box.put_tree(tree, read_only=True)


async def test_read_only_trees_come_out_like_others(
    box: Sandbox, tree: Path, tmp_path: Path
) -> None:
    await box.put_tree(tree, "given", read_only=True)
    await box.get_tree(tmp_path / "out")

    assert contents(tmp_path / "out" / "given") == contents(tree)


async def test_a_snapshot_holds_the_workspace(box: Sandbox, tree: Path, tmp_path: Path) -> None:
    await box.put_tree(tree)
    await shell(box, "ln -s run.sh link")
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    await box.snapshot(first)
    await box.snapshot(second)

    with tarfile.open(first) as archive:
        members = {member.name: member for member in archive.getmembers()}
        packed = archive.extractfile("Grüße.txt")
        assert packed is not None
        assert packed.read() == bytes(range(256))
    assert sorted(members) == ["Grüße.txt", "pkg", "pkg/empty", "pkg/mod.py", "run.sh"]
    assert members["run.sh"].mode == 0o755
    assert first.read_bytes() == second.read_bytes()


async def test_a_box_leaves_nothing_when_it_is_closed(
    provider: SandboxProvider, tree: Path
) -> None:
    async with await provider.create(label="gone") as box:
        await box.put_tree(tree, "sub", read_only=True)
        await shell(box, "mkdir locked && touch locked/f && chmod 000 locked")
        where = (await shell(box, "pwd")).strip()

    assert where == WORKSPACE or not Path(where).exists()
