"""Hostile files on their way in and out."""

import asyncio
from pathlib import Path

import pytest
from support.boxes import QUICK_S, python, shell

from macrohard.errors import SandboxError
from macrohard.sandbox import ExecResult, Sandbox


async def swap(box: Sandbox, secret: Path) -> "asyncio.Task[ExecResult]":
    """Make ``d`` a directory and a link to the host in turn, as fast as it goes."""
    code = """
import os, pathlib, sys
os.mkdir('real'); pathlib.Path('real/secret').write_text('box')
os.symlink(sys.argv[1], 'link'); pathlib.Path('ready').touch()
while True:
    os.rename('real', 'd'); os.rename('d', 'real')
    os.rename('link', 'd'); os.rename('d', 'link')
"""
    task = asyncio.create_task(python(box, code, str(secret.parent)))
    async with asyncio.timeout(QUICK_S):
        while True:
            try:
                await box.read("ready")
            except FileNotFoundError:
                await asyncio.sleep(0.01)
            else:
                return task


async def test_a_link_swapped_in_leads_nowhere(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "host" / "secret"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    swapping = await swap(box, secret)
    seen: set[bytes] = set()
    for number in range(150):
        try:
            seen.add(await box.read("d/secret"))
        except (PermissionError, FileNotFoundError):
            seen.add(b"refused")
        if number % 15 == 0:
            await box.get_tree(tmp_path / str(number))
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)

    assert seen <= {b"box", b"refused"}
    taken = {path.read_text() for path in tmp_path.glob("[0-9]*/**/secret")}
    assert taken <= {"box", ""}


async def test_nothing_is_written_through_a_link_swapped_in(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "host" / "secret"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    swapping = await swap(box, secret)
    for _ in range(150):
        try:
            await box.write("d/secret", b"overwritten")
            await box.write("d/new", b"planted")
        except (PermissionError, FileNotFoundError, OSError):
            continue
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)

    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    assert secret.read_text() == "hunter2"


async def test_links_pipes_and_sockets_are_not_read(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    await shell(box, f"ln -s {tmp_path}/secret link; ln -s {tmp_path} folder; mkfifo pipe")
    await python(box, "import socket; socket.socket(socket.AF_UNIX).bind('sock')")

    for path in ("link", "folder/secret", "pipe", "sock"):
        with pytest.raises(PermissionError):
            await box.read(path)


async def test_a_file_replaces_a_link_and_is_not_written_through_it(
    box: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "host").write_text("untouched")
    await shell(box, f"ln -s {tmp_path}/host out")
    await box.write("out", b"data")

    assert await box.read("out") == b"data"
    assert (tmp_path / "host").read_text() == "untouched"


async def test_odd_names_come_out_or_are_named(box: Sandbox, tmp_path: Path) -> None:
    code = r"""
import os
for name in (b'n' * 255, b'-rf', b'a b', b'new\nline', b'esc\x1b[2J', b'\xff\xfe', b'..x', b'%s'):
    with open(name, 'w') as f: f.write('x')
"""
    await python(box, code)
    left_out = await box.get_tree(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "%s",
        "-rf",
        "..x",
        "a b",
        "n" * 255,
    ]
    assert len(left_out) == 3
    assert all("unprintable" in line for line in left_out)
    assert "\x1b" not in "".join(left_out)


async def test_a_bottomless_tree_comes_out_to_a_depth(box: Sandbox, tmp_path: Path) -> None:
    code = """
import os
for level in range(1200):
    with open('here', 'w') as f: f.write(str(level))
    os.mkdir('d'); os.chdir('d')
"""
    await python(box, code)
    left_out = await box.get_tree(tmp_path)

    assert len(left_out) == 1
    assert "deeper than" in left_out[0]
    assert (tmp_path / "d" / "d" / "here").read_text() == "2"


async def test_files_without_permissions_come_out_or_are_named(
    box: Sandbox, tmp_path: Path
) -> None:
    await shell(box, "echo x > f; mkdir d; touch d/g; chmod 000 f d")
    left_out = await box.get_tree(tmp_path)

    came = {path.name for path in tmp_path.iterdir()}
    assert came | {line.split(":")[0] for line in left_out} >= {"f", "d"}


async def test_set_id_bits_do_not_come_out(box: Sandbox, tmp_path: Path) -> None:
    await shell(box, "cp /bin/true t; chmod 6777 t")
    await box.get_tree(tmp_path)

    assert (tmp_path / "t").stat().st_mode & 0o7777 == 0o755


async def test_a_path_of_four_thousand_characters_comes_out(box: Sandbox, tmp_path: Path) -> None:
    code = """
import os
for _ in range(15):
    os.mkdir('d' * 255); os.chdir('d' * 255)
with open('f', 'w') as f: f.write('deep')
"""
    await python(box, code)
    left_out = await box.get_tree(tmp_path)

    (found,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert len(str(found.relative_to(tmp_path))) == 15 * 256 + 1
    assert (found.read_text(), left_out) == ("deep", [])


async def test_a_hole_comes_out_within_the_caps_or_not_at_all(box: Sandbox, tmp_path: Path) -> None:
    await shell(box, "for n in 1 2 3; do truncate -s 8M hole$n; done; truncate -s 1T huge")

    with pytest.raises(SandboxError, match="more than"):
        await box.get_tree(tmp_path / "out")
    assert not (tmp_path / "out").exists()
