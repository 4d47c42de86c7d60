"""The acceptance suite as it is handed in: a harness and test files in plain pytest."""
