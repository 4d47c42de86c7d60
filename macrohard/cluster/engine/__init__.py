"""The simulator's core: one clock, all replicas, all calls.

Written in the subset of Python that numba compiles, over records (``calls[i].prompt``). With numba
the records are numpy record arrays and the code is machine code; without, they are lists of slotted
objects and the same code runs as it stands. Both give the same bytes.
"""
