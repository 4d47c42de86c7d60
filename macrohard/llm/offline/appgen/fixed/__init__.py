"""Modules and tests that built apps carry almost as they stand.

They are written, checked and tested here like any other module. On the way into an app their
imports are renamed and whatever that app does not use is left out (see ``appgen/fixed_files``).
"""
