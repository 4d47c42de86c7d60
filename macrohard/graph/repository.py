"""The git repository of the app: one worktree an item, one commit an item, one branch in the end.

Commits are reproducible: author, committer and dates are the run's, so the same work gives the
same history. Git's own configuration on this machine is not read.
"""

import asyncio
import errno
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from macrohard.errors import MacrohardError
from macrohard.files import write_atomic
from macrohard.work import WorkItem

_NAME = "macrohard"
_EMAIL = "macrohard@localhost"
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ATTRIBUTES = "* !text !eol !filter !ident !working-tree-encoding !merge !diff\n"
"""Outranks a ``.gitattributes`` of the app, which could change the files of all other items."""


class GitError(MacrohardError):
    """A git command failed; the message is its output."""


class Repository:
    """The app's repository and its worktrees.

    Args:
        root: Checkout of the main branch: the app.
        worktrees: Folder under which each item gets its own checkout.
        date: Date of every commit, ISO 8601.
    """

    def __init__(self, root: Path, worktrees: Path, date: str) -> None:
        self.root = root
        self._worktrees = worktrees
        self._env = {
            "PATH": os.defpath,
            "HOME": str(worktrees),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            # Items commit side by side; nothing may tidy up under them.
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "gc.auto",
            "GIT_CONFIG_VALUE_0": "0",
            "GIT_CONFIG_KEY_1": "maintenance.auto",
            "GIT_CONFIG_VALUE_1": "false",
            "GIT_AUTHOR_NAME": _NAME,
            "GIT_AUTHOR_EMAIL": _EMAIL,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": _NAME,
            "GIT_COMMITTER_EMAIL": _EMAIL,
            "GIT_COMMITTER_DATE": date,
        }
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Make the repository with an empty first commit, or mend what a kill left of it."""
        shutil.rmtree(self._worktrees, ignore_errors=True)
        self._worktrees.mkdir(parents=True)
        shutil.rmtree(self.root / ".git" / "worktrees", ignore_errors=True)
        for lock in (self.root / ".git").rglob("*.lock"):
            lock.unlink()
        if (self.root / ".git").exists() and await self._try("rev-parse", "--verify", "-q", "main"):
            await self.reset()
            return
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir(parents=True)
        await self._git("init", "-q", "-b", "main", ".")
        write_atomic(self.root / ".git" / "info" / "attributes", _ATTRIBUTES)
        await self._git("commit", "-q", "--allow-empty", "-m", "Start")

    async def reset(self, commit: str = "main") -> None:
        """Put the main checkout back to a commit of main, whatever a kill left in it."""
        async with self._lock:
            await self._try("cherry-pick", "--abort")
            await self._git("checkout", "-q", "-f", "-B", "main", commit)
            await self._git("clean", "-q", "-fdx")

    async def show(self, commit: str) -> None:
        """Put a commit into the main checkout beside main, which stays where it is."""
        async with self._lock:
            await self._try("cherry-pick", "--abort")
            await self._git("checkout", "-q", "-f", "--detach", commit)
            await self._git("clean", "-q", "-fdx")

    async def shown(self) -> str:
        """Hash of the commit in the main checkout."""
        return (await self._git("rev-parse", "HEAD")).strip()

    async def head(self) -> str:
        """Hash of the last commit of main."""
        return (await self._git("rev-parse", "main")).strip()

    async def tree(self, commit: str = "main") -> str:
        """Hash of the tree of a commit: equal trees are equal apps."""
        return (await self._git("rev-parse", f"{commit}^{{tree}}")).strip()

    async def open_worktree(self, name: str, base: str, picks: list[str]) -> tuple[Path, str]:
        """A fresh checkout of ``base`` with the commits ``picks`` on top, in that order.

        Returns:
            Where it is, and the commit it stands on. Raises GitError when a pick conflicts.
        """
        path = self._worktrees / name
        async with self._lock:
            await self._drop(path)
            await self._git("worktree", "add", "-q", "--detach", "-f", str(path), base)
        # From here on only this worktree is touched, so many items can be opened at once.
        for commit in picks:
            await self._pick(commit, path)
        return path, await self._stands_on(path)

    async def commit(self, path: Path, name: str, item: WorkItem) -> str:
        """Commit everything in a worktree as one item's work; its hash, kept by a branch."""
        await self._git("add", "-A", at=path)
        # Whatever another item put into .gitignore, this one's files are its work.
        own = [file for file in item.files if (path / file).is_file()]
        if own and any(path.rglob(".gitignore")):
            await self._git("--literal-pathspecs", "add", "-f", "--", *own, at=path)
        message = f"{item.title}\n\n{item.description}\n\n{_trailers(item)}"
        await self._git("commit", "-q", "--allow-empty", "-m", message, at=path)
        return await self.keep(path, name)

    async def put(self, files: Mapping[str, bytes], message: str) -> None:
        """Have files on main with this content; one commit unless they are there already."""
        async with self._lock:
            paths = {name: self.root / name for name in files}
            if all(p.is_file() and p.read_bytes() == files[name] for name, p in paths.items()):
                return
            for name, path in paths.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
            await self._git("add", "--", *files)
            await self._git("commit", "-q", "-m", message)

    async def pick_into(self, path: Path, commit: str) -> bool:
        """Lay a commit over a worktree; False, and nothing changed, when it does not fit."""
        try:
            await self._pick(commit, path)
        except GitError:
            await self._try("cherry-pick", "--abort", at=path)
            return False
        return True

    async def keep(self, path: Path, name: str) -> str:
        """Keep the commit a worktree stands on by a branch; its hash."""
        commit = await self._stands_on(path)
        await self._git("update-ref", f"refs/heads/item/{name}", commit)
        return commit

    async def close_worktree(self, path: Path) -> None:
        """Remove a worktree."""
        async with self._lock:
            await self._drop(path)

    async def integrate(self, commit: str) -> str:
        """Put a commit on top of what is checked out. "" when it went in, else the conflict."""
        async with self._lock:
            try:
                await self._pick(commit, self.root)
            except GitError as error:
                text = await self._git("diff", "--diff-filter=U")
                names = await self._git("diff", "--name-only", "--diff-filter=U")
                await self._git("cherry-pick", "--abort")
                return f"Files in conflict:\n{names}\n{text}" if names.strip() else str(error)
            return ""

    async def open_conflict(self, name: str, commit: str) -> Path:
        """A worktree of main with a conflicting commit laid over it, conflict markers in place."""
        path, _ = await self.open_worktree(name, "main", [])
        await self._try("cherry-pick", "--no-commit", commit, at=path)
        return path

    async def contains(self, item: str) -> str:
        """Hash of the commit on main which carries an item's work; "" when none does.

        Read from the trailers alone: an item's description may say anything.
        """
        trailers = "%(trailers:key=Work-Item,valueonly,separator=%x09)"
        found = await self._git("log", "main", f"--format=%H%x09{trailers}")
        rows = [line.split("\t") for line in found.splitlines()]
        return next((sha for sha, *items in rows if item in items), "")

    async def _pick(self, commit: str, path: Path) -> None:
        await self._git("cherry-pick", "--allow-empty", "--keep-redundant-commits", commit, at=path)

    async def _drop(self, path: Path) -> None:
        if path.exists():
            await self._try("worktree", "remove", "--force", "--force", str(path))
            shutil.rmtree(path, ignore_errors=True)
            await self._try("worktree", "prune")

    async def _stands_on(self, path: Path) -> str:
        """Hash of the commit of a worktree: read from its HEAD where that is detached."""
        try:
            folder = (path / ".git").read_text().removeprefix("gitdir:").strip()
            head = (path / folder / "HEAD").read_text().strip()
        except OSError:
            head = ""
        if _HASH.fullmatch(head):
            return head
        return (await self._git("rev-parse", "HEAD", at=path)).strip()

    async def _try(self, *arguments: str, at: Path | None = None) -> bool:
        try:
            await self._git(*arguments, at=at)
        except GitError:
            return False
        return True

    async def _git(self, *arguments: str, at: Path | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=at or self.root,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        if process.returncode:
            said = (err or out).decode(errors="replace").strip()
            for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                if os.strerror(number) in said:
                    raise OSError(number, os.strerror(number), str(at or self.root))
            raise GitError(f"git {' '.join(arguments[:2])} failed: {said}")
        return out.decode(errors="replace")


def _trailers(item: WorkItem) -> str:
    lines = [f"Work-Item: {item.id}", f"Role: {item.role}"]
    lines += [f"Requirement: {story}" for story in item.stories]
    lines += [f"Defect: {defect}" for defect in item.defects]
    return "\n".join(lines)
