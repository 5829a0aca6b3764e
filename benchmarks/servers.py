"""The servers to measure, each a process of its own with its defaults on 127.0.0.1."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from benchmarks.load.wires import COLLAB, COLLAB_HOCUSPOCUS, HOCUSPOCUS, YJS, Wire
from benchmarks.places import CACHE, NODE, ROOT
from web.build import Node, find_node, install, node_from_wheel

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
PYCRDT_WEBSOCKET: Final = "pycrdt-websocket==0.16.5"
UNLIMITED: Final = {"COLLAB_MESSAGE_RATE": "1000000", "COLLAB_BYTE_RATE": "1000000000"}
"""One connection here writes faster than Collab lets a peer by default."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections at `host:port`."""

    name: str
    pid: int
    address: str
    pauses: Path | None = None
    """Where the longest pause of its event loop is, see `benchmarks.watched`."""


class Start(Protocol):
    """Starts a server that keeps its documents in the folder, and ends it in good order."""

    def __call__(self, folder: Path) -> AbstractContextManager[Running]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A server to measure. `durable`: it keeps documents over a restart."""

    key: str
    name: str
    wire: Wire
    start: Start
    durable: bool = True


def _inherited() -> dict[str, str]:
    """The environment of a server in Python. It may keep what it compiles: an installed package
    has that."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def collab(folder: Path, watched: bool = False) -> Iterator[Running]:
    """`collab serve` on the database in `folder`."""
    settings = {"COLLAB_HOST": "127.0.0.1", "COLLAB_PORT": "0", "COLLAB_DATA_DIR": str(folder)}
    inherited = {k: v for k, v in _inherited().items() if not k.startswith("COLLAB_")}
    environment = {**inherited, **UNLIMITED, **settings, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "collab", "serve"]
    pauses = None
    if watched:
        folder.mkdir(parents=True, exist_ok=True)
        pauses = folder / "pauses"
        pauses.write_bytes(bytes(8))
        command = [sys.executable, "-m", "benchmarks.watched", str(pauses)]
    with _process(command, ROOT, environment, folder) as process:
        yield Running("Collab", process.pid, _ready(process), pauses)


@contextmanager
def hocuspocus(folder: Path | None = None) -> Iterator[Running]:
    """Hocuspocus, with a SQLite database in the folder; without one, in memory alone."""
    node = _node()
    arguments = [] if folder is None else [str(_made(folder) / "hocuspocus.sqlite")]
    command = [str(node.folder / "node"), "hocuspocus.js", *arguments]
    with _process(command, NODE, os.environ, folder) as process:
        yield Running("Hocuspocus", process.pid, _ready(process))


@contextmanager
def y_websocket(folder: Path) -> Iterator[Running]:
    """y-websocket's own server, with its LevelDB store."""
    node = _node()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "YPERSISTENCE": str(_made(folder) / "leveldb"),
    }
    command = [str(node.folder / "node"), "node_modules/y-websocket/bin/server.cjs"]
    with _process(command, NODE, environment, folder) as process:
        _line(process, "running at ")
        yield Running("y-websocket", process.pid, f"127.0.0.1:{port}")


@contextmanager
def pycrdt_websocket(folder: Path) -> Iterator[Running]:
    """pycrdt-websocket, with its SQLite store."""
    environment = {**_inherited(), "PYTHONPATH": os.pathsep.join((str(_pycrdt()), str(ROOT)))}
    command = [sys.executable, "-m", "benchmarks.pycrdt_server", str(_made(folder))]
    with _process(command, ROOT, environment, folder) as process:
        yield Running("pycrdt-websocket", process.pid, _ready(process))


@contextmanager
def limit(folder: Path) -> Iterator[Running]:
    """`benchmarks.limit_server`, which keeps nothing."""
    command = [sys.executable, "-m", "benchmarks.limit_server"]
    with _process(command, ROOT, os.environ, _made(folder)) as process:
        yield Running("bare uvloop", process.pid, _ready(process))


@contextmanager
def _watched(folder: Path) -> Iterator[Running]:
    with collab(folder, watched=True) as running:
        yield running


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind("collab", "Collab", COLLAB, collab),
        Kind("collab-hocuspocus", "Collab, Hocuspocus wire", COLLAB_HOCUSPOCUS, collab),
        Kind("hocuspocus", "Hocuspocus", HOCUSPOCUS, hocuspocus),
        Kind("y-websocket", "y-websocket", YJS, y_websocket),
        Kind("pycrdt", "pycrdt-websocket", YJS, pycrdt_websocket),
        Kind("limit", "bare uvloop", YJS, limit, durable=False),
    )
}
WATCHED: Final = Kind("watched", "Collab", COLLAB, _watched)


def versions() -> dict[str, str]:
    """What is measured, and what runs it."""
    node = _node()
    packages = json.loads((NODE / "package.json").read_text())["dependencies"]
    running = subprocess.run(
        [str(node.folder / "node"), "--version"], capture_output=True, text=True, check=True
    )
    return {
        "Collab": f"{version('collab')} ({_commit()})",
        "Python": ".".join(map(str, sys.version_info[:3])),
        "uvloop": version("uvloop"),
        "Hocuspocus": packages["@hocuspocus/server"],
        "y-websocket": packages["y-websocket"],
        "Node": running.stdout.strip().removeprefix("v"),
        "pycrdt-websocket": PYCRDT_WEBSOCKET.partition("==")[2],
    }


def _commit() -> str:
    """The version of these sources, or nothing where there is no git."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def prepare() -> None:
    """Fetch what the other servers need."""
    _node()
    _pycrdt()


def _node() -> Node:
    """The newest there is: Hocuspocus needs 22 and a SQLite."""
    node = node_from_wheel() or find_node()
    install(node, NODE)
    return node


def _pycrdt() -> Path:
    """Where the package is, apart from ours: what it needs are other versions, maybe."""
    folder = CACHE / PYCRDT_WEBSOCKET.replace("==", "-")
    if not folder.exists():
        begun = folder.with_suffix(".begun")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--upgrade", "--target", begun, PYCRDT_WEBSOCKET], check=True)
        begun.rename(folder)
    return folder


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _process(
    command: Sequence[str], where: Path, environment: Mapping[str, str], folder: Path | None
) -> Iterator[subprocess.Popen[str]]:
    """The process, asked to end afterwards; what it logs goes to a file in the folder."""
    log = subprocess.DEVNULL if folder is None else (_made(folder) / "log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=where,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        if not isinstance(log, int):
            log.close()


def _ready(process: subprocess.Popen[str]) -> str:
    return _line(process, " is ready at ").split("//")[1].strip().rstrip("/")


def _line(process: subprocess.Popen[str], part: str) -> str:
    """The line of its output that says so. Raises RuntimeError if the process ends before."""
    assert process.stdout is not None
    until = time.monotonic() + START_SECONDS  # noqa: TID251 - of other programs
    for line in process.stdout:
        if part in line:
            return line
        if time.monotonic() > until:  # noqa: TID251
            break
    raise RuntimeError(f"a server did not start: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]
