"""`collab serve`, with someone who looks how long its event loop was busy at a time.

    python -m benchmarks.watched FILE

Every millisecond a timer is due; the most that the loop's thread worked from one to the next is
kept in the file, as a double of the machine, which whoever reads it may set back to zero. It is
CPU time: what other programs had of the core meanwhile is not the loop's doing.
"""

from __future__ import annotations

import mmap
import struct
import sys
from pathlib import Path
from time import thread_time
from typing import Any, Final

import uvloop

from collab.cli import main

STEP: Final = 0.001
DOUBLE: Final = struct.Struct("d")


def watch(path: Path) -> None:
    """Have every event loop that is made from now on watched."""
    with path.open("r+b") as file:
        worst = mmap.mmap(file.fileno(), DOUBLE.size)
    make = uvloop.new_event_loop

    def made() -> Any:
        loop = make()

        def look(before: float) -> None:
            now = thread_time()
            if now - before > DOUBLE.unpack_from(worst)[0]:
                DOUBLE.pack_into(worst, 0, now - before)
            loop.call_later(STEP, look, now)

        loop.call_soon(look, thread_time())
        return loop

    uvloop.new_event_loop = made


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    sys.exit(main(["serve"]))
