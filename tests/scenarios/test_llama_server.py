"""A whole build against a real llama.cpp server with a tiny model of noise ends cleanly.

Optional: ``pip install xllamacpp gguf`` brings what it needs (docs/endpoints.md).
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.commands import ENVIRONMENT, ROOT
from support.tiny_gguf import write_model

pytest.importorskip("xllamacpp", reason="pip install xllamacpp gguf, to try a real llama.cpp")
pytest.importorskip("gguf", reason="pip install xllamacpp gguf, to try a real llama.cpp")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("llama")
    write_model(folder / "tiny.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = ROOT / "tests" / "support" / "llama_server.py"
    with (folder / "server.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, program, "tiny.gguf", str(port)], cwd=folder, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{url}/models", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        running.kill()
        running.wait()


def run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder whose settings keep the noise short."""
    (folder / "macrohard.toml").write_text("[endpoints.llamacpp]\nmost_tokens = 150\n")
    (folder / "guess.md").write_text("# Guess\n\nA number guessing game for the terminal.\n")
    return subprocess.run(
        [sys.executable, "-m", "macrohard", *arguments, "--model", "llamacpp:tiny.gguf"],
        cwd=folder,
        env={**ENVIRONMENT, "LLAMACPP_BASE_URL": url, "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("caps", "code"),
    [
        (("--max-calls", "2"), 5),  # a cap is reached: resumable
        ((), 3),  # noise never becomes requirements: the role fails by name
    ],
    ids=["budget", "noise"],
)
def test_a_build_with_noise_ends_cleanly(
    server: str, tmp_path: Path, caps: tuple[str, ...], code: int
) -> None:
    options = ("--sandbox", "process", "--allow-process-sandbox", "--out", "run", *caps)
    done = run(tmp_path, server, "build", "guess.md", *options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["status"] == ("stopped" if code == 5 else "failed")
    assert record["cost"]["calls"] >= 1
    assert record["error"]
    assert "macrohard resume" in done.stderr


def test_doctor_says_what_the_noise_can_do(server: str, tmp_path: Path) -> None:
    done = run(tmp_path, server, "doctor")
    assert f"{server} is reached, the model is there" in done.stdout
    assert "answers: came in a stream, usage reported" in done.stdout
    assert "structured output: works, the server takes the schema" in done.stdout
    assert "PROBLEM  model llamacpp:tiny.gguf: tool calling" in done.stdout
    assert done.returncode == 1
