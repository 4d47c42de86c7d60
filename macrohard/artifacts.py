"""Content-addressed files: the graph's state carries hashes, the payload lies here, once."""

import hashlib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from macrohard.errors import MacrohardError
from macrohard.files import write_atomic

N = TypeVar("N", bound=BaseModel)


class Artifacts:
    """A folder of files named by the SHA-256 of what they hold.

    Args:
        root: The folder; made when the first file is put.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes | str | BaseModel) -> str:
        """Keep a content; returns its hash. Putting the same again costs one look-up."""
        data = _bytes(content)
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if not path.exists():
            write_atomic(path, data)
        return digest

    def data(self, digest: str) -> bytes:
        """The bytes of that hash.

        Raises:
            MacrohardError: It is gone, or is not what its name says.
        """
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise MacrohardError(
                f"The artifact {digest} is missing from {self._root}. The run directory is "
                "damaged; build again into another folder."
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise MacrohardError(f"The artifact {self._path(digest)} was changed after the run.")
        return data

    def text(self, digest: str) -> str:
        """The text of that hash; raises as :meth:`data` does."""
        return self.data(digest).decode()

    def noun(self, digest: str, kind: type[N]) -> N:
        """The noun of that hash."""
        return kind.model_validate_json(self.text(digest))

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]


def _bytes(content: bytes | str | BaseModel) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode()
    return content.model_dump_json().encode()
