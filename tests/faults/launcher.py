"""Starts `collab serve` again and again without paying for its imports each time.

    python -m tests.faults.launcher

Each line on stdin, a port, forks a server process that goes the whole way of the command; its
pid is written to stdout, then what the command writes there, then `ended` once it is gone.
Importing takes most of a start, and a test that kills the server fifty times has no use for it.
"""

from __future__ import annotations

import importlib
import os
import sys

from collab.cli import main

# What the command imports late, and uvicorn by name.
LATE = (
    "collab.app",
    "collab.offline",
    "collab.server",
    "collab.storage.schema",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)


def serve_again_and_again() -> None:
    for module in LATE:
        importlib.import_module(module)
    for line in sys.stdin:
        os.environ["COLLAB_PORT"] = line.strip()
        pid = os.fork()
        if pid == 0:
            os._exit(main(["serve"]))
        _say(f"pid {pid}")
        os.waitpid(pid, 0)
        _say("ended")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve_again_and_again()
