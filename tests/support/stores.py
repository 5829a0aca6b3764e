"""A store whose failures and pauses a test decides.

store = FaultyStore(MemoryStore(clock))
store.fail("append", When.BEFORE)      # the next append commits nothing and raises
store.fail("append", When.AFTER, 2)    # the next two commit, then raise
with store.hold("append"):             # appends wait until the block ends
    ...
    await store.waiting(1)             # one append has come to the gate
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import TypeVar

from collab.errors import StorageError
from collab.interfaces import Append, DocumentStore
from tests.support.passing_store import PassingStore

OPERATIONS = ("load", "append", "read", "sequences", "compact")

T = TypeVar("T")
Hook = Callable[[str], Awaitable[None]]


class When(Enum):
    """On which side of the operation's effect a fault or a gate stands."""

    BEFORE = auto()
    AFTER = auto()
    """It took effect, and the caller cannot know: "may have committed"."""


class InjectedError(StorageError):
    """Raised by `FaultyStore`, so that a test can tell its faults from real ones."""


class FaultyStore(PassingStore):
    """`DocumentStore` over another one. Without orders it only passes calls on.

    `hook(operation)` is awaited before each call: a seeded delay on an injected clock, or a
    fault of the test's own. `calls` counts what was asked for, `batches` holds every append
    that took effect, in the order of commits.
    """

    def __init__(self, store: DocumentStore, hook: Hook | None = None) -> None:
        super().__init__(store)
        self.hook = hook
        self.calls: Counter[str] = Counter()
        self.batches: list[tuple[Append, ...]] = []
        self._faults: dict[str, deque[tuple[When, Exception]]] = {o: deque() for o in OPERATIONS}
        self._gates: dict[tuple[str, When], asyncio.Event] = {}
        self._waiting = 0
        self._arrived = asyncio.Condition()

    def fail(
        self, operation: str, when: When, times: int = 1, error: Exception | None = None
    ) -> None:
        """Let the next `times` calls fail; orders are used up first come, first served."""
        fault = error or InjectedError(f"injected: {operation} failed {when.name.lower()}")
        self._faults[operation].extend([(when, fault)] * times)

    @contextmanager
    def hold(self, operation: str, when: When = When.BEFORE) -> Iterator[None]:
        """Keep calls from taking effect (BEFORE) or from returning (AFTER) meanwhile."""
        if operation not in OPERATIONS:
            raise KeyError(operation)
        gate = self._gates[operation, when] = asyncio.Event()
        try:
            yield
        finally:
            del self._gates[operation, when]
            gate.set()

    async def waiting(self, count: int = 1) -> None:
        """Return as soon as `count` calls wait at gates."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self._waiting >= count)

    # --- DocumentStore -----------------------------------------------------------------

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        taken = tuple(batch)

        async def commit() -> list[int | None]:
            sequences = await self.store.append(taken)
            self.batches.append(taken)
            return sequences

        return await self._call("append", commit)

    # --- Orders ------------------------------------------------------------------------

    async def _call(self, operation: str, effect: Callable[[], Awaitable[T]]) -> T:
        self.calls[operation] += 1
        faults = self._faults[operation]
        # Taken on arrival, so that calls under way at once cannot swap their faults.
        when, fault = faults.popleft() if faults else (None, None)
        if self.hook is not None:
            await self.hook(operation)
        await self._pass(operation, When.BEFORE)
        if fault is not None and when is When.BEFORE:
            raise fault
        result = await effect()
        await self._pass(operation, When.AFTER)
        if fault is not None:
            raise fault
        return result

    async def _pass(self, operation: str, when: When) -> None:
        gate = self._gates.get((operation, when))
        if gate is None:
            return
        self._waiting += 1
        try:
            async with self._arrived:
                self._arrived.notify_all()
            await gate.wait()
        finally:
            self._waiting -= 1
