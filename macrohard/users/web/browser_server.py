"""Starts Chromium under a Playwright server and prints where it is; runs as a program of its own.

Arguments are more flags for Chromium. It ends when its standard input does, so that whoever started
it can be killed in any way and leaves no browser behind.

It is sent to where the browser is as text, so it imports nothing of macrohard.
"""

import contextlib
import json
import os
import runpy
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Become the server."""
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    # Chromium's own sandbox cannot be set up by root, nor within that of a box.
    options = {
        "executablePath": program,
        "host": "127.0.0.1",
        "args": ["--no-sandbox", *sys.argv[1:]],
    }
    config = Path(tempfile.mkdtemp(prefix="browser-"), "server.json")
    config.write_text(json.dumps(options))
    threading.Thread(target=_end_with_input, daemon=True).start()
    words = ["launch-server", "--browser", "chromium", "--config", str(config)]
    sys.argv = ["playwright", *words]
    runpy.run_module("playwright", run_name="__main__")


def _end_with_input() -> None:
    with contextlib.suppress(OSError):  # a terminal that hangs up
        while os.read(0, 4096):
            pass
    os.killpg(
        0, signal.SIGTERM
    )  # the server of its own that Playwright starts, which ends Chromium


if __name__ == "__main__":
    main()
