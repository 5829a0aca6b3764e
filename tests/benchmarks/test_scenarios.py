"""Every scenario runs, with tiny numbers: one real server after the other."""

from __future__ import annotations

import math

import pytest

from benchmarks.__main__ import SCENARIOS, perform
from benchmarks.servers import WATCHED

APART = {"presence", "cold-20m", "cold-1700k", "join-1700k", "ten-writers", "rooms", "idle-alone"}
"""Runs processes of its own, or differs from others in size alone."""


BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - APART))
def test_a_scenario_measures_what_its_goals_are_about(name: str) -> None:
    scenario = BY_NAME[name]
    figures, pause = perform(scenario, WATCHED, quick=True)
    assert {goal.figure for goal in scenario.goals} <= figures.keys()
    assert all(math.isfinite(figure) for figure in figures.values())
    assert pause is not None
    assert pause > 0
