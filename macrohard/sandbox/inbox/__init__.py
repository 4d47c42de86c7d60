"""The program that keeps one process sandbox: it makes the box, then starts commands in it.

It runs as its own process, with the standard library alone and nothing imported from the rest of
macrohard (and without ``dataclasses``, slow to load), because it must start in milliseconds and
because it is what stands between generated code and the host.

``keeper`` is its main loop; ``runner`` carries one command from its start to the death of
everything it started, which ``tree`` finds and kills; ``watch`` counts what commands use;
``mounts`` builds the private root, or ``plain`` what stands in for it; ``syscalls`` is the filter
commands run under; ``kernel`` holds the system calls Python has no names for; ``wire`` is the
framing both ends speak.
"""
