"""The Grafana dashboard shows what there is."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.deploy.files import DASHBOARD, ROOT

DASH: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
PAGE = (ROOT / "docs" / "observability.md").read_text("utf-8")


def expressions() -> list[str]:
    return [target["expr"] for panel in DASH["panels"] for target in panel.get("targets", ())]


def metrics() -> dict[str, str]:
    """Name to type, of all that a node exposes: `tests.observing` compares the table with one."""
    rows = re.findall(r"^\| `(collab_\w+)` \| (\w+) \|", PAGE, re.MULTILINE)
    return dict(rows)


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:collab|process|python)_\w+", text))


def test_every_metric_it_asks_for_exists() -> None:
    """[MT11] by the name of its samples."""
    known = metrics()
    for expression in expressions():
        for name in named(expression):
            if name.startswith("process_"):
                assert f"`{name}`" in PAGE
            elif name.endswith("_bucket"):
                assert known[name.removesuffix("_bucket")] == "histogram"
                assert "histogram_quantile" in expression
            else:
                assert name in known


def test_it_shows_every_metric() -> None:
    """[MT11] none is left out."""
    shown = {name.removesuffix("_bucket") for text in expressions() for name in named(text)}
    assert metrics().keys() <= shown


def test_counters_are_shown_as_rates() -> None:
    """[MT11] a counter since the start of a process says little."""
    counters = {name for name, kind in metrics().items() if kind == "counter"}
    for expression in expressions():
        for name in named(expression) & counters:
            assert re.search(rf"(rate|increase)\({name}\b", expression)


def test_alerts_in_the_docs_ask_for_what_exists() -> None:
    """[MT11] the table of what to be woken for."""
    table = PAGE.partition("### What to be woken for")[2].partition("## ")[0]
    assert named(table)
    for name in named(table):
        assert name.removesuffix("_bucket") in metrics() or f"`{name}`" in PAGE


def test_it_can_be_imported() -> None:
    """[MT11] nothing in it is of one Grafana."""
    identifiers = [panel["id"] for panel in DASH["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    sources = {p["datasource"]["uid"] for p in DASH["panels"] if p["type"] != "row"}
    assert sources == {"${datasource}"}
    assert "id" not in DASH
    places = [panel["gridPos"] for panel in DASH["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
