"""Results as tables in Markdown, put between the marks of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.plots import PLOTS
from benchmarks.results import Measured, Results
from benchmarks.servers import KINDS
from benchmarks.stage import Goal, Scenario

BEGIN: Final = "<!-- measured: begin -->"
END: Final = "<!-- measured: end -->"
OURS: Final = "collab"
RIVAL: Final = "hocuspocus"
LIMIT: Final = "limit"
PEERS: Final = (RIVAL, "y-websocket", "pycrdt")
MIB: Final = 1024 * 1024
MILLI: Final = 1000
NONE: Final = "–"  # noqa: RUF001 - a dash where there is nothing to tell


def page(text: str, measured: str) -> str:
    """The page with what was measured in its place. Raises ValueError without the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


def report(scenarios: Sequence[Scenario], results: Results, command: str, machine: str) -> str:
    known = [s for s in scenarios if s.name in results]
    parts = [
        _origin([results[s.name] for s in known], command, machine),
        "### Goals\n\n" + _goals(known, results),
        "### All servers\n\n" + _all(known, results),
        "### What else was seen\n\n" + _more(known, results),
    ]
    parts += [
        f"![{plot.title}](performance/{plot.name}.svg)"
        for plot in PLOTS
        if any(name in results for name, *_ in plot.groups)
    ]
    if failures := _failures(known, results):
        parts.append(failures)
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _origin(measured: Sequence[Measured], command: str, machine: str) -> str:
    dates = sorted({m.date for m in measured})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    seen: dict[str, dict[str, None]] = {}
    for entry in measured:
        for name, version in entry.versions.items():
            seen.setdefault(name, {})[version] = None
    versions = ", ".join(f"{name} {' and '.join(found)}" for name, found in seen.items())
    return f"`{command}`, {when}, on {machine}. {versions}."


def _goals(scenarios: Sequence[Scenario], results: Results) -> str:
    rows = []
    for scenario in scenarios:
        measured = results[scenario.name]
        for goal in scenario.goals:
            ours = measured.median(OURS, goal.figure)
            best = measured.best(goal.figure, PEERS)
            reached = measured.reached(goal)
            rows.append([
                scenario.title,
                f"{goal.title}, {goal.unit}",
                _number(ours, goal.scale),
                _ratio(ours, measured.median(RIVAL, goal.figure)),
                NONE if best is None else f"{_ratio(ours, best[1])} ({KINDS[best[0]].name})",
                _wanted(goal, measured),
                NONE if reached is None else ("yes" if reached else "**no**"),
            ])  # fmt: skip
    head = ("scenario", "figure", "Collab", "/ Hocuspocus", "/ best peer", "goal", "reached")
    return table(head, rows)


def _wanted(goal: Goal, measured: Measured) -> str:
    """The goal; where it is not against the server that has a column, what was reached too."""
    if goal.against is None:
        return f"≤ {goal.most:g} {goal.unit}"
    if goal.against == RIVAL:
        return f"≤ {goal.most:g}"
    ours, theirs = (measured.median(kind, goal.figure) for kind in (OURS, goal.against))
    return f"≤ {goal.most:g} of {KINDS[goal.against].name}: {_ratio(ours, theirs)}"


def _all(scenarios: Sequence[Scenario], results: Results) -> str:
    kinds = (OURS, *PEERS, LIMIT)
    rows = []
    for scenario in scenarios:
        shown: set[str] = set()
        for goal in scenario.goals:
            if goal.figure not in shown:
                shown.add(goal.figure)
                values = [results[scenario.name].median(kind, goal.figure) for kind in kinds]
                rows.append([
                    scenario.title,
                    f"{goal.title}, {goal.unit}",
                    *(_number(value, goal.scale) for value in values),
                ])  # fmt: skip
    return table(("scenario", "figure", *(KINDS[kind].name for kind in kinds)), rows)


def _more(scenarios: Sequence[Scenario], results: Results) -> str:
    rows = []
    for scenario in scenarios:
        measured = results[scenario.name]
        figures = [
            ("edits_per_second", 1.0), ("p50", MILLI), ("bytes_per_delivery", 1.0),
            ("bytes_per_join", 1.0), ("rss", 1 / MIB), ("load", 100.0),
        ]  # fmt: skip
        rows.append([
            scenario.title,
            *(_pair(measured, figure, scale) for figure, scale in figures),
            _number(measured.pause, MILLI),
        ])  # fmt: skip
    head = ("Collab / Hocuspocus", "edits/s", "p50 latency, ms", "bytes a delivery",
            "bytes a joiner", "RSS, MiB", "load, % of its core", "longest pause, ms")  # fmt: skip
    return table(head, rows)


def _failures(scenarios: Sequence[Scenario], results: Results) -> str:
    return "\n".join(
        f"- {KINDS[kind].name} failed in “{scenario.title}”: {why}."
        for scenario in scenarios
        for kind, why in results[scenario.name].failures.items()
    )


def _pair(measured: Measured, figure: str, scale: float) -> str:
    both = [measured.median(kind, figure) for kind in (OURS, RIVAL)]
    return NONE if both == [None, None] else " / ".join(_number(n, scale) for n in both)


def _ratio(ours: float | None, theirs: float | None) -> str:
    return NONE if ours is None or not theirs else f"{ours / theirs:.2f}"


def _number(value: float | None, scale: float) -> str:
    """Three digits."""
    if value is None:
        return NONE
    scaled = value * scale
    return f"{scaled:,.0f}" if abs(scaled) >= 100 else f"{scaled:.3g}"


def write_page(path: Path, measured: str) -> None:
    path.write_text(page(path.read_text("utf-8"), measured), "utf-8")
