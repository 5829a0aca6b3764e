"""Bars, as SVG by hand. They can be read on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from benchmarks.results import Results
from benchmarks.servers import KINDS

WIDTH: Final = 760
LABELS: Final = 150
VALUES: Final = 90
BAR: Final = 16
STEP: Final = 21
GROUP: Final = 30
TOP: Final = 40
SHOWN: Final = ("collab", "hocuspocus", "y-websocket", "pycrdt", "limit")
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}"
    ".b{fill:#9aa4b1}.collab{fill:#0969da}.limit{fill:#d0a95a}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#6e7681}.collab{fill:#4493f8}}"
)


@dataclass(frozen=True, slots=True)
class Plot:
    """`groups`: a scenario's name, its figure and how the group is headed."""

    name: str
    title: str
    unit: str
    scale: float
    groups: tuple[tuple[str, str, str], ...]


PLOTS: Final = (
    Plot("deliveries", "CPU of the server per delivered edit", "us", 1e6, (
        ("fan-out", "cpu_per_delivery", "100 peers, 1 writer flat out"),
        ("ten-writers", "cpu_per_delivery", "100 peers, 10 writers flat out"),
        ("rooms", "cpu_per_delivery", "100 rooms of 3, flat out"),
        ("paced", "cpu_per_delivery", "50 peers, 100 edits/s"),
        ("pairs", "cpu_per_delivery", "300 rooms of 2, 3,000 edits/s"),
    )),
    Plot("latency", "Latency, 99th percentile", "ms", 1e3, (
        ("paced", "p99", "50 peers, 100 edits/s"),
        ("pairs", "p99", "300 rooms of 2, 3,000 edits/s"),
    )),
    Plot("joins", "CPU of the server per joiner", "ms", 1e3, (
        ("join-1700k", "cpu_per_join", "200 at once, 1.7 MB"),
        ("join-220k", "cpu_per_join", "200 at once, 220 KB"),
        ("rejoin", "cpu_per_join", "200 come back, 50 edits missed"),
        ("connect", "cpu_per_connect", "an empty document, one by one"),
    )),
    Plot("cold", "Time to open a document from the database", "ms", 1e3, (
        ("cold-220k", "seconds", "220 KB"),
        ("cold-1700k", "seconds", "1.7 MB"),
        ("cold-20m", "seconds", "20 MB"),
    )),
    Plot("memory", "Memory of an idle connection", "KiB", 1 / 1024, (
        ("idle-together", "memory_per_connection", "4,000 in 20 rooms"),
        ("idle-alone", "memory_per_connection", "2,000 in as many rooms"),
    )),
)  # fmt: skip


def draw(plot: Plot, results: Results) -> str:
    """Each group has a scale of its own: shorter is better."""
    body: list[str] = []
    y = TOP
    for name, figure, head in plot.groups:
        measured = results.get(name)
        values = [
            (kind, value * plot.scale)
            for kind in SHOWN
            if measured is not None and (value := measured.median(kind, figure)) is not None
        ]
        if not values:
            continue
        most = max(value for _, value in values) or 1.0
        body.append(f'<text class="h" x="0" y="{y + 12}">{escape(head)}</text>')
        y += STEP
        for kind, value in values:
            body.append(_bar(kind, value, most, y, plot.unit))
            y += STEP
        y += GROUP - STEP
    head = f'<text class="h" x="0" y="18">{escape(plot.title)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}" role="img"><title>{escape(plot.title)}</title><style>{STYLE}</style>'
        f"{head}{''.join(body)}</svg>\n"
    )


def _bar(kind: str, value: float, most: float, y: int, unit: str) -> str:
    length = max(1.0, value / most * (WIDTH - LABELS - VALUES))
    number = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    middle = y + 13
    return (
        f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end">{escape(KINDS[kind].name)}</text>'
        f'<rect class="b {kind}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="{middle}">{number} {escape(unit)}</text>'
    )
