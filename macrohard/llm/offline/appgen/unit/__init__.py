"""Writes the unit tests of an app.

What they expect comes from the oracle, which reads the contract on its own: a mistake in the
writers of code makes the tests of every app fail.
"""
