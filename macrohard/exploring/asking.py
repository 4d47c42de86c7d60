"""A user of an API without a task: reads its OpenAPI document, and asks what it offers, at random.

The same seed asks the same. Held against the document: no server error, a documented status, the
declared schema, and no success for what a schema forbids.
"""

import json
import random
import re
import urllib.parse
from typing import Any

from macrohard.exploring.findings import Explorer
from macrohard.exploring.openapi import PLACES, Description, Operation
from macrohard.users.base import Ask, Observation, UserActionError

ROUNDS = 6
"""Times each operation is asked; the first with what its schemas allow."""
MOST = 240
"""Requests altogether."""
_OF_OTHERS = "what it changes may belong to others"
_BODY = re.compile(r"^\s*[\[{]", re.MULTILINE)


async def explore_requests(
    user: Explorer, seed: int = 0, *, own_alone: bool = False
) -> tuple[str, ...]:
    """Ask everything that is described; what could not be looked at.

    Args:
        user: Sits at the API.
        seed: Of all that is random.
        own_alone: Whether nothing may be changed or deleted but what was made here: the
            application has data of others.
    """
    found = await _description(user)
    if found is None:
        return (f"no OpenAPI document is at {', '.join(PLACES)}: no request was made up",)
    dice = random.Random(seed)  # noqa: S311 - to be repeated, not a secret
    asking = _Asking(user, found, dice, own_alone=own_alone)
    operations = found.operations
    # What makes records comes first, so that the others have something to ask for.
    order = sorted(operations, key=lambda each: (each.method == "DELETE", each.method != "POST"))
    rounds = max(1, min(ROUNDS, MOST // max(1, len(order))))
    for number in range(rounds):
        for operation in order[:MOST]:
            await asking.ask(operation, strict=number == 0 or asking.dice.random() < 0.5)
    return tuple(sorted(asking.unusable))


async def _description(user: Explorer) -> Description | None:
    for place in PLACES:
        seen = await user.tries(Ask(method="GET", path=place))
        document = _json(seen) if seen and seen.state.http_status == 200 else None
        if isinstance(document, dict) and str(document.get("openapi", "")).startswith("3"):
            return Description(document)
    return None


class _Asking:
    """Makes requests up, and looks at the answers.

    Args:
        user: Sits at the API.
        description: What it says of itself.
        dice: All that is random.
        own_alone: Whether what others made is left alone.
    """

    def __init__(
        self, user: Explorer, description: Description, dice: random.Random, *, own_alone: bool
    ) -> None:
        self._user = user
        self._description = description
        self._ids: list[tuple[str, Any]] = []
        self._own_alone = own_alone
        self.dice = dice
        self.unusable: set[str] = set()

    async def ask(self, operation: Operation, *, strict: bool) -> None:
        """Ask for one operation.

        Args:
            operation: Which one.
            strict: Whether to keep to what its schemas allow; otherwise they are broken.
        """
        if self._own_alone and not (_adds_or_reads(operation) or self._known(operation)):
            self.unusable.add(f"{operation.method} {operation.path}: {_OF_OTHERS}")
            return
        self.unusable.discard(f"{operation.method} {operation.path}: {_OF_OTHERS}")
        try:
            action, forbidden = self._made_up(operation, strict=strict)
            seen = await self._user.act(action)
        except UserActionError:
            return
        except (TypeError, ValueError, IndexError):
            self.unusable.add(f"{operation.method} {operation.path}: its schema makes no sense")
            return
        self._look(operation, seen, forbidden=forbidden)

    def _known(self, operation: Operation) -> list[Any]:
        """Ids that an operation can be about; of what was made by its own path where others are."""
        alone = self._own_alone
        return [
            number
            for path, number in self._ids
            if not alone or operation.path.startswith(f"{path.rstrip('/')}/{{")
        ]

    def _made_up(self, operation: Operation, *, strict: bool) -> tuple[Ask, bool]:
        """A request, and whether the schema forbids its body beyond doubt."""
        body: Any = None
        forbidden = False
        if operation.body is not None:
            body = self._description.value(operation.body, self.dice)
            if not strict and (wrong := self._description.wrong(operation.body, self.dice)):
                body, forbidden = wrong, True
        text = "" if operation.body is None else json.dumps(body, ensure_ascii=False)
        if not strict and not forbidden and operation.body is not None:
            text = self.dice.choice(['{"', "[]", "null", '"text"', text[: len(text) // 2] + "\x01"])
        path = self._path(operation, strict=strict)
        return Ask(method=operation.method, path=path, body=text), forbidden

    def _path(self, operation: Operation, *, strict: bool) -> str:
        path, query = operation.path, []
        for given in operation.parameters:
            name, schema = str(given.get("name")), given.get("schema") or {}
            value = self._description.value(schema, self.dice)
            if given.get("in") == "path":
                known = self._known(operation) if strict or self._own_alone else ()
                value = self.dice.choice(known) if known else value
                quoted = urllib.parse.quote(_word(value), safe="") or "0"
                path = path.replace(f"{{{name}}}", quoted)
            elif given.get("in") == "query" and (given.get("required") or self.dice.random() < 0.3):
                query.append((name, _word(value)))
        return path + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def _look(self, operation: Operation, seen: Observation, *, forbidden: bool) -> None:
        status = seen.state.http_status
        what = f"{operation.method} {operation.path}"
        if status is None or status >= 500:
            return  # found by itself
        said = _json(seen)
        if operation.method == "POST" and status < 300 and isinstance(said, dict):
            self._ids += [(operation.path, said["id"])] if "id" in said else []
        declared = operation.answer(status)
        if declared is None:
            title = f"{what} answered with status {status}, which its description does not name"
            self._user.find("undocumented", title, severity="minor")
        elif said is not None and (breach := self._description.breach(said, declared)):
            self._user.find("schema", f"{what}: its answer is not what it declares: {breach}")
        if forbidden and status < 300:
            title = f"{what} accepted a body that its own schema forbids"
            self._user.find("accepts", title, seen=_sent(self._user))


def _adds_or_reads(operation: Operation) -> bool:
    """Whether it takes nothing away from what others made."""
    adds = operation.method == "POST" and "{" not in operation.path
    return adds or operation.method in {"GET", "HEAD", "OPTIONS"}


def _sent(user: Explorer) -> str:
    action = user.tape.entries[-1].action
    return action.body if isinstance(action, Ask) else ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _json(seen: Observation) -> Any:
    """The body of an answer; None where it is not JSON."""
    found = _BODY.search(seen.text)
    try:
        return json.loads(seen.text[found.start() :]) if found else None
    except ValueError:
        return None
