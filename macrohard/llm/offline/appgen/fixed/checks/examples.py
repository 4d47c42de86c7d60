"""A stand-in for the examples that each app has of its own."""

from macrohard.llm.offline.appgen.fixed.checks.support import DatabaseTest


class ExamplesTest(DatabaseTest):
    """A test case with an example in its database."""

    def setUp(self) -> None:
        """Store the example."""
        super().setUp()
        self.insert("thing", {"name": "Hammer"})
