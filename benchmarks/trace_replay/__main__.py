"""Replays a recorded session of two people through a real server, and times it.

    python -m benchmarks.trace_replay PATH/trace.json.gz [--mode waiting|flooding]

Two real Yjs clients send every edit of the trace over their own connections, as fast as they
can. The text must then be the trace's on both clients, on a late joiner, in the REST export,
and again after a restart. Exits with 1 if it is not.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.support.node import run_node
from tests.support.server import ServerProcess
from tests.support.yjs_peers import yjs_peers

ROOT = "content"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    options = _arguments()
    packed = options.trace.read_bytes()
    wanted = json.loads(gzip.decompress(packed) if options.trace.suffix == ".gz" else packed)
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder) / "data") as server:
        failures = 0
        for mode in options.mode or ("waiting", "flooding"):
            failures += _replay(server, options.trace.absolute(), wanted["endContent"], mode)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace_replay")
    parser.add_argument("trace", type=Path, help="of josephg/editing-traces, two agents")
    parser.add_argument(
        "--mode",
        action="append",
        choices=("waiting", "flooding"),
        help="waiting: an edit leaves once its client has what its author had seen; "
        "flooding: at once. Both if not given.",
    )
    return parser.parse_args()


def _replay(server: ServerProcess, trace: Path, wanted: str, mode: str) -> int:
    """Prints what was measured; returns how many of the checks failed."""
    created = httpx.post(
        f"{server.url}/api/documents", json={"title": "Trace", "kind": "text"}
    ).raise_for_status()
    document = created.json()["id"]
    before = _cpu_seconds(server.pid)
    (times,) = run_node("replay.js", str(trace), server.url, document, ROOT, mode, within=600)
    cpu = _cpu_seconds(server.pid) - before
    _print_times(mode, times, cpu)
    checks = {"both clients": True}  # the clients would not have ended without
    checks |= asyncio.run(_checks(server, document, wanted, ""))
    server.restart()
    checks |= asyncio.run(_checks(server, document, wanted, " after a restart"))
    for name, holds in checks.items():
        _say(f"  {'equal' if holds else 'DIFFERENT':10}{name}")
    return list(checks.values()).count(False)


def _print_times(mode: str, times: dict[str, Any], cpu: float) -> None:
    steps = times["steps"]
    _say(f"{mode}: {steps} edits, {times['bytes']} bytes, {times['characters']} characters left")
    _say(f"  {times['building']:8.2f} s to make the updates, before the start")
    _say(f"  {times['sending']:8.2f} s until all were sent")
    _say(
        f"  {times['saved']:8.2f} s until all were receipted: {steps / times['saved']:.0f} a second"
    )
    _say(f"  {times['equal']:8.2f} s until both clients showed the end")
    _say(f"  {cpu:8.2f} s of server CPU: {cpu / steps * 1e6:.0f} us an edit")


async def _checks(server: ServerProcess, document: str, wanted: str, when: str) -> dict[str, bool]:
    async with yjs_peers() as yjs, httpx.AsyncClient() as client:
        late = await yjs.open("late", server.url, document)
        await late.synced()
        exported = await client.get(
            f"{server.url}/api/documents/{document}/content", params={"format": "text"}
        )
        return {
            f"late joiner{when}": await late.content(ROOT) == wanted,
            f"REST export{when}": exported.text == wanted,
        }


def _cpu_seconds(pid: int) -> float:
    """Of the process and the children it has waited for; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
