"""The program that keeps one process sandbox: it makes the box, then starts commands in it.

It runs as its own process, with the standard library alone and nothing imported from the rest of
macrohard, because it must start in milliseconds and because it is what stands between generated
code and the host. ``keeper`` is its main loop, ``runner`` carries one command from its start to
the death of everything it started, ``mounts`` builds the private root, ``kernel`` holds the
system calls Python has no names for, ``wire`` the framing both ends speak.
"""
