"""A DocumentWorker without processes: the same table of operations and the same packing, called
in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from collab.crdt import calls
from collab.interfaces import Compacted, Format, Kind
from collab.protocol.update import Ranges, UpdateFacts
from collab.worker import OPERATIONS

Hook = Callable[[str], Awaitable[None]]


class InlineWorker:
    """`DocumentWorker`; `hook(operation)` is awaited before each call, and may raise.

    What the operations read is fixed when the call is made, as with a process that is sent it.
    """

    def __init__(self, hook: Hook | None = None) -> None:
        self.hook = hook
        self.calls: Counter[str] = Counter()

    async def inspect(self, update: bytes, *, stored: bool = False) -> UpdateFacts:
        operation = "inspect_stored" if stored else "inspect"
        return calls.unpack_facts(await self._call(operation, [update]))

    async def trim(self, update: bytes, known: Mapping[int, Ranges]) -> bytes:
        (trimmed,) = await self._call("trim", [update, calls.pack_known(known)])
        return trimmed

    async def compact(self, updates: Sequence[bytes]) -> Compacted:
        return calls.unpack_compacted(await self._call("compact", updates))

    async def missing(self, updates: Sequence[bytes], state_vector: bytes) -> bytes:
        (update,) = await self._call("missing", [state_vector, *updates])
        return update

    async def render(
        self, update: bytes, root: str, kind: Kind, form: Format, title: str = ""
    ) -> str:
        (text,) = await self._call("render", calls.pack_render(update, root, kind, form, title))
        return calls.unpack_text(text)

    async def aclose(self) -> None:
        """Nothing runs."""

    async def _call(self, operation: str, parts: Sequence[bytes]) -> Sequence[bytes]:
        taken = tuple(parts)
        self.calls[operation] += 1
        if self.hook is not None:
            await self.hook(operation)
        return OPERATIONS[operation](taken)
