"""Collab beside its peers, in all scenarios.

    python -m benchmarks [--only NAME,...] [--peers collab,hocuspocus,...] [--rounds N] [--quick]

The servers take turns, each on one core with the load on the others. Prints every figure, and
puts tables and plots into docs/performance.md, unless it was only a quick look. Results of
scenarios that were not run stay. Exits with 1 if a server failed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.places import ROOT
from benchmarks.plots import PLOTS, draw
from benchmarks.report import report, write_page
from benchmarks.results import Measured, Results, load, machine, save
from benchmarks.scenarios import idling, joining, presence, starting, writing
from benchmarks.servers import KINDS, WATCHED, Kind, prepare, versions
from benchmarks.stage import Figures, Scenario, Stage

PARTING: Final = 0.1
"""Seconds for the event loop to be done with the connections of a scenario."""
MOST: Final = 300.0
"""Seconds for one server in one scenario, then it has failed: twice what the longest takes that is
not stuck."""
PAGE: Final = ROOT / "docs" / "performance.md"
FOLDER: Final = ROOT / "docs" / "performance"
RESULTS: Final = FOLDER / "results.json"
SCENARIOS: Final = (
    *writing.SCENARIOS, *joining.SCENARIOS, *idling.SCENARIOS, *presence.SCENARIOS,
    *starting.SCENARIOS,
)  # fmt: skip


def main() -> int:
    options = _arguments()
    prepare()
    found = versions()
    _say(", ".join(f"{name} {version}" for name, version in found.items()))
    results = {} if options.quick else load(RESULTS)
    chosen = [s for s in SCENARIOS if not options.only or s.name in options.only]
    for scenario in chosen:
        measured = Measured(datetime.now(UTC).strftime("%Y-%m-%d"), found)  # noqa: TID251
        for _ in range(options.rounds):
            _round(scenario, measured, options.peers, options.quick)
        if "collab" in options.peers and not options.no_pauses:
            _pause(scenario, measured, options.quick)
        results[scenario.name] = measured
        if not options.quick:
            _publish(results)
    return 1 if any(results[scenario.name].failures for scenario in chosen) else 0


def _round(scenario: Scenario, measured: Measured, peers: tuple[str, ...], quick: bool) -> None:
    for key in peers:
        if key not in scenario.kinds and not key.startswith("collab"):
            continue
        try:
            figures, _ = perform(scenario, KINDS[key], quick)
        except Exception as error:
            # A server that fails is a result too, and the others go on.
            measured.failures[key] = f"{type(error).__name__} {error}".strip()
            _say(f"{scenario.name:<14} {KINDS[key].name}: {measured.failures[key]}")
            continue
        measured.rounds.setdefault(key, []).append(figures)
        listed = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        _say(f"{scenario.name:<14} {KINDS[key].name:<17} {listed}")


def _pause(scenario: Scenario, measured: Measured, quick: bool) -> None:
    """Once more, watched: apart, since to watch costs something."""
    try:
        _, measured.pause = perform(scenario, WATCHED, quick)
    except Exception as error:
        _say(f"{scenario.name:<14} watched: {type(error).__name__} {error}")
        return
    assert measured.pause is not None
    _say(f"{scenario.name:<14} longest pause of Collab's event loop {measured.pause * 1e3:.1f} ms")


def perform(scenario: Scenario, kind: Kind, quick: bool) -> tuple[Figures, float | None]:
    """One server in one scenario: what was measured, and the longest pause of its event loop,
    in seconds, if it is watched."""
    with tempfile.TemporaryDirectory() as folder, Stage(kind, Path(folder), quick) as stage:
        return uvloop.run(_run(scenario, stage)), stage.pause()


async def _run(scenario: Scenario, stage: Stage) -> Figures:
    try:
        async with asyncio.timeout(MOST) as limit:
            return await scenario.run(stage)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimeoutError(f"not done in {MOST:g} s") from error
    finally:
        stage.disperse()
        await asyncio.sleep(PARTING)


def _publish(results: Results) -> None:
    save(RESULTS, results)
    for plot in PLOTS:
        if any(name in results for name, *_ in plot.groups):
            (FOLDER / f"{plot.name}.svg").write_text(draw(plot, results), "utf-8")
    write_page(PAGE, report(SCENARIOS, results, "make bench", machine()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", type=_several(names), default=(), help=", ".join(names))
    parser.add_argument(
        "--peers",
        type=_several(KINDS),
        default=("collab", "hocuspocus", "y-websocket", "pycrdt", "limit"),
        help=", ".join(KINDS),
    )
    parser.add_argument("--rounds", type=int, default=1, help="medians are reported")
    parser.add_argument("--no-pauses", action="store_true", help="leave out the watched runs")
    parser.add_argument(
        "--quick", action="store_true", help="tiny numbers, to see that it works; nothing is kept"
    )
    return parser.parse_args()


def _several(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
        return chosen

    return names


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
