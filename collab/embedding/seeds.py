"""What the product wants new documents to begin with."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from collab.embedding.calls import Calls
from collab.errors import ProtocolError
from collab.hooks import Hooks, NewDocument, Unknown
from collab.interfaces import DocumentWorker, Kind
from collab.protocol.update import UpdateLimits, validate_update
from collab.room.limits import RoomLimits


class Seeds:
    """Asks `Hooks.on_load`, and looks at its answer before anything is stored."""

    def __init__(
        self, hooks: Hooks, calls: Calls, worker: DocumentWorker, limits: RoomLimits
    ) -> None:
        self._hooks = hooks
        self._calls = calls
        self._worker = worker
        self._limits = limits

    async def __call__(self, unknown: Unknown) -> NewDocument:
        """Raises what the hook refuses with; Unavailable if it fails or its seed is no update
        that a peer may send."""
        ask = partial(self._ask, unknown)
        return await self._calls.ask(ask, NewDocument, "on_load") or NewDocument()

    async def _ask(self, unknown: Unknown) -> NewDocument | None:
        new = await self._hooks.on_load(unknown)
        if not isinstance(new, NewDocument):
            return new
        if new.seed is not None:
            await self._inspect(new.seed)
        return replace(new, kind=Kind(new.kind))

    async def _inspect(self, seed: bytes) -> None:
        """Raises ValueError for a seed that could not be loaded again."""
        limits = self._limits
        if len(seed) > limits.document_bytes:
            raise ValueError(f"the seed has {len(seed)} bytes, more than a document may")
        try:
            if len(seed) <= limits.inspect_inline_bytes:
                validate_update(seed, UpdateLimits(max_bytes=limits.inspect_inline_bytes))
            else:
                await self._worker.inspect(seed)
        except ProtocolError as error:
            # As an error of this tree it would pass for the product's refusal.
            raise ValueError(f"the seed is no valid update: {error}") from error
