"""Everything that must hold of the project, in one command: ``python -m tests``.

Linters first, because they are quick; then the whole test suite. Arguments go to pytest;
without any, it runs on all cores.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARALLEL = ("-n", "auto", "--dist", "loadfile")
"""One process a core; the tests of a file stay together, for what they build once."""
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)


def main() -> int:
    """Run the checks in turn; the first that fails ends it."""
    tools = Path(sys.executable).parent
    for name, *arguments in CHECKS:
        print(f"== {name} {' '.join(arguments)}", flush=True)
        done = subprocess.run([str(tools / name), *arguments], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    print("== pytest", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *(sys.argv[1:] or PARALLEL)], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
