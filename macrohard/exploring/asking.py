"""A user of an API without a task: reads its OpenAPI document, and asks what it offers, at random.

The same seed asks the same. Held against the document: no server error, a documented status, the
declared type and schema, no success for what a schema forbids, and none where nothing is described.
"""

import json
import random
import re
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from macrohard.exploring.coverage import Coverage
from macrohard.exploring.findings import Explorer, Severity
from macrohard.exploring.openapi import PLACES, Description, Operation
from macrohard.users.base import Ask, Observation, UserActionError

ROUNDS = 6
"""Times each operation is asked; the first with what its schemas allow."""
MOST = 240
"""Requests altogether, those that make the first records aside."""
_MAKING = 5
"""How often a first record of each kind is tried: some need records of others to refer to."""
_INSISTING = 8
"""How often something is asked again that never succeeded."""
_BODY = re.compile(r"^\s*[\[{]", re.MULTILINE)
_OF_OTHERS = "what it changes may belong to others"
_CHANGES = ("PUT", "PATCH", "POST", "DELETE")


async def explore_requests(user: Explorer, seed: int = 0, *, own_alone: bool = False) -> Coverage:
    """Ask everything that is described.

    Args:
        user: Sits at the API.
        seed: Of all that is random.
        own_alone: Whether nothing may be changed or deleted but what was made here: the
            application has data of others.

    Returns:
        Which operations were answered with success, and which never were.
    """
    found = await _description(user)
    if found is None:
        left = f"no OpenAPI document is at {', '.join(PLACES)}: no request was made up"
        return Coverage("operations", left=(left,))
    dice = random.Random(seed)  # noqa: S311 - to be repeated, not a secret
    asking = _Asking(user, found, dice, own_alone=own_alone)
    operations = found.operations
    # What makes records comes first, so that the others have something to ask for.
    order = sorted(operations, key=lambda each: (each.method == "DELETE", each.method != "POST"))
    await asking.make([each for each in order if each.method == "POST" and each.takes])
    rounds = max(1, min(ROUNDS, MOST // max(1, len(order))))
    for number in range(rounds):
        for operation in order[:MOST]:
            await asking.ask(operation, strict=number == 0 or asking.dice.random() < 0.5)
    await asking.insist(order[:MOST])
    for operation in order[:MOST]:
        await asking.ask_in_another_way(operation, order)
    return asking.coverage(operations)


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
        self._own_alone = own_alone
        self._ids: dict[str, list[Any]] = {}
        self._files: dict[str, str] = {}
        self._asked: Counter[str] = Counter()
        self._done: set[str] = set()
        self._unusable: dict[str, str] = {}
        self.dice = dice

    def coverage(self, operations: Sequence[Operation]) -> Coverage:
        """Which operations were answered with success, and which never were."""
        left = []
        for each in operations:
            if each.name in self._unusable:
                left.append(self._unusable[each.name])
            elif each.name not in self._done:
                times = self._asked[each.name]
                why = f"none of {times} requests was answered with success" if times else _OF_OTHERS
                left.append(f"{each.name}: {why}")
        done = sum(each.name in self._done for each in operations)
        return Coverage("operations", len(operations), done, tuple(left))

    async def make(self, operations: Sequence[Operation]) -> None:
        """Make a first record of each kind; those that refer to others come again after these."""
        for _ in range(_MAKING):
            for operation in operations:
                if operation.name not in self._done:
                    await self.ask(operation, strict=True)

    async def insist(self, operations: Sequence[Operation]) -> None:
        """Ask again for what never succeeded, with a new record to ask for."""
        makers = [each for each in operations if each.method == "POST" and "{" not in each.path]
        for operation in operations:
            for number in range(_INSISTING):
                if operation.name in self._done:
                    break
                for maker in makers:
                    about = operation.path.startswith(f"{maker.path}/{{")
                    # Every other time all of them: what was made may be gone with something else.
                    if about or number % 2 or not self._ids.get(maker.path.rstrip("/")):
                        await self.ask(maker, strict=True)
                await self.ask(operation, strict=True)

    async def ask(self, operation: Operation, *, strict: bool) -> None:
        """Ask for one operation.

        Args:
            operation: Which one.
            strict: Whether to keep to what its schemas allow; otherwise they are broken.
        """
        if not self._may_ask(operation):
            return
        try:
            action, forbidden = self._made_up(operation, strict=strict)
            seen = await self._user.act(action)
        except UserActionError:
            return
        except (TypeError, ValueError, IndexError, ArithmeticError):
            self._unusable[operation.name] = f"{operation.name}: its schema makes no sense"
            return
        self._look(operation, action, seen, forbidden=forbidden)

    async def ask_in_another_way(self, operation: Operation, every: Sequence[Operation]) -> None:
        """Send a body of another type, or a method that the document does not know here."""
        if self._own_alone:
            return
        try:
            action, _ = self._made_up(operation, strict=True)
        except (TypeError, ValueError, IndexError, ArithmeticError):
            return
        if operation.takes:
            other = action.model_copy(update={"content_type": "text/x-unknown"})
            if seen := await self._user.tries(other):
                self._look(operation, other, seen, forbidden=False)
            return
        known = {each.method for each in every if each.path == operation.path}
        method = self.dice.choice([m for m in _CHANGES if m not in known] or ["HEAD"])
        asked = Ask(method=method, path=action.path)
        if any(each.method == method and each.fits(asked.path) for each in every):
            return  # another description is about the same address
        seen = await self._user.tries(asked) if method != "HEAD" else None
        if seen and seen.state.http_status and seen.state.http_status < 300:
            title = f"{method} {operation.path} is not described, and answered with success"
            self._user.find("undocumented", title, severity="minor")

    def _may_ask(self, operation: Operation) -> bool:
        """Whether it can only be about what is ours, where there is something of others."""
        return not self._own_alone or _adds_or_reads(operation) or bool(self._known(operation))

    def _known(self, operation: Operation) -> list[Any]:
        """Ids that an operation can be about: of its own path; of any, where nothing is others'."""
        made = self._ids.get(operation.path.partition("/{")[0], [])
        return made if self._own_alone else made or [*chain(*self._ids.values())]

    def _made_up(self, operation: Operation, *, strict: bool) -> tuple[Ask, bool]:
        """A request, and whether the schema forbids its body beyond doubt."""
        path = self._path(operation, strict=strict)
        if operation.body is None:
            kind = operation.takes or "application/json"
            text = self._file(operation) if operation.takes else ""
            return Ask(method=operation.method, path=path, body=text, content_type=kind), False
        body = self._description.value(operation.body, self.dice)
        forbidden = False
        if isinstance(body, dict):
            body |= self._references(operation, body)
            if operation.method == "PATCH" and body and self.dice.random() < 0.5:
                name = self.dice.choice(sorted(body))
                body = {name: body[name]}
        if not strict and (wrong := self._description.wrong(operation.body, self.dice)):
            body, forbidden = wrong, True
        text = json.dumps(body, ensure_ascii=False)
        if not strict and not forbidden:
            text = self.dice.choice(['{"', "[]", "null", '"text"', text[: len(text) // 2] + "\x01"])
        return Ask(method=operation.method, path=path, body=text), forbidden

    def _file(self, operation: Operation) -> str:
        """What came from such a place, its first line alone, or what is no such file."""
        place = operation.path.rpartition("/")[0]
        known = next((t for path, t in self._files.items() if path.startswith(place)), "a,b\n1,2\n")
        return self.dice.choice([known, known.partition("\n")[0] + "\n"])

    def _references(self, operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
        """Ids of records that are there, for the members that seem to name one."""
        found = {}
        for name in body:
            kind = self._description.refers_to(operation, name, self._ids)
            if kind and self._ids[kind]:
                found[name] = self.dice.choice(self._ids[kind])
        return found

    def _path(self, operation: Operation, *, strict: bool) -> str:
        path, query = operation.path, []
        for given in operation.parameters:
            name, schema = str(given.get("name")), given.get("schema") or {}
            value = self._description.value(schema, self.dice)
            if given.get("in") == "path":
                known = self._known(operation) if strict or self._own_alone else ()
                # What was made last is there most likely: others may have gone with others.
                value = self.dice.choice([known[-1], self.dice.choice(known)]) if known else value
                quoted = urllib.parse.quote(_word(value), safe="") or "0"
                path = path.replace(f"{{{name}}}", quoted)
            elif given.get("in") == "query" and (given.get("required") or self.dice.random() < 0.3):
                query.append((name, _word(value)))
        return path + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def _look(self, asked: Operation, action: Ask, seen: Observation, *, forbidden: bool) -> None:
        self._asked[asked.name] += 1
        status = seen.state.http_status
        if status is None or status >= 500:
            return  # found by itself
        said = _json(seen)
        if status < 300:
            self._done.add(asked.name)
            self._remember(asked, action, seen, said)
        self._hold_against(asked, status, seen, said)
        if forbidden and status < 300:
            title = f"{asked.name} accepted a body that its own schema forbids"
            self._user.find("accepts", title, seen=_sent(self._user))

    def _remember(self, asked: Operation, action: Ask, seen: Observation, said: Any) -> None:
        """Which records there are now."""
        path = asked.path.partition("/{")[0].rstrip("/")
        known = self._ids.setdefault(path, [])
        if asked.method == "POST" and isinstance(said, dict) and "id" in said:
            known.append(said["id"])
        elif asked.method == "DELETE":
            gone = urllib.parse.unquote(action.path.partition("?")[0].rpartition("/")[2])
            self._ids[path] = [each for each in known if _word(each) != gone]
        elif asked.method == "GET" and said is None and "json" not in seen.state.content_type:
            self._files[asked.path] = seen.text.partition("\n")[2].lstrip()

    def _hold_against(self, asked: Operation, status: int, seen: Observation, said: Any) -> None:
        """Whether an answer is one of those that are described."""
        declared = asked.answer(status)
        grave: Severity = "major" if status < 300 else "minor"
        if declared is None:
            title = (
                f"{asked.name} answered with status {status}, which its description does not name"
            )
            self._user.find("undocumented", title, severity="minor")
            return
        kind = seen.state.content_type
        if kind and declared.types and kind not in declared.types:
            title = (
                f"{asked.name} with status {status} is {kind}, not {' or '.join(declared.types)}"
            )
            self._user.find("content type", title, severity=grave)
        elif said is not None and (breach := self._description.breach(said, declared.schema)):
            title = f"{asked.name}: its answer is not what it declares: {breach}"
            self._user.find("schema", title)


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
