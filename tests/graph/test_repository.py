from pathlib import Path

import pytest

from macrohard.graph.repository import GitError, Repository
from macrohard.work import WorkItem

DATE = "2026-01-02T03:04:05+00:00"


def item(name: str) -> WorkItem:
    return WorkItem(
        id=name, title=f"Do {name}", role="backend-engineer", description="...", stories=("S1",)
    )


async def start(tmp_path: Path, name: str = "app") -> Repository:
    repository = Repository(tmp_path / name, tmp_path / f"{name}-trees", DATE)
    await repository.start()
    return repository


async def change(repository: Repository, name: str, path: str, text: str, picks: list[str]) -> str:
    tree, _ = await repository.open_worktree(name, "main", picks)
    (tree / path).write_text(text)
    commit = await repository.commit(tree, name, item(name))
    await repository.close_worktree(tree)
    return commit


async def test_an_item_starts_from_what_it_rests_on_and_lands_alone(tmp_path: Path) -> None:
    repository = await start(tmp_path)
    first = await change(repository, "W1", "a.txt", "a\n", [])
    second = await change(repository, "W2", "b.txt", "b\n", [first])
    assert await repository.integrate(first) == ""
    assert await repository.integrate(second) == ""
    assert sorted(p.name for p in repository.root.glob("*.txt")) == ["a.txt", "b.txt"]
    assert await repository.contains("W2") == await repository.head()
    assert await repository.contains("W") == ""


async def test_a_conflict_changes_nothing_and_can_be_solved(tmp_path: Path) -> None:
    repository = await start(tmp_path)
    ours = await change(repository, "W1", "a.txt", "ours\n", [])
    theirs = await change(repository, "W2", "a.txt", "theirs\n", [])
    assert await repository.integrate(ours) == ""
    before = await repository.head()
    conflict = await repository.integrate(theirs)
    assert "a.txt" in conflict
    assert await repository.head() == before
    assert (repository.root / "a.txt").read_text() == "ours\n"
    tree = await repository.open_conflict("W2-conflict-1", theirs)
    assert "<<<<<<<" in (tree / "a.txt").read_text()
    (tree / "a.txt").write_text("both\n")
    solved = await repository.commit(tree, "W2-conflict-1", item("W2-conflict-1"))
    assert await repository.integrate(solved) == ""
    assert (repository.root / "a.txt").read_text() == "both\n"


async def test_the_same_work_gives_the_same_history(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        repository = await start(tmp_path, name)
        await repository.integrate(await change(repository, "W1", "a.txt", "a\n", []))
        heads.append(await repository.head())
    assert heads[0] == heads[1]


async def test_what_a_kill_left_behind_is_mended(tmp_path: Path) -> None:
    repository = await start(tmp_path)
    await repository.integrate(await change(repository, "W1", "a.txt", "a\n", []))
    head = await repository.head()
    tree, _ = await repository.open_worktree("W2", "main", [])
    (repository.root / ".git" / "index.lock").touch()
    (repository.root / ".git" / "refs" / "heads" / "main.lock").touch()
    (repository.root / "a.txt").write_text("half\n")
    (repository.root / "stray.txt").touch()
    again = Repository(repository.root, tmp_path / "app-trees", DATE)
    await again.start()
    assert await again.head() == head
    assert (repository.root / "a.txt").read_text() == "a\n"
    assert not (repository.root / "stray.txt").exists()
    assert not tree.exists()
    await again.open_worktree("W2", "main", [])


async def test_a_change_that_does_not_fit_leaves_the_worktree_alone(tmp_path: Path) -> None:
    repository = await start(tmp_path)
    ours = await change(repository, "W1", "a.txt", "ours\n", [])
    theirs = await change(repository, "W2", "a.txt", "theirs\n", [])
    tree, _ = await repository.open_worktree("W3", "main", [ours])
    assert not await repository.pick_into(tree, theirs)
    assert (tree / "a.txt").read_text() == "ours\n"


async def test_a_git_failure_says_what_git_said(tmp_path: Path) -> None:
    repository = await start(tmp_path)
    with pytest.raises(GitError, match="nowhere"):
        await repository.tree("nowhere")
