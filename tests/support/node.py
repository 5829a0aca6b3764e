"""Node for the tests: where it is, and the clients of `tests/node` installed for it once."""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from web.build import find_node, install

FOLDER = Path(__file__).resolve().parent.parent / "node"


@cache
def node_command() -> str:
    """The path of a Node that can run `tests/node`, its packages installed.

    Test processes that run side by side wait for the one that installs.
    """
    node = find_node()
    with (FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(node, FOLDER)
    return str(node.folder / "node")


def run_node(script: str, *arguments: str, within: float = 100) -> Iterator[dict[str, Any]]:
    """Run a script of `tests/node` to its end; yields the JSON object of each line it wrote.

    Raises RuntimeError, with what it wrote to stderr, if it failed.
    """
    done = subprocess.run(
        [node_command(), script, *arguments],
        cwd=FOLDER,
        capture_output=True,
        timeout=within,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{script} {arguments} failed:\n{done.stderr.decode()[-4000:]}")
    for line in done.stdout.splitlines():
        yield json.loads(line)


async def start_node(script: str) -> asyncio.subprocess.Process:
    """Start a script of `tests/node` that speaks JSON lines over its standard streams."""
    return await asyncio.create_subprocess_exec(
        node_command(),
        script,
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
