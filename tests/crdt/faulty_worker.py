"""A worker process whose operations go wrong in every way a real one might."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence

from collab.crdt import child
from collab.errors import LimitExceeded
from collab.worker import OPERATIONS

Parts = Sequence[bytes]


def _echo(parts: Parts) -> Parts:
    return parts


def _pid(parts: Parts) -> Parts:
    return [str(os.getpid()).encode()]


def _hang(parts: Parts) -> Parts:
    time.sleep(3600)
    return parts


def _spin(parts: Parts) -> Parts:
    while True:
        pass


def _bomb(parts: Parts) -> Parts:
    return [bytes(16 * 1024**3)]


def _crash(parts: Parts) -> Parts:
    os.abort()


def _leave(parts: Parts) -> Parts:
    os._exit(5)


def _print(parts: Parts) -> Parts:
    """Whatever prints must not reach the frames."""
    print("noise on stdout" * 1000, flush=True)  # noqa: T201
    os.write(1, b"noise on descriptor 1" * 1000)
    os.write(2, b"noise on descriptor 2" * 1000)
    return [sys.stdin.readline().encode()]


def _fail(parts: Parts) -> Parts:
    raise ValueError("secret words of a document")


def _refuse(parts: Parts) -> Parts:
    raise LimitExceeded("too much")


def _environment(parts: Parts) -> Parts:
    return ["\n".join(os.environ).encode()]


def _limits(parts: Parts) -> Parts:
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_AS, resource.RLIMIT_CPU)
    return [str(resource.getrlimit(kind)[0]).encode() for kind in kinds]


FAULTS: dict[str, Callable[[Parts], Parts]] = {
    "echo": _echo,
    "pid": _pid,
    "hang": _hang,
    "spin": _spin,
    "bomb": _bomb,
    "crash": _crash,
    "leave": _leave,
    "print": _print,
    "fail": _fail,
    "refuse": _refuse,
    "environment": _environment,
    "limits": _limits,
}

if __name__ == "__main__":
    child.main({**OPERATIONS, **FAULTS}, sys.argv[1:])
