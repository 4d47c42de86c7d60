"""Simulated users of a terminal: what each kind of person does beside the steps of a scenario.

A user is a generator: it yields what it types and is sent what came on the screen. The offline
model has no memory, so it plays the generator from the start through all that was observed.
"""
