"""Holds an examination: starts the examinee, collects what it reports, and tells the host.

Run with a job on standard input (see ``examination.py``). Standard
output carries one JSON document and nothing else: the examinee, in whose interpreter the code under
test runs, never holds that descriptor, and cannot reach it through ``/proc``, since this process
cannot be traced. What the examinee reports has to carry a code made with a key, and a number.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import hiding

MOST_TEXT = 6000
"""Characters kept of one failure."""
MOST_ALL_TEXT = 600_000
"""Characters kept of all failures together, so that the whole fits through the host's cap."""
_EXAMINEE = (
    "import sys; sys.path.insert(0, sys.argv.pop()); from macrohard_proctor.examinee import main;"
    " del sys.path[0]; main()"
)
_INI = "[pytest]\naddopts =\nenable_assertion_pass_hook = true\n"
_END_PATIENCE_S = 5.0


def main() -> None:
    """Hold one examination."""
    hiding.hide()
    job = json.load(sys.stdin)
    folder = Path(tempfile.mkdtemp(prefix="tmp"))
    try:
        _lay_out(job, folder)
        told = Examination(job, folder).hold()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    # Nothing of ours runs on exit, and whatever the examinee left behind dies with the command.
    os._exit(0)


def _lay_out(job: dict[str, Any], folder: Path) -> None:
    (folder / "pytest.ini").write_text(_INI)
    for name, text in job["files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o444)


class Examination:
    """One run of the examinee, seen from outside.

    Args:
        job: What to run.
        folder: Where the files that belong to the job lie.
    """

    def __init__(self, job: dict[str, Any], folder: Path) -> None:
        self._job = job
        self._folder = folder
        self._key = secrets.token_bytes(32)
        self._next = 0
        self._room = MOST_ALL_TEXT
        self._told: dict[str, Any] = {
            "collected": None, "tests": {}, "errors": [], "hooks": [], "running": "",
            "finished": None, "ended": "", "forged": 0,
        }  # fmt: skip

    def hold(self) -> dict[str, Any]:
        """Start the examinee and see it to its end."""
        ours, theirs = os.pipe()
        examinee = subprocess.Popen(
            [sys.executable, "-I", "-c", _EXAMINEE, str(Path(__file__).parents[1])],
            stdin=subprocess.PIPE,
            stdout=2,
            pass_fds=(theirs,),
            start_new_session=True,
        )
        os.close(theirs)
        job = {
            **self._job,
            "files": list(self._job["files"]),
            "folder": str(self._folder),
            "key": self._key.hex(),
            "report": theirs,
        }
        with contextlib.suppress(BrokenPipeError):
            if examinee.stdin is not None:
                with examinee.stdin as stream:
                    stream.write(json.dumps(job).encode())
        in_time = self._listen(ours)
        self._told["ended"] = self._end(examinee, in_time=in_time)
        return self._told

    def _listen(self, line: int) -> bool:
        """Take reports until the examinee closes the line; False when the time is over."""
        deadline = time.monotonic() + self._job["timeout_s"]
        rest = b""
        while True:
            ready, _, _ = select.select([line], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return False
            data = os.read(line, 65536)
            if not data:
                return True
            *complete, rest = (rest + data).split(b"\n")
            for one in complete:
                self._take(one)
            if self._told["finished"] is not None:
                return True

    def _end(self, examinee: "subprocess.Popen[bytes]", *, in_time: bool) -> str:
        if in_time:
            try:
                code = examinee.wait(_END_PATIENCE_S)
            except subprocess.TimeoutExpired:
                code = 0
            else:
                return f"signal {-code}" if code < 0 else f"exit code {code}"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(examinee.pid, signal.SIGKILL)
        examinee.wait()
        return "exit code 0" if in_time else "time-out"

    def _take(self, line: bytes) -> None:
        """One report, if it is genuine and the next one."""
        code, _, body = line.partition(b" ")
        wanted = hmac.new(self._key, body, hashlib.sha256).hexdigest().encode()
        genuine = hmac.compare_digest(code, wanted)
        message = json.loads(body) if genuine else {}
        if not genuine or message["n"] != self._next:
            self._told["forged"] += 1
            return
        self._next += 1
        told = self._told
        kind = message["kind"]
        if kind == "collected":
            told["collected"] = message["ids"]
        elif kind == "error":
            told["errors"].append({"id": message["id"], "text": self._clip(message["text"])})
        elif kind == "started":
            told["running"] = message["id"]
        elif kind == "phase":
            self._take_phase(message)
        elif kind == "finished":
            told["finished"], told["running"] = message["code"], ""
            told["hooks"] = message["hooks"]

    def _take_phase(self, message: dict[str, Any]) -> None:
        test = self._told["tests"].setdefault(
            message["id"],
            {"outcome": "", "file": message["file"], "text": "", "message": "", "asserted": 0},
        )
        test["asserted"] += message["asserted"]
        if message["outcome"] == "failed":
            if test["outcome"] != "failed":
                test["text"] = self._clip(message["text"])
                test["message"] = self._clip(message["message"])
            test["outcome"] = "failed"
        elif message["outcome"] == "skipped" and test["outcome"] != "failed":
            test["outcome"] = "skipped"
            test["message"] = self._clip(message["message"])
        elif message["outcome"] == "passed" and not test["outcome"]:
            test["outcome"] = "passed"

    def _clip(self, text: str) -> str:
        if len(text) > MOST_TEXT:
            half = MOST_TEXT // 2
            text = f"{text[:half]}\n[...]\n{text[-half:]}"
        if len(text) > self._room:
            return "(left out: too many failures)"
        self._room -= len(text)
        return text
