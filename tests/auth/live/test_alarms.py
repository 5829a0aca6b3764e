"""Moments to be called at, most of which come to nothing."""

from __future__ import annotations

from collab.auth.alarms import MOST_VOID, Alarms
from collab.clock import SystemClock


def test_the_moments_of_those_who_are_gone_are_let_go_of() -> None:
    present: set[int] = {-1}
    alarms: Alarms[int] = Alarms(SystemClock(), present.discard, lambda item, at: item in present)
    alarms.set(1e9, -1)
    for number in range(10 * MOST_VOID):
        present.add(number)
        alarms.set(1e9, number)
        present.discard(number)
        alarms.voided()
        assert len(alarms._heap) <= 2 * MOST_VOID
    assert -1 in {item for _, _, item in alarms._heap}
