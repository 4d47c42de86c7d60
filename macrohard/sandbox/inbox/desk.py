"""Files of a Docker box, in and out, piece by piece, through the agent's own hands.

The agent is the user it serves, so that the kernel itself refuses what that user may not touch.
"""

import os
from collections.abc import Iterator
from typing import Any

from macrohard.sandbox.export import Export
from macrohard.sandbox.files import DIRECTORY, READ, Store, opened, split

from .frames import TREE_PIECE

PLACES = ("/work", "/tmp")  # noqa: S108 - inside the box


class Desk:
    """Everything about files an agent is asked to do."""

    def __init__(self) -> None:
        self._stores = {
            place: Store(os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for place in PLACES
        }
        self._trees: dict[int, Walk] = {}

    def do(self, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Carry out one request; the answer."""
        answer: tuple[dict[str, Any], bytes] = getattr(self, f"_{message['op']}")(message, payload)
        return answer

    def _read(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        return {}, self._stores[message["place"]].read(message["path"], message["max_bytes"])

    def _write(self, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        store, at, view = self._stores[message["place"]], 0, memoryview(payload)
        for path, mode, size in message["entries"]:
            if mode:
                store.write(path, bytes(view[at : at + size]), mode)
                at += size
            else:
                store.make_directory(path)
        return {}, b""

    def _tree(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        walk = Walk(self._stores[message["place"]], message["path"], message["max_bytes"])
        self._trees[message["id"]] = walk
        return {}, b""

    def _next(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        walk = self._trees[message["tree"]]
        try:
            entries, data = walk.piece()
        except BaseException:
            del self._trees[message["tree"]]
            raise
        answer: dict[str, Any] = {"entries": entries}
        if walk.over:
            del self._trees[message["tree"]]
            answer["left_out"] = walk.left_out
        return answer, data

    def _drop(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        self._trees.pop(message["tree"], None)
        return {}, b""

    def _hold(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Make a directory ours and sticky, so that nothing of ours in it can be moved away.

        Answers ``theirs`` when another user owns it: then they have to give way first.
        """
        path, store = message["path"], self._stores["/work"]
        store.make_directory(path)
        with store.open_directory(path) as directory:
            if os.fstat(directory).st_uid != os.geteuid():
                return {"theirs": True}, b""
            os.fchmod(directory, 0o1777)
        return {"theirs": False}, b""

    def _freeze(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Take the right to write from every file and directory of a tree of ours."""
        with self._stores["/work"].open_directory(message["path"]) as top:
            for _, _, names, directory in os.fwalk(".", dir_fd=top):
                for name in names:
                    with opened(os.open(name, READ, dir_fd=directory)) as file:
                        os.fchmod(file, os.fstat(file).st_mode & 0o555)
                os.fchmod(directory, 0o555)
        return {}, b""

    def _give_way(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Move what is in a directory of ours into another, and remove ours."""
        root = self._stores["/work"].root
        (*above, name) = split(message["path"])
        with self._stores["/work"].open_directory("/".join(above)) as parent:
            old = os.open(name, DIRECTORY, dir_fd=parent)
            new = os.open(message["to"], DIRECTORY, dir_fd=root)
            with opened(old), opened(new), os.scandir(old) as entries:
                for name_of in [entry.name for entry in entries]:
                    os.rename(name_of, name_of, src_dir_fd=old, dst_dir_fd=new)
            os.rmdir(name, dir_fd=parent)
        return {}, b""

    def _take_over(self, message: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Put a directory of ours where one gave way."""
        root = self._stores["/work"].root
        (*above, name) = split(message["path"])
        with self._stores["/work"].open_directory("/".join(above)) as parent:
            os.rename(message["to"], name, src_dir_fd=root, dst_dir_fd=parent)
        return {}, b""


class Walk:
    """One tree on its way out.

    Args:
        store: Where it is.
        path: Its top.
        max_bytes: Most bytes of all its files together.

    Attributes:
        over: Whether the last piece was handed out.
    """

    def __init__(self, store: Store, path: str, max_bytes: int) -> None:
        self._export = Export(max_bytes)
        with store.open_directory(path) as directory:
            self._export.survey(directory)
        self._entries = self._walk(store, path)
        self.over = False

    def _walk(self, store: Store, path: str) -> Iterator[tuple[str, bool, bytes]]:
        with store.open_directory(path) as directory:
            yield from self._export.entries(directory)

    def piece(self) -> tuple[list[tuple[str, bool, int]], bytes]:
        """About a megabyte of entries: path, whether it is executable, size; and their bytes."""
        entries: list[tuple[str, bool, int]] = []
        data = bytearray()
        for path, executable, content in self._entries:
            entries.append((path, executable, len(content)))
            data += content
            if len(data) + 64 * len(entries) >= TREE_PIECE:
                return entries, bytes(data)
        self.over = True
        return entries, bytes(data)

    @property
    def left_out(self) -> list[str]:
        """What did not come along, and why."""
        return self._export.left_out
