"""Fifty who type, with and without one beside them who stops reading.

    python -m benchmarks.slow_reader [--peers 50] [--rate 3] [--rounds 6] [--seconds 12]

Rounds with a stalled peer and without one take turns on one server, each in a new document. An
edit's time is from its author's send to its arrival at each peer. The stalled peer reads again
at the end of its round, on the same connection, and must have missed nothing. Prints each
round, and what a stalled peer changes. Exits with 1 if one lacks an edit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycrdt

from benchmarks.measure import cpu_seconds, pin, rss_bytes, split_cores
from benchmarks.stallable import Client, Times
from tests.support.server import ServerProcess

MIB = 1024 * 1024
SETTINGS = {
    # So small that a round overfills it, and a round's document leaves memory before the next.
    "COLLAB_OUTBOX_BYTES": str(64 * 1024),
    "COLLAB_IDLE_UNLOAD_SECONDS": "1",
    "COLLAB_LOG_LEVEL": "warning",
}
WORDS = 1000
"""Bytes of an edit besides its number."""
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Round:
    stalled: bool
    p50: float
    p99: float
    edits: int
    behind: int
    memory: int
    cpu: float

    def row(self) -> str:
        who = "one stalled" if self.stalled else "all read"
        return (
            f"{who:<12}{self.p50 * 1000:>9.2f}{self.p99 * 1000:>9.2f}{self.edits:>9,}"
            f"{self.behind:>12,}{self.memory / MIB:>9.1f}{self.cpu * 100:>8.0f} %"
        )


HEAD = f"{'':<12}{'p50 ms':>9}{'p99 ms':>9}{'edits':>9}{'behind by':>12}{'RSS MiB':>9}{'CPU':>10}"


class Typist:
    """Appends numbered edits to a text of its own."""

    def __init__(self, number: int, client: Client) -> None:
        self.number = number
        self.client = client
        self.count = 0
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self._text = doc.get(f"text {number}", type=pycrdt.Text)
        self._made: list[bytes] = []
        self._subscription = doc.observe(lambda event: self._made.append(event.update))

    def type(self, times: Times) -> None:
        self.count += 1
        token = b"<%d.%d>" % (self.number, self.count)
        self._text += token.decode() + "x" * WORDS
        times.sent(token)
        self.client.update(self._made.pop())


async def run_round(server: ServerProcess, document: str, options: Any, stalled: bool) -> Round:
    loop = asyncio.get_running_loop()
    times = Times(loop)
    address = ("127.0.0.1", server.port)
    clients = [await Client.connect(address, document, times) for _ in range(options.peers)]
    slow = await Client.connect(address, document, None, receive_buffer=4096) if stalled else None
    if slow is not None:
        slow.stall()
    typists = [Typist(number, client) for number, client in enumerate(clients)]
    cpu, began = cpu_seconds(server.pid), loop.time()
    step = 1 / (options.rate * options.peers)
    due = began
    while due < began + options.seconds:
        for typist in typists:
            due += step
            await asyncio.sleep(max(0.0, due - loop.time()))
            typist.type(times)
    edits = sum(typist.count for typist in typists)
    async with asyncio.timeout(PATIENCE):
        while times.count < edits * options.peers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    cpu = (cpu_seconds(server.pid) - cpu) / (loop.time() - began)
    memory = rss_bytes(server.pid)
    behind = 0
    if slow is not None:
        behind = edits - len(slow.seen)
        slow.resume()
        async with asyncio.timeout(PATIENCE):
            while len(slow.seen) < edits:
                if slow.lost:
                    raise RuntimeError("the stalled peer was cut off")
                await asyncio.sleep(0.01)
    for client in (*clients, *([slow] if slow else [])):
        client.leave()
    found = sorted(times.samples)
    return Round(
        stalled,
        found[len(found) // 2],
        found[len(found) * 99 // 100],
        edits,
        behind,
        memory,
        cpu,
    )


async def measure(server: ServerProcess, options: Any) -> list[Round]:
    rounds: list[Round] = []
    await run_round(server, "warm-up", options, stalled=True)
    for number in range(options.rounds * 2):
        await asyncio.sleep(1)
        # Which of the two comes first alternates too.
        stalled = number % 4 in (1, 2)
        rounds.append(await run_round(server, f"round-{number}", options, stalled))
        _say(rounds[-1].row())
    return rounds


def main() -> int:
    options = _arguments()
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder) / "data", SETTINGS) as server,
    ):
        try:
            ours, others = split_cores()
            pin(server.pid, ours)
            pin(os.getpid(), others)
        except RuntimeError:
            _say("one core for server and load: the numbers say little")
        _say(HEAD)
        try:
            rounds = asyncio.run(measure(server, options))
        except TimeoutError:
            _say("an edit did not come")
            return 1
    _summary(rounds)
    return 0


def _summary(rounds: list[Round]) -> None:
    for name in ("p50", "p99", "memory"):
        kinds = [
            statistics.median(getattr(r, name) for r in rounds if r.stalled is stalled)
            for stalled in (False, True)
        ]
        _say(f"median {name}: {100 * (kinds[1] / kinds[0] - 1):+.1f} % with one stalled")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_reader")
    parser.add_argument("--peers", type=int, default=50, help="who type")
    parser.add_argument("--rate", type=float, default=3, help="edits a second of each")
    parser.add_argument("--rounds", type=int, default=6, help="of either kind")
    parser.add_argument("--seconds", type=float, default=12, help="of typing in a round")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
