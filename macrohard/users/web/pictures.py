"""Looks at the pictures that pages name: that each is there, is one, and is not too large.

A picture that only lies among the files is worth nothing; what counts is what somebody is shown who
opens the page. So every picture is asked for as a browser asks, and decoded.
"""

from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from macrohard.artwork.check import LARGEST, PictureError, look_at
from macrohard.users.base import Problem
from macrohard.users.web.served import Server, belongs
from macrohard.users.web.wire import Answer, NoAnswerError, fetch
from macrohard.webpage import Node, Page

_CARDS = frozenset({"og:image", "og:image:url", "twitter:image"})
_SAME = {"image/vnd.microsoft.icon": "image/x-icon", "image/jpg": "image/jpeg"}
_MANY = 60
"""Pictures of one page that are looked at."""


class Gallery:
    """The pictures that one user has come by; each is looked at once.

    Args:
        served: The application's server.
    """

    def __init__(self, served: Server) -> None:
        self._served = served
        self._known: set[str] = set()

    async def look(self, page: Page, path: str) -> list[Problem]:
        """What is wrong with the pictures that a page names.

        Args:
            page: The page.
            path: Its address.
        """
        problems = []
        for what, address in named_pictures(page)[:_MANY]:
            target = urljoin(path, address)
            if address.startswith("data:") or target in self._known:
                continue
            self._known.add(target)
            wrong, severity = await self._wrong(target)
            if wrong:
                text = f"{what} {target} of {urlsplit(path).path}: {wrong}"
                problems.append(
                    Problem.model_validate({"kind": "error", "text": text, "severity": severity})
                )
        return problems

    async def _wrong(self, target: str) -> tuple[str, str]:
        """What is wrong with a picture, and how much it matters; empty where nothing is."""
        split = urlsplit(target)
        # A browser in the box knows the application by another port than we do.
        if not belongs(split.netloc, self._served):
            return "it lies on another site, which cannot be reached from here", "minor"
        path = split._replace(scheme="", netloc="", fragment="").geturl()
        try:
            answer = await fetch(self._served.base, "GET", path, headers={"Accept": "image/*"})
            wrong = _broken(answer)
        except NoAnswerError as error:
            return str(error), "major"
        except PictureError as error:
            return f"it is broken: {error}", "major"
        if not wrong and len(answer.data) > LARGEST:
            return f"it is {len(answer.data) / 1e6:.1f} MB large", "minor"
        return wrong, "major"


def _broken(answer: Answer) -> str:
    """Why an answer is not shown as a picture; empty where it is one."""
    if answer.status != HTTPStatus.OK:
        return f"it cannot be had: status {answer.status}"
    media = look_at(answer.data).media
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if _SAME.get(told, told) != media:
        return f"it is served as {told or 'nothing'}, but is {media}"
    return ""


def named_pictures(page: Page) -> list[tuple[str, str]]:
    """What a page names as pictures: what each is for, and its address as it stands there."""
    found = [(_use(node), _address(node)) for node in page.nodes]
    return list(dict.fromkeys((use, address) for use, address in found if use and address))


def _use(node: Node) -> str:
    if node.tag == "img" or (node.tag == "input" and node.get("type") == "image"):
        return "the picture"
    if node.tag == "link" and {"icon", "apple-touch-icon"} & set(node.get("rel").lower().split()):
        return "the icon"
    if node.tag == "meta" and {node.get("property"), node.get("name")} & _CARDS:
        return "the card for shared links"
    return ""


def _address(node: Node) -> str:
    return node.get({"link": "href", "meta": "content"}.get(node.tag, "src")).strip()
