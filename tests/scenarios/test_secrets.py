"""A key never reaches anything we write or say, whatever a server does with it."""

import base64
import gzip
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from support.builds import TINY
from support.offline_server import offline_server

KEY = "sk-canary/key+with=odd:signs?0f7a~>"
"""With what base64, URLs and JSON each write in a way of their own."""


def needles(key: str) -> list[bytes]:
    """Every form in which a key could be found: as it is, in a URL, in base64 at each offset."""
    raw = key.encode()
    found = [raw, quote(key, safe="").encode(), quote(key).encode()]
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw)
        start = -(-offset * 8 // 6)
        core = coded[start : (offset + len(raw)) * 8 // 6]
        found += [core, core.translate(bytes.maketrans(b"+/", b"-_"))]
    return found


def macrohard(*arguments: str | Path, **variables: str) -> tuple[int, bytes]:
    """Run the command line; its exit code and all of its output."""
    done = subprocess.run(
        [sys.executable, "-m", "macrohard", *map(str, arguments)],
        capture_output=True, check=False, timeout=240, env={**os.environ, **variables},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def leaks(folder: Path, output: bytes) -> list[str]:
    """Where any form of the key stands."""
    places = {"the output": output}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data += gzip.decompress(data) if data[:2] == b"\x1f\x8b" else b""
            places[str(path.relative_to(folder))] = data
            places[f"name of {path.name}"] = path.name.encode()
    return [
        f"{needle!r} in {place}"
        for place, data in places.items()
        for needle in needles(KEY)
        if needle in data
    ]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tea.md"
    path.write_text(TINY)
    return path


def test_a_key_stays_where_it_is_sent(spec: Path, tmp_path: Path) -> None:
    """A whole build, recorded, against a server that puts the key into every answer."""
    with offline_server() as server:
        server.echo = True
        code, output = macrohard(
            "build", spec, "--out", tmp_path / "run", "--model", f"{server.url}#m", "--debug",
            "--allow-process-sandbox", "--sandbox", "process", "--record", tmp_path / "tape",
            MACROHARD_API_KEY=KEY,
        )  # fmt: skip
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert code == 0, output.decode()
    assert (tmp_path / "tape").exists()
    assert leaks(tmp_path, output) == []


@pytest.mark.parametrize("calls", [0, 8])
def test_a_key_is_not_in_the_error_of_a_build_that_fails(
    spec: Path, tmp_path: Path, calls: int
) -> None:
    with offline_server() as server:
        server.fail_after = calls
        code, output = macrohard(
            "build", spec, "--out", tmp_path / "run", "--model", f"{server.url}#m", "--debug",
            "--allow-process-sandbox", "--sandbox", "process", "--record", tmp_path / "tape",
            MACROHARD_API_KEY=KEY,
        )  # fmt: skip
        again, more = macrohard("resume", tmp_path / "run", "--debug", MACROHARD_API_KEY=KEY)
    assert code == again == 3
    assert b"HTTP 401" in output
    assert b"Traceback" in output
    assert b"***" in output, "the server's message is told, without the key"
    assert leaks(tmp_path, output + more) == []


def test_a_key_is_not_in_what_doctor_and_config_say(tmp_path: Path) -> None:
    for command in (["doctor"], ["config", "show"]):
        _, output = macrohard(*command, MACROHARD_API_KEY=KEY, OPENAI_API_KEY=KEY)
        assert leaks(tmp_path, output) == []


def test_every_form_of_a_key_is_looked_for() -> None:
    for text in (
        f"x{KEY}y",
        f"https://{quote(KEY, safe='')}@h",
        *(base64.b64encode(f"{'abc'[:n]}{KEY} more".encode()).decode() for n in range(3)),
    ):
        assert any(needle in text.encode() for needle in needles(KEY)), text
