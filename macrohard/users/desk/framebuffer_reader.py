"""Watches the memory of a screen and keeps what it shows; runs as a program of its own.

It is sent to where the screen is as text, so it imports nothing of macrohard. Xvfb keeps its
screen in a file (``-fbdir``) in the format of xwd, which is read as memory: nothing is asked of it.
Each change becomes a record in one file: when (a double of eight bytes), how many bytes (four),
a PNG of that many bytes; numbers as on the network.
"""

import mmap
import struct
import sys
import time
import zlib
from pathlib import Path

LOOK_S = 0.1
"""Ten looks a second at most."""
SHARE = 4
"""It rests this many times as long as it worked, so it takes a fifth of a processor at most."""
MOST_BYTES = 24_000_000
"""Of records; nothing is kept after."""
_HEADER = 25
"""Numbers of four bytes at the beginning of an xwd file, if not fewer."""
_COLOUR = 12
"""Bytes of an entry in its list of colours."""


def main() -> None:
    """Watch until ended."""
    source, target = sys.argv[1:3]
    with Path(source).open("rb") as file, Path(target).open("wb") as spool:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        numbers = struct.unpack(f">{_HEADER}I", memory[: 4 * _HEADER])
        start, width, height, row, colours = (numbers[n] for n in (0, 4, 5, 12, 19))
        start += colours * _COLOUR
        last, kept = b"", 0
        while True:
            at, begin = time.time(), time.process_time()
            now = memory[start : start + row * height]
            if now != last:
                last = now
                picture = png(now, width, height, row)
                kept += len(picture)
                if kept > MOST_BYTES:
                    return
                spool.write(struct.pack(">dI", at, len(picture)) + picture)
                spool.flush()
            time.sleep(max(LOOK_S, SHARE * (time.process_time() - begin)))


def png(pixels: bytes, width: int, height: int, row: int) -> bytes:
    """Pixels of blue, green, red and nothing as a PNG file."""
    lines = []
    for line in range(height):
        part = pixels[line * row : line * row + 4 * width]
        colours = bytearray(3 * width)
        colours[0::3], colours[1::3], colours[2::3] = part[2::4], part[1::4], part[0::4]
        lines.append(b"\0" + bytes(colours))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


if __name__ == "__main__":
    main()
