"""Answers to "what do I lack?", each worked out once for all who ask the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from collab.crdt import updates
from collab.interfaces import DocumentWorker, Snapshot
from collab.protocol.state_vector import decode_state_vector
from collab.room.limits import RoomLimits
from collab.room.log import DocumentLog

KEPT_ANSWERS = 32
"""Answers remembered, by what was asked; together no larger than what the event loop merges."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An update, and the version and sequence of the log that it was taken from."""

    update: bytes
    version: int
    sequence: int


class Diffs:
    """Reads a document's log as updates.

    Who has nothing gets the whole document, encoded once per version. Who has all structs of
    the snapshot (it comes back after seconds) costs the tail, not the document's size. Who was
    cut off together has the same state vector, and is answered together. Only what is small runs
    on the event loop.
    """

    def __init__(self, log: DocumentLog, worker: DocumentWorker, limits: RoomLimits) -> None:
        self._log = log
        self._worker = worker
        self._inline = limits.diff_inline_bytes
        self._lock = asyncio.Lock()
        self._asking: WeakValueDictionary[bytes, asyncio.Lock] | None = None
        """By what is asked; made when a worker is, which in most rooms is never."""
        self.forget()

    def forget(self) -> None:
        """Give the memory of the answers back."""
        self._full: Answer | None = None
        self._recent: Answer | None = None
        self._answers: dict[bytes, Answer] = {}
        self._residue: tuple[Snapshot, bytes] | None = None
        self._base_state: tuple[Snapshot, Mapping[int, int]] | None = None

    def missing_now(self, state_vector: bytes) -> Answer | None:
        """What a replica with `state_vector` lacks; None if that takes a worker.

        Raises ProtocolError for a state vector that is none, DocumentUnreadable.
        """
        if state_vector == updates.EMPTY_STATE:
            return self._full_now()
        known = self._answers.get(state_vector)
        if known is not None and known.version == self._log.version:
            return known  # whose state vector need not even be read
        state = decode_state_vector(state_vector)
        if not state:
            return self._full_now()
        if self._has_base(state):
            whole = self._recent_now()
        else:
            whole = self._full_now() if self._log.size <= self._inline else None
        if whole is None:
            return None
        update = updates.missing(whole.update, state_vector)
        return self._keep(state_vector, Answer(update, whole.version, whole.sequence))

    async def missing(self, state_vector: bytes) -> Answer:
        """As `missing_now`, for any size. Raises WorkerError too."""
        if (answer := self.missing_now(state_vector)) is not None:
            return answer
        state = decode_state_vector(state_vector)
        if not state:
            return await self.full()
        wanted = self._log.version
        if self._asking is None:
            self._asking = WeakValueDictionary()
        lock = self._asking.get(state_vector)
        if lock is None:
            lock = self._asking[state_vector] = asyncio.Lock()
        async with lock:
            known = self._answers.get(state_vector)
            if known is not None and known.version >= wanted:
                return known
            if self._has_base(state):
                await self._read_residue()
                # The base may have been replaced meanwhile: the state is looked at again.
                if (answer := self.missing_now(state_vector)) is not None:
                    return answer
            version, sequence = self._log.version, self._log.sequence
            update = await self._worker.missing(self._log.parts(), state_vector)
            return self._keep(state_vector, Answer(update, version, sequence))

    def caught_up_now(self, state_vector: bytes) -> Answer | None:
        """As `missing_now`, but the same for many who fell behind together, as long as the log
        remembers what came since."""
        known = self._answers.get(state_vector)
        if known is not None and self._log.remembers(known.version):
            return known
        return self.missing_now(state_vector)

    async def caught_up(self, state_vector: bytes) -> Answer:
        """As `caught_up_now`, for any size. Raises WorkerError too."""
        if (answer := self.caught_up_now(state_vector)) is not None:
            return answer
        return await self.missing(state_vector)

    def _keep(self, state_vector: bytes, answer: Answer) -> Answer:
        kept = self._answers
        kept.pop(state_vector, None)
        kept[state_vector] = answer
        size = sum(len(asked) + len(told.update) for asked, told in kept.items())
        while size > self._inline or len(kept) > KEPT_ANSWERS:
            oldest = next(iter(kept))
            size -= len(oldest) + len(kept.pop(oldest).update)
        return answer

    async def full(self) -> Answer:
        """The whole document, at least as new as it is now."""
        wanted = self._log.version
        if (answer := self._full_now()) is not None:
            return answer
        async with self._lock:
            # Whoever held the lock before may have read what is wanted here.
            if self._full is not None and self._full.version >= wanted:
                return self._full
            version, sequence = self._log.version, self._log.sequence
            update = await self._worker.missing(self._log.parts(), updates.EMPTY_STATE)
            self._full = Answer(update, version, sequence)
            return self._full

    def _full_now(self) -> Answer | None:
        log = self._log
        if self._full is not None and self._full.version == log.version:
            return self._full
        parts = log.parts()
        if len(parts) > 1 and log.size > self._inline:
            return None
        self._full = Answer(updates.merge(parts), log.version, log.sequence)
        return self._full

    def _recent_now(self) -> Answer | None:
        """All that the structs of the snapshot do not say, small enough to compare at once."""
        log = self._log
        if self._recent is not None and self._recent.version == log.version:
            return self._recent
        residue = self._residue_now()
        if residue is None or len(residue) + log.tail_bytes > self._inline:
            return None
        merged = updates.merge([residue, *log.after_base()])
        self._recent = Answer(merged, log.version, log.sequence)
        return self._recent

    def _has_base(self, state: Mapping[int, int]) -> bool:
        base = self._log.base
        if base is None:
            return False
        if self._base_state is None or self._base_state[0] is not base:
            self._base_state = (base, decode_state_vector(base.state_vector))
        return all(state.get(client, 0) >= end for client, end in self._base_state[1].items())

    def _residue_now(self) -> bytes | None:
        """The snapshot's deletes, and its structs beyond gaps: its state vector names neither."""
        base = self._log.base
        if base is None:
            return updates.EMPTY_UPDATE
        if self._residue is not None and self._residue[0] is base:
            return self._residue[1]
        if base.gapless:
            residue = updates.NO_STRUCTS + base.delete_set
        elif len(base.data) > self._inline:
            return None
        else:
            residue = updates.missing(base.data, base.state_vector)
        self._residue = (base, residue)
        return residue

    async def _read_residue(self) -> None:
        async with self._lock:
            base = self._log.base
            if base is not None and self._residue_now() is None:
                residue = await self._worker.missing([base.data], base.state_vector)
                self._residue = (base, residue)
