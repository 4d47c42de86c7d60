"""A stand-in for what each app tells its window; the tests of this folder use it."""

from macrohard.llm.offline.appgen.fixed.web.resource import Site

PROGRAM = "python -m fixed window"
SITE = Site(title="Fixed", about="Stands in for an app.", resources=())
