"""Spans: what they are of, what they tell, and that nothing makes them unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from collab.access import Role
from collab.measuring.tracing import Tracing, tracing_from
from collab.protocol.messages import SyncStep1, Update
from tests.observing.reading import observed
from tests.support.asgi import AsgiSocket
from tests.support.edits import Author
from tests.support.tokens import ISSUER, SECRET, token

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a service that is made now says."""
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("collab.service.tracing_from", lambda _environ: Tracing(provider))
    yield spans
    provider.shutdown()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_what_takes_time_has_a_span(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """[MT8] requests by their route, joins, loads, commits, compactions."""
    async with observed(tmp_path, compact_after_rows=2) as node:
        author = Author(1)
        async with AsgiSocket(node.app, "/ws/team/plan") as socket:
            socket.send(SyncStep1(b"\0"))
            for word in ("one", "two", "three"):
                socket.send(Update(author.write(word)))
                await socket.saved()
        headers = {"traceparent": CALLER}
        got = await node.http.get("/api/documents/team%2Fplan?x=hush", headers=headers)
        assert got.status_code == 200
        await node.http.request("X-MADE-UP", "/nothing-here?x=hush")
    (join,) = named(exporter, "join")
    assert facts(join) == {"collab.document": "team/plan", "collab.wire": "yjs"}
    assert {facts(span)["collab.document"] for span in named(exporter, "load")} == {"team/plan"}
    commits = named(exporter, "commit")
    assert sum(int(str(facts(span)["collab.rows"])) for span in commits) == 3
    (request,) = named(exporter, "GET /api/documents/{id}")
    assert facts(request) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/api/documents/{id}",
    }
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" in CALLER


async def test_spans_hold_no_secrets(tmp_path: Path, exporter: InMemorySpanExporter) -> None:
    """[MT9] no token, no query, no path, and no error's text."""
    mode: dict[str, Any] = {"auth": "token", "jwt_secret": SECRET, "jwt_issuer": ISSUER}
    bearer = token("ada", {"mine": Role.OWNER}, create=True)
    async with observed(tmp_path, **mode) as node:
        query = f"token={bearer}&link=lnk_hush".encode()
        async with AsgiSocket(node.app, "/ws/mine", query_string=query) as socket:
            socket.send(SyncStep1(b"\0"))
            await socket.saved()
        stranger = f"token={token('eve')}".encode()
        async with AsgiSocket(node.app, "/ws/mine", query_string=stranger) as socket:
            await socket.closed()
        await node.http.get(f"/api/documents/mine?token={bearer}")
        await node.http.get("/api/documents/mine", headers={"Authorization": "Bearer hush"})
    said = "".join(span.to_json() for span in exporter.get_finished_spans())
    for secret in (bearer, bearer.rpartition(".")[2], "hush", SECRET, "?"):
        assert secret not in said
    refused = [s for s in named(exporter, "join") if s.status.status_code is StatusCode.ERROR]
    assert [facts(span)["error.type"] for span in refused] == ["AccessDenied"]
    assert not any(span.events for span in exporter.get_finished_spans())


async def test_a_framework_that_traces_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[MT9] does not: a product that embeds Collab may have a provider for all."""
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    async with observed(tmp_path) as node:
        assert (await node.http.get("/api/documents?query=x&link=hush")).status_code == 200
    assert not spans.get_finished_spans()
    provider.shutdown()


async def test_no_traces_unasked(tmp_path: Path) -> None:
    """[MT8] and then nothing is in the way of any call."""
    async with observed(tmp_path) as node:
        assert node.service.tracing is None
        layers = [repr(layer.cls) for layer in node.app.user_middleware]
        assert not any("TracedRequests" in layer for layer in layers)
        assert type(node.service.entrance).__name__ == "Entrance"


@pytest.mark.parametrize(
    ("environ", "made"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, False),
    ],
)
async def test_the_standard_variables_decide(environ: dict[str, str], made: bool) -> None:
    """[MT8] where traces go, and whether."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    tracing = tracing_from(environ)
    assert (tracing is not None) is made
    if tracing is not None:
        await tracing.aclose()
