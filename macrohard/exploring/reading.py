"""What one sees by reading pages: links that lead nowhere, buttons without effect, wrong totals."""

from macrohard.exploring.figures import wrong_totals
from macrohard.exploring.sight import Sight
from macrohard.exploring.visiting import PageExplorer, Site
from macrohard.webpage import Node, is_hidden

STRANGE = ("/no-such-page-here", "/%00", "/..%2f..%2fetc/passwd", "/?page=-1&sort=%27%22%3Cx%3E")
"""Addresses that a wrong link or a curious person may lead to: any answer but a crash will do."""


def read_site(user: PageExplorer, site: Site) -> None:
    """Check what the pages of a tour show."""
    for address, source, name in site.dead:
        user.find(
            "links", f"the link {name!r} leads to an error", seen=f"on {source}, to {address}"
        )
    for sight in site.sights.values():
        _read_buttons(user, sight)
        for table, column, shown, summed in wrong_totals(sight.page):
            user.find(
                "totals",
                f"the total of {column!r} in {table} is not the sum of its rows",
                seen=f"on {sight.path}: {shown} is shown, the rows come to {summed}",
            )


def _read_buttons(user: PageExplorer, sight: Sight) -> None:
    """Without a script, only a button that sends a form does anything."""
    if sight.scripted:
        return
    for node in sight.page.nodes:
        if sight.page.role(node) != "button" or is_hidden(node) or node.get("type") == "file":
            continue
        if not _does_something(node, sight):
            name = sight.page.name(node)
            user.find("buttons", f"the button {name!r} does nothing", seen=f"on {sight.path}")


def _does_something(node: Node, sight: Sight) -> bool:
    kind = node.get("type").lower() or ("submit" if node.tag == "button" else "")
    form = sight.page.by_id(node.get("form")) if node.has("form") else node.inside("form")
    handled = any(name.startswith("on") for name in node.attributes)
    aimed = any(node.has(name) for name in ("popovertarget", "commandfor"))
    known = node.tag in {"button", "input"}
    return (
        handled or aimed or not known or (form is not None and kind in {"submit", "image", "reset"})
    )


async def go_astray(user: PageExplorer, site: Site) -> None:
    """Open addresses that lead nowhere; a crash is found by itself."""
    addresses = dict.fromkeys(STRANGE)
    for path in list(site.sights)[:12]:
        if path != "/" and "?" not in path:
            addresses[f"{path.rstrip('/')}/99999999999999999999"] = None
    for address in addresses:
        await user.open(address)
