"""Whole clusters, seed by seed. `COLLAB_SEED=7 pytest tests/simulation` runs one again."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from collab.protocol.close import CloseCode
from tests.simulation.run import simulate
from tests.simulation.rungs import ALL, Rungs, counted, one_by_one

SEEDS = 500
BLOCK = 25
FEWER = 50
"""Seeds that are run again with a broadcast that takes its time."""


def blocks(seeds: int = SEEDS) -> list[range]:
    if (seed := os.environ.get("COLLAB_SEED")) is not None:
        return [range(int(seed), int(seed) + 1)]
    return [range(start, start + BLOCK) for start in range(0, seeds, BLOCK)]


@pytest.mark.parametrize("seeds", blocks(), ids=lambda seeds: f"seeds-{seeds[0]}-{seeds[-1]}")
def test_every_promise_holds(seeds: range) -> None:
    """[RM1] [RM3] [RM12] [RM14] [RM16] [RM20] [SL2] [SL4] [CL30] [CL31] [CL33] [CL40] [CL41]
    [CL43] [CL46] [CL47] under delays, cuts, crashes in the middle of things, failing commits, lost
    news, and peers that move between nodes and stop reading."""
    closes: Counter[CloseCode | None] = Counter()
    rungs: Rungs = Counter()
    events: Counter[str] = Counter()
    for seed in seeds:
        with counted(rungs):
            cluster = simulate(seed)
        closes.update(cluster.promises.closes)
        events.update(cluster.air.events)
        events["died"] += cluster.deaths
    if len(seeds) == BLOCK:  # a run in which nothing went wrong would prove little
        assert closes[None] > BLOCK
        assert closes[CloseCode.RESTART] > 0
        assert all(events[what] for what in ("NEXT", "GAP", "NEW", "SILENT", "died")), events
        assert {rung for rung in ALL if not rungs[rung]} == set(), rungs


@pytest.mark.parametrize("seeds", blocks(FEWER), ids=lambda seeds: f"seeds-{seeds[0]}-{seeds[-1]}")
def test_every_promise_holds_while_others_are_sent_the_same(seeds: range) -> None:
    """[RM30] [RM13] [SL2] [SL3] [SL4] where peers join, leave, write, ask, fall behind and are
    repaired between two visits of a broadcast."""
    rungs: Rungs = Counter()
    for seed in seeds:
        with one_by_one(random.Random(seed)), counted(rungs):
            simulate(seed)
    if len(seeds) == BLOCK:
        assert {rung for rung in ALL if not rungs[rung]} == set(), rungs


@pytest.mark.parametrize("seed", [212, 250, 3674, 4185, 10998, 201081, 201529])
def test_seeds_that_failed_once(seed: int) -> None:
    """[RM9] [RM16] [CL31] edits held until their past comes, reloads that fail or are overtaken."""
    simulate(seed)


def test_a_seed_repeats_itself() -> None:
    first, second = simulate(3), simulate(3)
    assert first.promises.closes == second.promises.closes
    assert first.promises.kept == second.promises.kept
    assert [p.doc.get_update() for p in first.peers] == [p.doc.get_update() for p in second.peers]
