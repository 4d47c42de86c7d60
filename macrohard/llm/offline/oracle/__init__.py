"""What an application of the dialect must answer, worked out without generating one.

The oracle keeps records in memory and applies the contract of ``docs/spec-dialect.md`` to them.
Acceptance tests and scenarios take their expected values from here. It shares no code with the
code generator on purpose: two readings of one contract find each other's mistakes.
"""
