"""A document worker without a process: the same operations, run in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from collab.crdt import operations
from collab.interfaces import Compacted, Format, Kind
from collab.protocol.update import UpdateFacts

Hook = Callable[[str], Awaitable[None]]


class InlineWorker:
    """`DocumentWorker`; `hook(operation)` is awaited before each call, and may raise.

    What the operations read is fixed when the call is made, as with a process that is sent it.
    """

    def __init__(self, hook: Hook | None = None) -> None:
        self.hook = hook
        self.calls: Counter[str] = Counter()

    async def inspect(self, update: bytes) -> UpdateFacts:
        await self._called("inspect")
        return operations.inspect(update)

    async def compact(self, updates: Sequence[bytes]) -> Compacted:
        taken = tuple(updates)
        await self._called("compact")
        return operations.compact(taken)

    async def missing(self, updates: Sequence[bytes], state_vector: bytes) -> bytes:
        taken = tuple(updates)
        await self._called("missing")
        return operations.missing(taken, state_vector)

    async def render(self, update: bytes, root: str, kind: Kind, form: Format) -> str:
        raise NotImplementedError("rooms do not render")

    async def aclose(self) -> None:
        """Nothing runs."""

    async def _called(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.hook is not None:
            await self.hook(operation)
