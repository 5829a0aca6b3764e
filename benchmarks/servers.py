"""The servers to measure, each a process of its own with its defaults on 127.0.0.1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import ServerProcess
from web.build import find_node, install

NODE = Path(__file__).resolve().parent / "node"
STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections at `host:port`."""

    name: str
    pid: int
    address: str


@contextmanager
def collab(folder: Path) -> Iterator[Running]:
    """`collab serve` on a new database in `folder`."""
    with ServerProcess(folder) as server:
        yield Running("Collab", server.pid, server.url.removeprefix("http://"))


@contextmanager
def hocuspocus() -> Iterator[Running]:
    """Hocuspocus, which keeps its documents in memory alone."""
    node = find_node()
    install(node, NODE)
    process = subprocess.Popen(
        [str(node.folder / "node"), "hocuspocus.js"],
        cwd=NODE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if " is ready at " not in line:
            raise RuntimeError(f"Hocuspocus did not start; it said {line!r}")
        yield Running("Hocuspocus", process.pid, line.split("//")[1].strip().rstrip("/"))
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
