"""What a scenario is, and what one is given to run."""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Final

from benchmarks.load.crowd import Crowd
from benchmarks.measure import cpu_seconds, pin, rss_bytes, split_cores
from benchmarks.servers import Kind, Running

Figures = dict[str, float]
"""What was measured, by the names of `Goal.figure`, and what else is of interest."""

QUICK_REST: Final = 0.1
_DOUBLE: Final = struct.Struct("d")


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of Collab is to be at most `most` times that of `against`; without a peer to
    compare with, at most `most`. `scale` makes the figure one of `unit`."""

    figure: str
    title: str
    unit: str
    scale: float
    most: float
    against: str | None = "hocuspocus"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that servers are seen to do."""

    name: str
    title: str
    run: Callable[[Stage], Coroutine[Any, Any, Figures]]
    goals: tuple[Goal, ...]
    kinds: tuple[str, ...]
    """Keys of the servers that can take part."""


class Stage:
    """A server on a core of its own, and the rest for the load: this process. To be used as a
    context manager."""

    def __init__(self, kind: Kind, folder: Path, quick: bool) -> None:
        self.kind = kind
        self.quick = quick
        self._folder = folder
        self._stack = ExitStack()
        self._running: Running | None = None
        self._crowds: list[Crowd] = []
        self.started = 0.0
        """Seconds until the server said that it is ready, when it was started last."""

    def __enter__(self) -> Stage:
        self._cores = os.sched_getaffinity(0)
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        os.sched_setaffinity(0, self._cores)

    @property
    def server(self) -> Running:
        assert self._running is not None
        return self._running

    def size(self, full: int, quick: int) -> int:
        """One of the two."""
        return quick if self.quick else full

    async def rest(self, seconds: float) -> None:
        """Leave the server to itself; not for long in a quick look."""
        await asyncio.sleep(min(seconds, QUICK_REST) if self.quick else seconds)

    def crowd(self) -> Crowd:
        crowd = Crowd(self.server.address, self.kind.wire)
        self._crowds.append(crowd)
        return crowd

    def disperse(self) -> None:
        """Let nobody stay, however the scenario ended."""
        for crowd in self._crowds:
            crowd.leave()

    def restart(self) -> None:
        """End the server in good order, and start it again on its data."""
        self._stack.close()
        self._start()

    def make_room(self) -> None:
        """Leave the load's cores to processes of their own, until the next start."""
        os.sched_setaffinity(0, self._cores)

    def rss(self) -> int:
        return rss_bytes(self.server.pid)

    def used(self) -> float:
        """Seconds of CPU that the server took since its start."""
        return cpu_seconds(self.server.pid)

    def meter(self) -> Meter:
        return Meter(self.server.pid)

    def pause(self) -> float | None:
        """The longest pause of the server's event loop, in seconds, since this was last asked."""
        if self.server.pauses is None:
            return None
        with self.server.pauses.open("r+b") as file:
            (worst,) = _DOUBLE.unpack(file.read(_DOUBLE.size))
            file.seek(0)
            file.write(_DOUBLE.pack(0.0))
        return float(worst)

    def _start(self) -> None:
        os.sched_setaffinity(0, self._cores)
        # Of one core alone only tests make do.
        ours, others = split_cores() if len(self._cores) > 1 else (self._cores, self._cores)
        began = time.perf_counter()
        self._running = self._stack.enter_context(self.kind.start(self._folder))
        self.started = time.perf_counter() - began
        pin(self._running.pid, ours)
        os.sched_setaffinity(0, others)


@dataclass(slots=True)
class Meter:
    """The server's work since this was made."""

    pid: int
    _cpu: float = field(init=False)
    _own: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._cpu = cpu_seconds(self.pid)
        self._own = own_cpu()
        self._began = time.perf_counter()

    @property
    def cpu(self) -> float:
        return cpu_seconds(self.pid) - self._cpu

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def load(self) -> float:
        """The share of its core that the load took: near 1 it held the server up."""
        return (own_cpu() - self._own) / self.seconds


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least so many percent are no larger than. Raises ValueError
    without any."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
