"""Joins with a span each."""

from __future__ import annotations

from typing import Any

from collab.access import Identity
from collab.auth.live import Watch
from collab.interfaces import Channel
from collab.measuring.tracing import Tracing
from collab.room.backlog import Backlog
from collab.room.codec import Codec
from collab.room.session import Session
from collab.transport.entrance import Entrance


class TracedEntrance(Entrance):
    """An entrance that says how long each joiner waited, and for what document."""

    def __init__(self, tracing: Tracing, *parts: Any) -> None:
        super().__init__(*parts)
        self._tracing = tracing

    async def join(
        self,
        identity: Identity,
        document: str,
        channel: Channel,
        codec: Codec,
        backlog: Backlog | None = None,
    ) -> tuple[Session, Watch]:
        with self._tracing.span("join", document=document, wire=codec.name):
            return await super().join(identity, document, channel, codec, backlog)
