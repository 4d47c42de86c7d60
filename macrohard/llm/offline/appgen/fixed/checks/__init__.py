"""Unit tests that built apps carry for the modules of ``fixed``; they are run here, too."""
