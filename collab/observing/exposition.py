"""Metrics as text, on request: what makes that is imported by the first one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from collab.service import Service

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Exposition:
    """The metrics of one process. `restarts`: how often it had to be started again."""

    def __init__(self, service: Service, restarts: int = 0) -> None:
        self._service = service
        self._restarts = restarts
        self._registry: CollectorRegistry | None = None

    async def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics in the format that the header `accept` prefers, and its content type."""
        if self._registry is None:
            # A tenth of a second, which the event loop has better use for.
            self._registry = await asyncio.to_thread(self._imported)
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        text: bytes = encode(self._registry)
        return text, content_type

    def _imported(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector

        from collab.observing.collector import ServiceCollector

        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        registry.register(ServiceCollector(self._service, self._restarts))
        return registry
