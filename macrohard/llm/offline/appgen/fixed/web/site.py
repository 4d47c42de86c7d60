"""A stand-in for the site that each app has of its own; the tests of this folder use it."""

from collections.abc import Callable

from macrohard.llm.offline.appgen.fixed.web import api, pages
from macrohard.llm.offline.appgen.fixed.web.guard import Guard
from macrohard.llm.offline.appgen.fixed.web.messages import Request, Response
from macrohard.llm.offline.appgen.fixed.web.resource import Site

PROGRAM = "python -m fixed serve"
DATABASE = "fixed.db"
SITE = Site(title="Fixed", about="Stands in for an app.", resources=())


def answering(path: str) -> Callable[[Request], Response]:
    """Make what answers requests about a database file."""
    guard = Guard()

    def answer(request: Request) -> Response:
        if api.is_ours(request):
            return api.answer(SITE, path, request)
        return pages.answer(SITE, path, guard, request)

    return answer
