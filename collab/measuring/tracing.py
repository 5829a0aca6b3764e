"""OpenTelemetry's traces, for who has installed it and says where they go.

Nothing of this is imported, and nothing is in the way of any call, otherwise. Spans hold ids of
documents, sizes and codes; never paths, queries, tokens, or the text of an error.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanKind

_log = logging.getLogger(__name__)

LAST_SECONDS: Final = 2.0
"""For spans that were not sent when the process stops."""
NAME: Final = "collab"


class Tracing:
    """Makes spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(NAME)

    @contextmanager
    def span(
        self,
        name: str,
        kind: SpanKind | None = None,
        headers: Mapping[str, str] | None = None,
        **attributes: str | int,
    ) -> Iterator[Span]:
        """A span while it is entered. `headers` may name the span of the caller."""
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind, Status, StatusCode

        with self._tracer.start_as_current_span(
            name,
            context=None if headers is None else propagate.extract(headers),
            kind=SpanKind.INTERNAL if kind is None else kind,
            attributes={_key(key): value for key, value in attributes.items()},
            # What an exception says may be for the log alone.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    async def aclose(self) -> None:
        """Send what is left, for a short while."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        await asyncio.to_thread(last.join, LAST_SECONDS)


def _key(name: str) -> str:
    return f"{NAME}.{name}"


def tracing_from(environ: Mapping[str, str]) -> Tracing | None:
    """What OpenTelemetry's own variables ask for."""
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    endpoint = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none"
    if off or not (exporter or endpoint):
        return None
    try:
        provider = _provider(exporter or "otlp")
    except ImportError:
        _log.warning("traces are asked for, and not there: install collab[otel]")
        return None
    return None if provider is None else Tracing(provider)


def _provider(exporter: str) -> TracerProvider | None:
    """Raises ImportError."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SpanExporter,
    )

    made: SpanExporter
    if exporter == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        made = OTLPSpanExporter()
    elif exporter == "console":
        made = ConsoleSpanExporter()
    else:
        _log.warning("OTEL_TRACES_EXPORTER may be otlp, console or none: no traces")
        return None
    named = {"service.name": NAME}  # OTEL_SERVICE_NAME goes before it
    provider = TracerProvider(resource=Resource(named).merge(Resource.create()))
    provider.add_span_processor(BatchSpanProcessor(made))
    return provider
