"""What a command writes, kept within bounds: the beginning and the end of it."""

from collections import deque


class Capture:
    """Head and tail of a stream of bytes.

    Args:
        cap: Most bytes kept.
    """

    def __init__(self, cap: int) -> None:
        self._cap = max(2, cap)
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self.total += len(data)
        room = self._cap // 2 - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._cap - self._cap // 2:
                self._tail_size -= len(self._tail.popleft())

    @property
    def truncated(self) -> bool:
        """Whether bytes were dropped."""
        return self.total > self._cap

    def kept(self) -> tuple[bytes, bytes]:
        """Head and tail; together they are everything unless it was truncated."""
        tail = b"".join(self._tail)
        if self.truncated:
            tail = tail[-(self._cap - self._cap // 2) :]
        return bytes(self._head), tail

    def text(self) -> str:
        """What was kept, decoded; a line in the middle says how much is missing."""
        return joined(*self.kept(), self.total)


def joined(head: bytes, tail: bytes, total: int) -> str:
    """The text of a capture from its parts."""
    missing = total - len(head) - len(tail)
    if missing <= 0:
        return (head + tail).decode("utf-8", errors="replace")
    head_text = head.decode("utf-8", errors="replace")
    tail_text = tail.decode("utf-8", errors="replace")
    return f"{head_text}\n[... {missing} bytes left out ...]\n{tail_text}"
