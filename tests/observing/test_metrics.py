"""What is exposed: the table in the docs, and what moves the numbers."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collab.app import Service
from collab.errors import StorageError
from collab.measuring.histogram import Histogram
from collab.measuring.store import MeasuredStore
from collab.protocol.close import CloseCode
from collab.settings import load_settings
from tests.observing.reading import observed, samples
from tests.support.asgi import AsgiSocket
from tests.support.edits import Author
from tests.support.peer import peer
from tests.support.redis import RedisProcess, free_port
from tests.support.server import ServerProcess

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
OTHERS = ("process_", "python_")
"""What Prometheus' client tells of any process."""


async def test_the_table_and_a_real_node_agree(tmp_path: Path, redis_server: RedisProcess) -> None:
    """[MT1] name, type, label and meaning of every metric, and no other."""
    page, port = PAGE.read_text("utf-8"), free_port()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (?:`(\w+)`)? ?\| (.*) \|$", page, re.MULTILINE)
    environ = {"COLLAB_REDIS_URL": redis_server.url, "COLLAB_METRICS_PORT": str(port)}
    with ServerProcess(tmp_path / "data", environ) as server:
        async with peer(server.ws_url, "doc") as ann:
            await ann.join()
            await ann.type("hello")
            await ann.saved()
            async with httpx.AsyncClient() as client:
                await client.get(f"{server.url}/healthz")
                text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    exposed = []
    for family in text_string_to_metric_families(text):
        if family.name.startswith(OTHERS):
            continue
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        exposed.append((name, family.type, "".join(labels), family.documentation))
    assert rows == exposed
    found = samples(text)
    assert found["collab_sessions{yjs}"] == found["collab_connections"] == 1
    assert found["collab_commit_seconds_count"] == found["collab_commits_total"] == 1
    assert found["collab_backplane_connected"] == 1
    assert found["collab_backplane_messages_sent_total"] >= 1
    assert found["process_resident_memory_bytes"] > 0


async def test_what_happens_is_counted(tmp_path: Path) -> None:
    """[MT2] connections, rooms, sessions by wire, commits, answers, and refusals by code."""
    async with observed(tmp_path) as node:
        before = await node.metrics()
        assert before["collab_connections"] == before["collab_rooms"] == 0
        async with AsgiSocket(node.app, "/ws/doc"), AsgiSocket(node.app, "/d/doc/ws/doc"):
            now = await node.metrics()
            async with asyncio.timeout(20):
                while not now["collab_sessions{yjs}"] or not now["collab_sessions{ysweet}"]:
                    await asyncio.sleep(0)  # a request inside of the process need not wait
                    now = await node.metrics()
            assert now["collab_sessions{yjs}"] == 1
            assert now["collab_connections"] == 2
            assert now["collab_rooms"] == 1
        async with AsgiSocket(node.app, "/ws/no%20id") as refused:
            assert (await refused.closed())[0] == CloseCode.MALFORMED
        await node.service.write("doc", Author(1).write("hello"))
        after = await node.metrics()
        assert after["collab_closes_total{4400}"] == 1
        assert after["collab_connections"] == after["collab_sessions{yjs}"] == 0
        assert after["collab_commits_total"] == after["collab_commit_rows_sum"] == 1
        assert after["collab_load_seconds_count"] == 2  # one found that there is none yet
        assert after["collab_http_responses_total{200}"] >= 2


async def test_documents_and_users_make_no_series(tmp_path: Path) -> None:
    """[MT3] as many on the last day as on the first."""
    async with observed(tmp_path) as node:
        await node.http.get("/nothing-here")
        before = (await node.metrics()).keys()
        for number in range(50):
            await node.service.write(f"doc-{number}", Author(1).write("hello"), f"user-{number}")
            await node.http.get(f"/nothing-here-{number}")
        assert (await node.metrics()).keys() == before | {"collab_http_responses_total{200}"}


async def test_a_node_without_redis_says_the_same(tmp_path: Path) -> None:
    """[MT1] the same names, with zeros."""
    async with observed(tmp_path) as node:
        text = (await node.http.get("/metrics")).text
    rows = re.findall(r"^\| `(collab_\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"^# HELP (collab_\w+)", text, re.MULTILINE) == rows


async def test_openmetrics_for_who_asks(tmp_path: Path) -> None:
    """[MT1] in the format that the scraper prefers."""
    async with observed(tmp_path) as node:
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = await node.http.get("/metrics", headers=accept)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")


def test_a_histogram_counts_up_to_each_bound() -> None:
    """[MT4] a value is in its bucket and in all larger ones."""
    values = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 1.1, 5.0, 7.0):
        values.observe(value)
    assert values.cumulative() == [("1.0", 2.0), ("5.0", 4.0), ("+Inf", 5.0)]
    assert (values.count, values.sum) == (5, 14.6)


async def test_a_failure_takes_its_time_too(tmp_path: Path) -> None:
    """[MT4] what does not go well is measured as well."""
    service = Service(load_settings(data_dir=tmp_path))
    assert isinstance(service.store, MeasuredStore)
    with pytest.raises(StorageError):
        await service.store.load("doc")  # nothing was migrated
    assert service.store.load_seconds.count == 1
    await service.aclose()
