"""A store with seeded delays and failures, and a ledger of what it committed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from collab.errors import StorageError, WorkerDied
from collab.interfaces import Append, DocumentStore
from tests.support.passing_store import PassingStore
from tests.support.replica import TOKEN

T = TypeVar("T")


@dataclass(slots=True)
class Faults:
    """Seconds and probabilities, which the driver of a run changes as it goes."""

    delay: float = 0.03
    before: float = 0.05
    after: float = 0.05
    worker: float = 0.05
    outage: bool = False

    def end(self) -> None:
        self.before = self.after = self.worker = 0.0
        self.outage = False


class SeededStore(PassingStore):
    """`DocumentStore` that may fail before or after the effect of any call."""

    def __init__(self, store: DocumentStore, rng: random.Random, faults: Faults) -> None:
        super().__init__(store)
        self._rng = rng
        self._faults = faults
        self.committed: set[bytes] = set()
        """The tokens in rows that were committed."""

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        async def commit() -> list[int | None]:
            sequences = await self.store.append(batch)
            for append in batch:
                for row in append.rows:
                    self.committed.update(TOKEN.findall(row.data))
            return sequences

        return await self._call("append", commit)

    async def _call(self, operation: str, effect: Callable[[], Awaitable[T]]) -> T:
        return await troubled(effect, self._rng, self._faults)


class StoreOfNode(SeededStore):
    """The same store as a node has it, which may die before or after the effect of any call."""

    def __init__(self, store: SeededStore, dying: Callable[[str], bool]) -> None:
        super().__init__(store.store, store._rng, store._faults)
        self.committed = store.committed
        self._dying = dying
        """Asked whether it dies here, before and after each operation."""

    async def _call(self, operation: str, effect: Callable[[], Awaitable[T]]) -> T:
        async def mortal() -> T:
            await self._live(operation)
            result = await effect()
            await self._live(operation)
            return result

        return await super()._call(operation, mortal)

    async def _live(self, operation: str) -> None:
        if self._dying(operation):
            await asyncio.Event().wait()


async def troubled(effect: Callable[[], Awaitable[T]], rng: random.Random, faults: Faults) -> T:
    """What `effect` returns, late, if it does not fail before or after."""
    await asyncio.sleep(rng.random() * faults.delay)
    if faults.outage or rng.random() < faults.before:
        raise StorageError("seeded: failed before it took effect")
    result = await effect()
    await asyncio.sleep(rng.random() * faults.delay)
    if rng.random() < faults.after:
        raise StorageError("seeded: failed after it took effect")
    return result


def worker_faults(rng: random.Random, faults: Faults) -> Callable[[str], Awaitable[None]]:
    """A hook for `InlineWorker`."""

    async def hook(operation: str) -> None:
        await asyncio.sleep(rng.random() * 2 * faults.delay)
        if rng.random() < faults.worker:
            raise WorkerDied(f"seeded: {operation} died")

    return hook
