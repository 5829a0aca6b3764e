"""What a session's outbox is given in the place of frames that it did not keep."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from collab.errors import CollabError
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import AwarenessUpdate, SyncStep2, Update
from collab.room.codec import Codec
from collab.room.diffs import Answer
from collab.room.items import Part
from collab.room.merging import merged

if TYPE_CHECKING:
    from collab.room.room import Room
    from collab.room.session import Session

ENTRIES: Final = 1024
"""Presence states in one frame."""
ENTRY_BYTES: Final = 16
"""Bytes of a presence entry besides its state, about."""
KEPT_BYTES: Final = 4 * 1024 * 1024
"""A larger answer is framed for each who asks: one stays in memory for as long as no other is
framed."""


class _Framed:
    """The answer that was framed last: who joins or comes back together is sent the same."""

    __slots__ = ("codec", "frame", "update")

    def __init__(self) -> None:
        self.codec: Codec | None = None
        self.update = self.frame = b""

    def answer(self, codec: Codec, update: bytes) -> bytes:
        if update is self.update and (codec is self.codec or codec == self.codec):
            return self.frame
        frame = codec.frame(SyncStep2(update))
        if len(update) <= KEPT_BYTES:
            self.codec, self.update, self.frame = codec, update, frame
        return frame


_last: Final = _Framed()


class CatchingUp:
    """`collab.room.outbox.Supply` of one session."""

    __slots__ = ("_room", "_session")

    def __init__(self, room: Room, session: Session) -> None:
        self._room = room
        self._session = session

    def waiting(self) -> None:
        self._room.slow.watch(self._session)

    def known(self) -> bytes:
        return self._room.told.state

    def newer(self, since: int, until: int) -> Part | None:
        updates = self._room.log.between(since, until)
        if updates is None:
            return None
        most, size, count = self._room.limits.merge_bytes, 0, 0
        for update in updates:
            size += len(update)
            if count and size > most:
                break
            count += 1
        self._room.slow.repairs.merges += 1
        frame = self._session.codec.frame
        return Part([frame(Update(u)) for u in merged(updates[:count])], since + count)

    def missing_now(self, state_vector: bytes, *, answer: bool) -> Part | None:
        diffs = self._room.diffs
        look = diffs.missing_now if answer else diffs.caught_up_now
        found = look(state_vector)
        if found is None:
            return None
        if answer:
            self._room.subscribe(self._session)
        return self._part(found, answer)

    async def missing(self, state_vector: bytes, *, answer: bool) -> Part:
        if answer:
            # What is committed meanwhile waits behind the answer, whether or not it holds it.
            self._room.subscribe(self._session)
            found = await self._room.diffs.missing(state_vector)
        else:
            found = await self._room.diffs.caught_up(state_vector)
        return self._part(found, answer)

    def presence(self, entries: tuple[AwarenessEntry, ...]) -> tuple[bytes, int]:
        most, size, count = self._room.limits.merge_bytes, 0, 0
        for entry in islice(entries, ENTRIES):
            size += ENTRY_BYTES + len(entry.state or "")
            if count and size > most:
                break
            count += 1
        return self._session.codec.frame(AwarenessUpdate(entries[:count])), count

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._room.spawn(work)

    def failed(self, error: CollabError) -> None:
        self._session.failed(error)

    def overflow(self) -> None:
        # Closing tells others that the peer left, which may be too much for the next one: not
        # from inside a broadcast, where that would nest as deep as there are such peers.
        reason = "too many answers wait for the connection"
        close = partial(self._session.close, CloseCode.TRY_LATER, reason)
        asyncio.get_running_loop().call_soon(close)

    def _part(self, found: Answer, answer: bool) -> Part:
        if not answer:
            self._room.slow.repairs.resyncs += 1
        codec, update = self._session.codec, found.update
        frame = _last.answer(codec, update) if answer else codec.frame(Update(update))
        return Part([frame], found.version)
