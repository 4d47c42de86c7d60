"""What people see of a run: the report page, the live view, the closing summary.

Reads a run directory or its events, never live objects. Terminal parts are imported from their
modules, so that whoever only writes the page does not load them.
"""

from macrohard.report.page import write_report

__all__ = ["write_report"]
