"""Starts Chromium under a Playwright server and prints where it is; runs as a program of its own.

Arguments are more flags for Chromium.

It is sent to where the browser is as text, so it imports nothing of macrohard.
"""

import json
import os
import shutil
import sys
import tempfile
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
    words = ["-m", "playwright", "launch-server", "--browser", "chromium", "--config", str(config)]
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    main()
