"""What was measured, kept as JSON: a run of some scenarios leaves the others as they were."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.stage import Figures, Goal


@dataclass(slots=True)
class Measured:
    """A scenario. `rounds` is by the key of the server, `failures` too; `pause` is the longest
    of Collab's event loop, in seconds."""

    date: str
    versions: dict[str, str]
    rounds: dict[str, list[Figures]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    pause: float | None = None

    def median(self, kind: str, figure: str) -> float | None:
        rounds = self.rounds.get(kind, ())
        found = [figures[figure] for figures in rounds if figure in figures]
        return statistics.median(found) if found else None

    def best(self, figure: str, others: tuple[str, ...]) -> tuple[str, float] | None:
        """The server among these that needs least."""
        found = [(k, v) for k in others if (v := self.median(k, figure)) is not None]
        return min(found, key=lambda pair: pair[1], default=None)

    def reached(self, goal: Goal) -> bool | None:
        """Whether Collab reached the goal; None if that was not measured."""
        ours = self.median("collab", goal.figure)
        if ours is None:
            return None
        if goal.against is None:
            return ours * goal.scale <= goal.most
        theirs = self.median(goal.against, goal.figure)
        return None if theirs is None else ours <= goal.most * theirs


Results = dict[str, Measured]


def load(path: Path) -> Results:
    if not path.exists():
        return {}
    return {name: Measured(**entry) for name, entry in json.loads(path.read_text()).items()}


def save(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = {name: asdict(measured) for name, measured in results.items()}
    path.write_text(json.dumps(_rounded(entries), indent=1) + "\n")


def machine() -> str:
    """What it ran on, in a line."""
    model = "an unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
