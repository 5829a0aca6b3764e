"""The life of a document worker's process: limits, then requests one by one until the end.

It must not outlive the server, print into the frames, take the machine's memory, or run on.
The table of operations is passed in: this module knows none.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from collab.crdt.frames import (
    EXIT_OUT_OF_MEMORY,
    OK,
    READY,
    Frame,
    FrameError,
    read_frame,
    write_frame,
)
from collab.errors import CollabError

Operation = Callable[[Sequence[bytes]], Sequence[bytes]]

STACK_BYTES = 512 * 1024 * 1024
"""The CRDT library recurses once or more per level of nesting, and an author decides how deep
that is. Only what is used of it becomes memory."""

PIPE_BYTES = 1024 * 1024

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the pool allows: bytes of memory over what the empty process takes, and seconds of
    processor time for each request."""

    memory: int
    seconds: int


def main(operations: Mapping[str, Operation], arguments: Sequence[str]) -> None:
    """Serve on stdin and stdout. `arguments`: parent's process id, memory, seconds."""
    parent, memory, seconds = map(int, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which tells us
    _die_with(parent)
    requests, answers = _take_over_pipes()
    write_frame(answers, Frame(READY, ()))
    _silence()
    threading.stack_size(STACK_BYTES)
    limits = ChildLimits(memory, seconds)
    thread = threading.Thread(target=_serve, args=(operations, requests, answers, limits))
    thread.start()
    thread.join()


def answer(operations: Mapping[str, Operation], parts: Sequence[bytes]) -> tuple[bytes, ...]:
    """Run one request: the operation's name and its arguments.

    Raises MemoryError; every other failure is an answer. The text of an unforeseen exception
    stays here, since it may quote the document.
    """
    name = parts[0].decode()
    try:
        return (OK, *operations[name](parts[1:]))
    except CollabError as error:
        return (type(error).__name__.encode(), str(error).encode(errors="replace"))
    except MemoryError:
        raise
    except Exception as error:
        reason = f"{name} failed: {type(error).__name__}"
        return (b"WorkerError", reason.encode())


def _serve(
    operations: Mapping[str, Operation],
    requests: BinaryIO,
    answers: BinaryIO,
    limits: ChildLimits,
) -> None:
    _limit_memory(limits.memory)
    try:
        while (request := read_frame(requests)) is not None:
            _limit_processor(limits.seconds)
            reply = Frame(request.number, answer(operations, request.parts))
            del request
            write_frame(answers, reply)
            del reply
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)
    except (FrameError, OSError):
        os._exit(1)  # the server went away in the middle of a frame
    os._exit(0)


def _die_with(parent: int) -> None:
    """End at once if the server does. Where the kernel cannot promise it, the end of stdin
    does, after the request under way, which has a limit of processor time."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before we asked


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the frames' pipes to ourselves: whatever else reads stdin finds it empty, and
    whatever prints goes to stderr."""
    requests, answers = os.dup(0), os.dup(1)
    for pipe in (requests, answers):
        _widen(pipe)
    _point_at_nothing(0, os.O_RDONLY)
    os.dup2(2, 1)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _widen(pipe: int) -> None:
    """A large document takes a turn of the server's loop for each filling of the pipe."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the user's share of pipe memory is spent
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _silence() -> None:
    """From now on stderr may quote documents (a panic prints its reason): drop it."""
    for descriptor in (1, 2):
        _point_at_nothing(descriptor, os.O_WRONLY)


def _point_at_nothing(descriptor: int, flags: int) -> None:
    nothing = os.open(os.devnull, flags)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _limit_memory(extra: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # a platform that cannot limit it
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + extra, size + extra))


def _limit_processor(seconds: int) -> None:
    """The limit counts from the start of the process: move it ahead for each request."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
