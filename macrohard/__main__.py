"""``python -m macrohard`` is the same as ``macrohard``."""

import sys

from macrohard.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
