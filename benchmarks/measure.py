"""What processes take of the machine, as Linux counts it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PROCESS_CLOCK = 2


def tree(pid: int) -> Iterator[int]:
    """The process and all that descend from it."""
    yield pid
    for task in _tasks(pid):
        try:
            children = Path(f"/proc/{pid}/task/{task}/children").read_text()
        except FileNotFoundError:
            continue
        for child in children.split():
            yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU time of the process tree so far, in user and in kernel mode, that of children which
    have ended included."""
    seconds = 0.0
    for process in tree(pid):
        try:
            # To the nanosecond, all threads together; by its own clock, as clock_getcpuclockid
            # would name it.
            seconds += time.clock_gettime(~process << 3 | PROCESS_CLOCK)
        except OSError:
            continue
        # cutime and cstime; the name before may hold spaces and parentheses.
        seconds += sum(int(field) for field in _stat(process)[13:15]) / TICKS
    return seconds


def rss_bytes(pid: int) -> int:
    """Resident memory of the process tree; what its processes share is counted for each."""
    return sum(int(_stat(process)[21]) for process in tree(pid)) * PAGE


def pin(pid: int, cores: Collection[int]) -> None:
    """Keep the process tree on these cores, with all its threads and those to come."""
    for process in tree(pid):
        for task in _tasks(process):
            os.sched_setaffinity(int(task), cores)


def split_cores() -> tuple[set[int], set[int]]:
    """One core for the server, and the others for the load. Raises RuntimeError if there is
    only one."""
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        raise RuntimeError("server and load need a core each")
    return {first}, set(others)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; the state is the first."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return ["0"] * 50
    return text.rpartition(")")[2].split()


def _tasks(pid: int) -> list[str]:
    try:
        return [path.name for path in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []
