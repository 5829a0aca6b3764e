"""A DocumentWorker without processes, for tests of what uses one: the same table of operations
and the same packing, called in place."""

from __future__ import annotations

from collections.abc import Sequence

from collab.crdt import calls
from collab.interfaces import Compacted, Format, Kind
from collab.protocol.update import UpdateFacts
from collab.worker import OPERATIONS


class InlineWorker:
    async def inspect(self, update: bytes) -> UpdateFacts:
        return calls.unpack_facts(OPERATIONS["inspect"]([update]))

    async def compact(self, updates: Sequence[bytes]) -> Compacted:
        return calls.unpack_compacted(OPERATIONS["compact"](updates))

    async def missing(self, updates: Sequence[bytes], state_vector: bytes) -> bytes:
        (update,) = OPERATIONS["missing"]([state_vector, *updates])
        return update

    async def render(self, update: bytes, root: str, kind: Kind, form: Format) -> str:
        (text,) = OPERATIONS["render"](calls.pack_render(update, root, kind, form))
        return calls.unpack_text(text)

    async def aclose(self) -> None:
        return None
