"""What is made of the figures."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import SCENARIOS
from benchmarks.measure import cpu_seconds
from benchmarks.plots import PLOTS, Plot, draw
from benchmarks.report import BEGIN, END, page, report, table
from benchmarks.results import Measured, Results, load, save
from benchmarks.stage import Goal, percentile

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
FIGURES = {"cpu_per_delivery": 2e-6, "p50": 0.001, "p99": 0.004, "rss": 1e8, "load": 0.5}


def measured(**cpu: float) -> Measured:
    found = Measured("2026-01-02", {"Collab": "1.0"})
    for kind, value in cpu.items():
        found.rounds[kind] = [{**FIGURES, "cpu_per_delivery": value}]
    return found


def results() -> Results:
    return {"paced": measured(collab=1e-6, hocuspocus=4e-6, pycrdt=3e-6, limit=0.5e-6)}


@pytest.mark.parametrize(
    ("samples", "percent", "expected"),
    [
        ([5.0], 99, 5.0),
        ([3.0, 1.0, 2.0, 4.0], 50, 2.0),
        (list(map(float, range(1, 101))), 99, 99.0),
    ],
)
def test_percentiles(samples: list[float], percent: float, expected: float) -> None:
    assert percentile(samples, percent) == expected


def test_no_samples_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_the_cpu_of_a_process_grows_as_it_works() -> None:
    before = cpu_seconds(os.getpid())
    assert sum(range(1_000_000)) > 0
    assert cpu_seconds(os.getpid()) > before > 0


def test_medians_over_rounds() -> None:
    found = Measured("", {}, {"collab": [{"cpu": 3.0}, {"cpu": 1.0}, {"cpu": 2.0}]})
    assert found.median("collab", "cpu") == 2.0
    assert found.median("collab", "p99") is None
    assert found.median("limit", "cpu") is None


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (Goal("cpu_per_delivery", "", "us", 1e6, 0.2), False),
        (Goal("cpu_per_delivery", "", "us", 1e6, 0.25), True),
        (Goal("cpu_per_delivery", "", "us", 1e6, 1.5, against="limit"), False),
        (Goal("cpu_per_delivery", "", "us", 1e6, 1.0, against=None), True),
        (Goal("cpu_per_delivery", "", "us", 1e6, 1.0, against="y-websocket"), None),
        (Goal("seconds", "", "s", 1, 1.0), None),
    ],
)
def test_goals(goal: Goal, reached: bool | None) -> None:
    assert results()["paced"].reached(goal) is reached


def test_the_best_peer_is_the_one_that_needs_least() -> None:
    peers = ("hocuspocus", "y-websocket", "pycrdt")
    assert results()["paced"].best("cpu_per_delivery", peers) == ("pycrdt", 3e-6)
    assert results()["paced"].best("seconds", peers) is None


def test_tables() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_report_says_what_was_reached() -> None:
    text = report(SCENARIOS, results(), "make bench", "a machine")
    assert "`make bench`, 2026-01-02, on a machine. Collab 1.0." in text
    title = "1 room, 50 peers, 2 writers at 50 edits/s"
    row = f"| {title} | CPU per delivery, us | 1 | 0.25 | 0.33 (pycrdt-websocket) | ≤ 0.7 | yes |"
    assert row in text
    assert "| ≤ 1.5 of bare uvloop: 2.00 | **no** |" in text
    assert "performance/deliveries.svg" in text
    assert "performance/cold.svg" not in text


def test_failures_are_told() -> None:
    found = results()
    found["paced"].failures["pycrdt"] = "it ended"
    assert "- pycrdt-websocket failed in" in report(SCENARIOS, found, "", "")


def test_a_page_keeps_what_is_around_the_marks() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = page(text, "new")
    assert new == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert page(new, "new") == new
    with pytest.raises(ValueError, match="has no"):
        page("no marks", "new")


def test_the_page_has_the_marks() -> None:
    page(PAGE.read_text("utf-8"), "")


def test_results_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "results.json"
    assert load(path) == {}
    save(path, results())
    assert load(path) == results()


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_plots_are_drawn(plot: Plot) -> None:

    for drawn in (draw(plot, results()), draw(plot, {})):
        assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    (plot,) = (plot for plot in PLOTS if plot.name == "deliveries")
    bars = ElementTree.fromstring(draw(plot, results())).iter("{http://www.w3.org/2000/svg}rect")
    widths = {bar.attrib["class"]: float(bar.attrib["width"]) for bar in bars}
    assert widths["b hocuspocus"] == pytest.approx(4 * widths["b collab"], abs=0.5)


def test_plots_show_what_scenarios_measure() -> None:
    figures = {scenario.name: {g.figure for g in scenario.goals} for scenario in SCENARIOS}
    assert all(figure in figures[name] for plot in PLOTS for name, figure, _ in plot.groups)
