"""``python -m macrohard`` is the same as ``macrohard``."""

from macrohard.cli.main import main

if __name__ == "__main__":
    main()
