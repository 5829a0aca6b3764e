"""A room full of peers who do nothing but be there: what that costs the server.

    python -m benchmarks.presence_idle [--peers 1000] [--seconds 60]

Collab, over each wire, and Hocuspocus, one after the other in one run: the server alone on one
core, the peers on the others. Prints the server's CPU over the window. Exits with 1 if a peer
was lost or not heard of.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import cpu_seconds, pin, rss_bytes, split_cores
from benchmarks.servers import Running, collab, hocuspocus

SETTLE_SECONDS = 25
SILENCE_SECONDS = 30.0
"""After which Yjs clients take a peer for gone."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    cpu: float
    frames: float
    megabytes: float
    memory: int
    load: float
    silence: float
    alive: int
    closes: tuple[str, ...]
    """How the first connections ended that were lost."""

    def row(self) -> str:
        return (
            f"{self.name:<22}{self.cpu * 100:>9.1f} %{self.frames:>11,.0f}{self.megabytes:>9.2f}"
            f"{self.memory // MIB:>8}{self.load * 100:>8.0f} %{self.silence:>10.1f}{self.alive:>8}"
        )


HEAD = (
    f"{'':<22}{'CPU':>11}{'frames/s':>11}{'MiB/s':>9}{'RSS MiB':>8}{'load':>10}{'silence s':>10}"
    f"{'alive':>8}"
)


def main() -> int:
    options = _arguments()
    _say(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        runs: list[tuple[str, AbstractContextManager[Running]]] = [
            (wire, collab(Path(folder) / wire)) for wire in options.wire or ("yjs", "hocuspocus")
        ]
        outcomes = []
        for wire, server in (*runs, ("hocuspocus", hocuspocus())):
            with server as running:
                outcomes.append(measure(running, wire, options.peers, options.seconds))
            _say(outcomes[-1].row())
            for close in outcomes[-1].closes:
                _say(f"  lost: {close}")
    *ours, theirs = outcomes
    for outcome in ours:
        _say(f"{outcome.name}: {outcome.cpu / theirs.cpu:.3f} of the CPU of {theirs.name}")
    fine = all(o.alive == options.peers and o.silence < SILENCE_SECONDS for o in outcomes)
    return 0 if fine else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presence_idle")
    parser.add_argument("--peers", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60, help="the window, once settled")
    parser.add_argument(
        "--wire", action="append", choices=("yjs", "hocuspocus"), help="of Collab; both if unset"
    )
    return parser.parse_args()


def measure(
    server: Running, wire: str, peers: int, seconds: int, settle: int = SETTLE_SECONDS
) -> Outcome:
    ours, others = split_cores()
    pin(server.pid, ours)
    with _load(server.address, wire, peers) as load:
        pin(load.pid, others)
        _read(load)
        time.sleep(settle)
        before, began = _ask(load), time.monotonic()  # noqa: TID251 - a measurement
        cpu, load_cpu = cpu_seconds(server.pid), cpu_seconds(load.pid)
        time.sleep(seconds)
        took = time.monotonic() - began  # noqa: TID251 - a measurement
        cpu, load_cpu = cpu_seconds(server.pid) - cpu, cpu_seconds(load.pid) - load_cpu
        memory, after = rss_bytes(server.pid), _ask(load)
    return Outcome(
        f"{server.name} ({wire})",
        cpu / took,
        (after["frames"] - before["frames"]) / took,
        (after["bytes"] - before["bytes"]) / took / MIB,
        memory,
        load_cpu / took,
        after["longest_silence"],
        after["alive"],
        tuple(after["closes"]),
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def _load(address: str, wire: str, peers: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.presence_load", address, wire, str(peers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        yield load
        assert load.stdin is not None
        load.stdin.close()


def _ask(load: subprocess.Popen[str]) -> dict[str, Any]:
    assert load.stdin is not None
    load.stdin.write("\n")
    load.stdin.flush()
    return _read(load)


def _read(load: subprocess.Popen[str]) -> dict[str, Any]:
    assert load.stdout is not None
    line = load.stdout.readline()
    if not line:
        raise RuntimeError("the load ended early")
    facts: dict[str, Any] = json.loads(line)
    return facts


if __name__ == "__main__":
    sys.exit(main())
