"""Coding and integration: every item in its own worktree and box, then one merge queue.

An item starts from main with the commits of what it depends on laid over it in the order of the
plan, so what an agent sees depends on the plan alone and not on who was faster.
"""

import json
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langgraph.types import Send

from macrohard import work
from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.graph.office import Office
from macrohard.graph.plans import ancestors, in_order
from macrohard.graph.repository import GitError
from macrohard.graph.state import ItemResult, ItemTask, State
from macrohard.llm.base import Asker
from macrohard.loop.agent import Assignment
from macrohard.loop.agent import work as run_agent
from macrohard.loop.tools import SandboxTools, TestsFirst
from macrohard.packages import LOCK

MAX_WAVES = 4
"""Waves of conflict items in one round before what is left goes to triage."""
_LEAVE = {".git", "__pycache__", ".pytest_cache", ".packages"}


def dispatch(state: State) -> list[Send] | str:
    """Send every item of the wave to its own branch."""
    if not state["todo"]:
        return "verify"
    shared = {
        key: state.get(key, [] if key in {"triage", "results"} else "")
        for key in ("requirements", "design", "plan", "triage", "results", "todo", "round", "wave")
    }
    return [Send("code", {**shared, "item": item}) for item in state["todo"]]


async def code(office: Office, task: ItemTask) -> dict[str, Any]:
    """One item, from waiting for what it rests on to a commit. Failures are results."""
    round_, wave = task["round"], task["wave"]
    result = office.board.known(round_, wave, task["item"])
    if result is None:
        items = _items(office, task)
        item = items[task["item"]]
        todo = {name: items[name] for name in task["todo"]}
        needed = [name for name in item.depends_on if name in todo]
        outcomes = [await office.board.wait(round_, wave, name) for name in needed]
        missing = [r["item"] for r in outcomes if r["outcome"] != "ready"]
        if missing:
            reason = f"waits for {', '.join(missing)}"
            result = _result(task, "blocked", reason=reason)
        else:
            async with office.slots:
                result = await _work_on(office, task, item, todo)
        office.board.publish(result)
    return {"results": [result]}


async def integrate(office: Office, state: State) -> dict[str, Any]:
    """Merge queue: put the items' commits on main one at a time, in the order of the plan.

    What does not fit becomes a conflict item of the next wave, with what rests on it behind it.
    """
    round_, wave = state["round"], state["wave"]
    async with office.stage("integrate", round_):
        await office.repository.reset()
        plan = office.artifacts.noun(state["plan"], work.Plan)
        ready = {
            r["item"]: r["commit"]
            for r in state["results"]
            if (r["round"], r["wave"], r["outcome"]) == (round_, wave, "ready")
        }
        todo = {i.id: i for i in in_order(plan.items) if i.id in state["todo"]}
        merged: set[str] = set()
        conflicts: list[work.WorkItem] = []
        results: list[ItemResult] = []
        for item in todo.values():
            if item.id not in ready:
                continue
            if not ancestors(item, todo) <= merged:
                results.append(_merge_result(item, state, "blocked", "rests on a conflict"))
                continue
            sha, conflict = await _merge(office, item, ready[item.id])
            if conflict:
                conflicts.append(_conflict_item(item, conflict, wave))
                results.append(_merge_result(item, state, "conflict", conflict[:2000]))
            else:
                merged.add(item.id)
                results.append(_merge_result(item, state, "merged", "", sha))
        return {"results": results, **_next_wave(office, state, plan, conflicts, results)}


def after_integrate(state: State) -> list[Send] | str:
    """Another wave when there are conflicts to solve, otherwise on to the tests."""
    return dispatch(state)


async def _merge(office: Office, item: work.WorkItem, commit: str) -> tuple[str, str]:
    """The commit on main that carries the item, or the conflict that kept it from main."""
    if not await office.repository.contains(item.id):
        conflict = await office.repository.integrate(commit)
        if conflict:
            return "", conflict
    sha = await office.repository.contains(item.id)
    office.journal.write("commit", item=item.id, sha=sha)
    return sha, ""


def _conflict_item(item: work.WorkItem, conflict: str, wave: int) -> work.WorkItem:
    return item.model_copy(
        update={
            "id": f"{item.id}-conflict-{wave}",
            "title": f"Resolve the conflict of: {item.title}",
            "kind": work.ItemKind.CONFLICT,
            "role": "integration-engineer",
            "description": f"The change of item {item.id} does not fit main.\n{conflict}",
            "depends_on": (),
            "replaces": item.id,
        }
    )


def _next_wave(
    office: Office,
    state: State,
    plan: work.Plan,
    conflicts: list[work.WorkItem],
    results: list[ItemResult],
) -> dict[str, Any]:
    if not conflicts or state["wave"] >= MAX_WAVES:
        return {"todo": []}
    renamed = {item.replaces: item.id for item in conflicts}
    waiting = [r["item"] for r in results if r["outcome"] == "blocked"]
    waiting += [
        r["item"]
        for r in state["results"]
        if (r["round"], r["wave"], r["outcome"]) == (state["round"], state["wave"], "blocked")
    ]
    items = [
        item.model_copy(update={"depends_on": tuple(renamed.get(d, d) for d in item.depends_on)})
        if item.id in waiting
        else item
        for item in plan.items
    ]
    new = plan.model_copy(update={"items": (*items, *conflicts)})
    return {
        "plan": office.artifacts.put(new),
        "todo": [*renamed.values(), *waiting],
        "wave": state["wave"] + 1,
    }


async def _work_on(
    office: Office, task: ItemTask, item: work.WorkItem, todo: dict[str, work.WorkItem]
) -> ItemResult:
    note = {"item": item.id, "role": item.role, "title": item.title, "round": task["round"]}
    office.journal.write("item_started", reason=item.kind.value, **note)
    try:
        tree, base = await _open(office, task, item, todo)
        try:
            result = await _code_in(office, task, item, tree, base)
        finally:
            await office.repository.close_worktree(tree)
    except (ReplyError, GitError) as error:
        result = _result(task, "failed", reason=str(error))
    office.journal.write("item_finished", outcome=result["outcome"], **note)
    return result


async def _open(
    office: Office, task: ItemTask, item: work.WorkItem, todo: dict[str, work.WorkItem]
) -> tuple[Path, str]:
    """The item's worktree: main, and on it the commits of what the item rests on."""
    if item.kind is work.ItemKind.CONFLICT:
        commit = _last_commit(task, item.replaces)
        return await office.repository.open_conflict(item.id, commit), ""
    below = ancestors(item, todo)
    picks = []
    for other in in_order(todo.values()):
        if other.id in below:
            known = office.board.known(task["round"], task["wave"], other.id)
            picks.append(known["commit"] if known else "")
    return await office.repository.open_worktree(item.id, "main", picks)


async def _code_in(
    office: Office, task: ItemTask, item: work.WorkItem, tree: Path, base: str
) -> ItemResult:
    earlier = _last_commit(task, item.id)
    if base and earlier and await office.repository.pick_into(tree, earlier):
        commit = await office.repository.keep(tree, item.id)
        return _result(task, "ready", commit=commit, reason="its earlier change fits")
    role = office.roster.get(item.role)
    frozen = _frozen(office, task, item)
    async with await office.boxes.create(label=f"{office.folders.root.name}-{item.id}") as box:
        await box.put_tree(tree)
        await box.exec(["rm", "-f", ".git"], timeout_s=30)
        asker = Asker(
            role=role.name,
            stage="coding",
            item=item.id,
            output=work.Submission.__name__,
            round=task["round"],
        )
        job = Assignment(role=role, asker=asker, task=_task_text(office, task, item))
        tools = SandboxTools(box, role.tools, frozen=lambda path: frozen.get(path, ""))
        test = shlex.join(office.artifacts.noun(task["design"], work.Design).test)
        submission = await run_agent(
            job,
            office.model,
            work.Submission,
            tools,
            memory=office.memory,
            accept=TestsFirst(tools, test),
        )
        if not submission.done:
            return _result(task, "failed", reason=submission.summary)
        with tempfile.TemporaryDirectory(dir=office.folders.worktrees) as scratch:
            await box.get_tree(Path(scratch))
            may_delete = None if item.kind is work.ItemKind.CONFLICT else set(item.files)
            _take_over(Path(scratch), tree, frozen, may_delete)
    commit = await office.repository.commit(tree, item.id, item)
    return _result(task, "ready", commit=commit, reason=submission.summary)


def _task_text(office: Office, task: ItemTask, item: work.WorkItem) -> str:
    documents = {
        "requirements": office.artifacts.text(task["requirements"]),
        "design": office.artifacts.text(task["design"]),
        "item": item.model_dump_json(indent=1),
    }
    if item.defects and task["triage"]:
        triage = office.artifacts.noun(task["triage"][-1], work.Triage)
        defects = [d.model_dump(mode="json") for d in triage.defects if d.id in item.defects]
        documents["defects"] = json.dumps(defects, indent=1)
    if item.kind is work.ItemKind.CONFLICT:
        documents["conflict"] = item.description
    instruction = {
        work.ItemKind.BUILD: "Do this work item in the working directory, unit tests included.",
        work.ItemKind.REPAIR: "Repair these defects in the working directory.",
        work.ItemKind.CONFLICT: "Resolve this conflict in the working directory.",
    }[item.kind]
    if office.artifacts.noun(task["design"], work.Design).packages:
        instruction += _PACKAGES
    return write_task(instruction, documents)


_PACKAGES = " The design's packages are installed, others cannot be; requirements.lock is made."


def _frozen(office: Office, task: ItemTask, item: work.WorkItem) -> dict[str, str]:
    """Paths the item must not write, with the reason: files which other items answer for."""
    items = _items(office, task)
    rivals = [
        other
        for other in items.values()
        if other.id != item.id
        and (item.kind is work.ItemKind.BUILD or other.id in task["todo"])
        and other.kind is item.kind
    ]
    own = set(item.files)
    made = {LOCK: f"{LOCK} follows from the design's packages; leave it as it is."}
    return made | {
        path: f"{path} belongs to item {other.id} ({other.title}); leave it as it is."
        for other in rivals
        for path in other.files
        if path not in own
    }


def _take_over(
    source: Path, tree: Path, frozen: Mapping[str, str], may_delete: set[str] | None
) -> None:
    """Make the worktree what the box held, except for files the item must not change.

    Files are only deleted by the item they belong to, and by one that resolves a conflict
    (``may_delete`` is None): a slip of the shell must not take the work of others away.
    """
    old = _files(tree)
    new = _files(source)
    for path in old - new:
        if path not in frozen and (may_delete is None or path in may_delete):
            (tree / path).unlink()
    for path in new:
        if path not in frozen:
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target)


def _files(root: Path) -> set[str]:
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not _LEAVE & set(path.relative_to(root).parts)
    }


def _items(office: Office, task: ItemTask) -> dict[str, work.WorkItem]:
    return {item.id: item for item in office.artifacts.noun(task["plan"], work.Plan).items}


def _last_commit(task: ItemTask, item: str) -> str:
    commits = [r["commit"] for r in task["results"] if r["item"] == item and r["commit"]]
    return commits[-1] if commits else ""


def _result(task: ItemTask, outcome: str, *, commit: str = "", reason: str = "") -> ItemResult:
    return ItemResult(
        item=task["item"],
        round=task["round"],
        wave=task["wave"],
        outcome=outcome,
        commit=commit,
        reason=reason[:2000],
    )


def _merge_result(
    item: work.WorkItem, state: State, outcome: str, reason: str, commit: str = ""
) -> ItemResult:
    return ItemResult(
        item=item.id,
        round=state["round"],
        wave=state["wave"],
        outcome=outcome,
        commit=commit,
        reason=reason,
    )
