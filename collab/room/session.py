"""One peer in one room: what it says is checked here, frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, assert_never

from collab.access import Access
from collab.errors import CollabError, DocumentUnreadable, LimitExceeded, ProtocolError, Unavailable
from collab.interfaces import Channel
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode, fitting
from collab.protocol.keystrokes import Typist
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from collab.protocol.trimming import without_known
from collab.protocol.update import UpdateFacts, stored_facts, validate_update
from collab.room.backlog import SHARED, Backlog
from collab.room.catching_up import CatchingUp
from collab.room.codec import Codec, Receipts
from collab.room.echoes import PRESENCE
from collab.room.identity import stamp
from collab.room.items import Item, ItemKind
from collab.room.outbox import Outbox
from collab.room.owed import Owed, Statuses, size_of
from collab.room.present import Claimant
from collab.room.repeats import NOTHING

if TYPE_CHECKING:
    from collab.room.room import Room

READ_ONLY = "this document is read-only for you"


class Session:
    """A peer's way into a room, from `Room.join` to `leave`.

    Yjs clients send an edit made while they connect before the answer to our sync step 1, which
    brings the edits that it builds on. Such an update waits in the session: nobody could place
    it, so it is neither logged nor sent nor acknowledged until its past has come.

    The document's updates are sent from the moment its first sync step 1 is answered, so that
    none comes before what it builds on, or from its first own update on; presence from the
    start.
    """

    def __init__(
        self,
        room: Room,
        channel: Channel,
        access: Access,
        codec: Codec,
        backlog: Backlog | None = None,
    ) -> None:
        self.access = access
        """Looked at for every frame: a change holds from the next one on."""
        self.codec = codec
        self.stateless: Callable[[str], Awaitable[None] | None] | None = None
        """What is done with a Stateless message; set by whoever joined the session."""
        self.ended: Callable[[CloseCode | None], None] | None = None
        """Told once that the session is over, with the code of its close; None if the peer
        left. Set by whoever joined the session."""
        self.claimant = Claimant(self._stamp, access.user if access.verified else None)
        limits = room.limits
        if backlog is None:
            alone = not codec.prefix
            backlog = Backlog(limits.outbox_bytes if alone else limits.outbox_bytes // SHARED)
        supply = CatchingUp(room, self)
        self.outbox = Outbox(channel, supply, backlog, limits.channel_high, limits.receipts)
        self.subscribed = False
        """Whether it is sent what is committed; the room keeps it."""
        self._room = room
        self._channel = channel
        self.over = False
        self._receipts = self._receipt_bytes = self._held_bytes = 0
        self._synced = False
        """Whether its answer to our sync step 1 is in."""
        self._held: deque[tuple[SyncStatus | Update, UpdateFacts | None]] | None = None
        self._statuses = Statuses()
        self._each = codec.receipts is Receipts.EACH
        self._asked = False
        """Whether receipts wait for its answer to our sync step 1."""
        self._typist: Typist | None = None
        self._behind = 0
        """Receipts that go behind the one for that answer."""

    @property
    def taken(self) -> int:
        """Bytes that its network took; see `Channel.taken`."""
        return self._channel.taken

    @property
    def awaits_receipts(self) -> bool:
        """Whether it is to be told of something that is not committed yet."""
        return self._receipts > 0 or bool(self._held) or self._behind > 0

    def receive(self, frame: bytes) -> Awaitable[None] | None:
        """Take a frame. What is returned is awaited before the next frame is handed in.

        Never raises for what the peer did: that closes its channel with a documented code.
        """
        if self.over or (frame.startswith(PRESENCE) and self._room.is_echo(frame)):
            return None
        try:
            message = self.codec.decode(frame)
            if isinstance(message, Update):  # as most are: `match` takes ten times as long
                return self._edit(message.update)
            return self._dispatch(message)
        except ProtocolError as error:
            self._refuse(error)
        except DocumentUnreadable as error:
            self.close(CloseCode.INTERNAL, str(error))
        return None

    def send(self, message: Message) -> None:
        """Send an answer to this peer alone."""
        if not self.over:
            item = Item(ItemKind.ANSWER, self.codec.frame(message))
            self._room.unsent.outbox(self).put(item)

    def show(self, entries: tuple[AwarenessEntry, ...]) -> None:
        """Send presence to this peer alone."""
        if not self.over:
            frame = self.codec.frame(AwarenessUpdate(entries))
            item = Item(ItemKind.PRESENCE, frame, entries=entries)
            self._room.unsent.outbox(self).put(item)

    def await_receipt(self, message: Owed) -> bool:
        """Whether it may wait for one more; else it is closed."""
        limits = self._room.limits
        self._receipts += 1
        self._receipt_bytes += size_of(message)
        if self._receipts <= limits.receipts and self._receipt_bytes <= limits.outbox_bytes:
            return True
        self.close(CloseCode.TRY_LATER, "too many receipts wait for the store")
        return False

    def receipt(self, message: Owed) -> None:
        """Send what it waited for."""
        self._receipts -= 1
        self._receipt_bytes -= size_of(message)
        self.send(message)

    def close(self, code: CloseCode, reason: str) -> None:
        if not self.over:
            self._channel.close(code, fitting(reason))
            self.leave(code)

    def leave(self, code: CloseCode | None = None) -> None:
        """The peer is gone, or its connection was closed with `code`. What it sent is saved
        all the same."""
        if not self.over:
            self.over = True
            self._held = None
            self.outbox.end()
            self._room.left(self)
            if self.ended is not None:
                self.ended(code)
            self.stateless = None  # all these lead back here, and would wait for the collector
            del self.claimant, self.outbox

    def _stamp(self, state: str) -> str:
        return stamp(self.access, state)

    def _dispatch(self, message: Message) -> Awaitable[None] | None:
        match message:
            case Update(update):
                return self._edit(update)
            case SyncStep2(update):
                return self._write_all(update)
            case SyncStep1(state_vector):
                if not self.codec.greets:
                    self._asked = self._each
                    self._room.ask(self)
                return self._room.unsent.outbox(self).ask(state_vector)
            case AwarenessUpdate(entries):
                self._room.presence.receive(self.claimant, entries)
            case QueryAwareness():
                self.show(self._room.presence.everyone())
            case SyncStatus():
                if self._held or self._waits(None):
                    self._hold(message, None)
                else:
                    self._room.after_saved(self, self._statuses.answer(message))
            case Stateless(payload):
                return None if self.stateless is None else self.stateless(payload)
            case Denied() | Receipt():
                raise ProtocolError("only a server may say this")
            case _:
                assert_never(message)
        return None

    # --- Writing -----------------------------------------------------------------------

    def _edit(self, update: bytes) -> Awaitable[None] | None:
        """Take an edit: in short where it types on and nothing else is to be done first."""
        typist = self._typist
        text = None if typist is None else typist.text_of(update)
        free = not self._held and not self._behind and self.access.role.may_write
        if not text or not typist or not free or not self._room.type(self, typist, text, update):
            return self._write(update, echo=True)
        if self._each:
            self._owe(Receipt(True))
        return None

    def _write(self, update: bytes, echo: bool) -> Awaitable[None] | None:
        limits = self._room.limits
        if limits.inspect_inline_bytes < len(update) <= limits.update.max_bytes:
            return self._write_large(update, echo)
        self._take(update, validate_update(update, limits.update), echo)
        return None

    def _write_all(self, update: bytes) -> Awaitable[None] | None:
        """Take what it has that the document lacked. Every client that reconnects sends it; it
        mostly adds nothing, and what it repeats was echoed when it was first sent."""
        if not self._room.repeats.holds(update):
            return self._write(update, echo=False)
        self._take(update, NOTHING, echo=False)
        return None

    async def _write_large(self, update: bytes, echo: bool) -> None:
        room = self._room
        try:
            facts = await room.inspect(update)
            # What is known may grow while a worker trims; the rest is then trimmed here.
            if known := room.coverage.known(facts):
                update = await room.trim(update, known)
                facts = await room.inspect(update)
        except ProtocolError as error:
            self._refuse(error)
        except CollabError as error:
            self.failed(error)
        else:
            self._take(update, facts, echo)

    def _take(self, update: bytes, facts: UpdateFacts, echo: bool) -> None:
        if self.over:  # ended, perhaps for lack of rights, while a worker looked at it
            return
        self._asked = self._asked and echo
        may_write, coverage = self.access.role.may_write, self._room.coverage
        if may_write and coverage.continues(facts):
            self._hand_on(update, facts)
        elif not coverage.lacks(facts) and (may_write or not (self._each and echo)):
            if not echo:
                self._room.repeats.add(update)
            if self._each or echo:
                self._owe(self._owed(update))
        elif not may_write:
            self._deny()
        elif echo and not self._synced and coverage.opens_gap(facts):
            self._hold(Update(update), facts)
            return
        else:
            self._accept(update, facts)
        self._synced = self._synced or not echo
        self._release_held()
        while self._behind and not self._asked:
            self._behind -= 1
            self._room.after_saved(self, Receipt(True))

    def _deny(self) -> None:
        self._statuses.refused = True
        self.send(Receipt(False) if self._each else Denied(READ_ONLY))

    def _accept(self, update: bytes, facts: UpdateFacts) -> None:
        """Hand the update on, cut to what is new: merged with other structs under the same ids
        it would shift the clocks of all that follows, and the document could not be read."""
        if known := self._room.coverage.known(facts):
            update = without_known(update, known)
            facts = stored_facts(update)
        self._hand_on(update, facts)

    def _hand_on(self, update: bytes, facts: UpdateFacts) -> None:
        if self._room.write(self, update, facts):
            self._typist = Typist.after(update, facts)
            if self._each:
                self._owe(Receipt(True))

    def _owe(self, message: Owed) -> None:
        """Send it once all that was accepted so far is committed.

        A provider that asks us counts from one, for its answer, whatever it has sent before or
        sends meanwhile: a receipt for anything else would make it take all that for saved.
        """
        if not self._asked:
            self._room.after_saved(self, message)
            return
        self._behind += 1
        if self._behind > self._room.limits.receipts:
            self.close(CloseCode.TRY_LATER, "too many receipts wait for a sync step 2")

    def _owed(self, update: bytes) -> Owed:
        """What tells the peer that this update, of which nothing is new, is committed."""
        return Receipt(True) if self._each else Update(update)

    def _hold(self, message: SyncStatus | Update, facts: UpdateFacts | None) -> None:
        limits = self._room.limits
        if self._held is None:  # as for most, always
            self._held = deque()
        self._held.append((message, facts))
        self._held_bytes += size_of(message)
        if self._held_bytes > limits.unresolved_bytes or len(self._held) > limits.receipts:
            self.close(CloseCode.UNPLACEABLE, "too much waits for earlier updates of its clients")

    def _release_held(self) -> None:
        """Take what was held, in order, as far as its past has come; all of it once the peer
        has sent everything that it has."""
        while self._held:
            message, facts = self._held[0]
            if self._waits(facts):
                return
            self._held.popleft()
            self._held_bytes -= size_of(message)
            coverage = self._room.coverage
            if isinstance(message, Update) and facts is not None and coverage.lacks(facts):
                if self.access.role.may_write:
                    self._accept(message.update, facts)
                else:  # not any more: what waited was not taken
                    self._deny()
            elif isinstance(message, Update):
                self._owe(self._owed(message.update))
            else:
                self._room.after_saved(self, self._statuses.answer(message))

    def _waits(self, facts: UpdateFacts | None) -> bool:
        """Whether an update with these facts, or a status, waits for more that the peer has."""
        ahead = self.codec.claims_ahead if facts is None else self._room.coverage.opens_gap(facts)
        return ahead and not self._synced

    # --- Faults ------------------------------------------------------------------------

    def _refuse(self, error: ProtocolError) -> None:
        limit = isinstance(error, LimitExceeded)
        self.close(CloseCode.TOO_BIG if limit else CloseCode.MALFORMED, str(error))

    def failed(self, error: CollabError) -> None:
        """A document worker could not answer: with so many waiting, or on this one."""
        busy = isinstance(error, Unavailable)
        self.close(CloseCode.TRY_LATER if busy else CloseCode.INTERNAL, str(error))
