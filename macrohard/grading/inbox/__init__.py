"""Programs that run in a box to hold an examination; they import nothing of macrohard."""
