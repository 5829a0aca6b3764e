"""Compaction in clusters whose nodes take turns at it."""

from __future__ import annotations

from collections import Counter

from tests.simulation.run import simulate


def test_leases_are_fought_for_and_lost() -> None:
    """[LS10] every oracle holds, and what may happen to a lease did."""
    seen: Counter[str] = Counter()
    for seed in range(40_000, 40_025):
        seen += simulate(seed).leases.seen
    assert {what for what in ("taken", "busy", "renewed", "lost") if not seen[what]} == set(), seen
