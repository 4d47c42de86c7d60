"""A user of programs with windows: a screen in memory, read as people read it."""
