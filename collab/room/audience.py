"""Who is sent the same: a message is encoded once for all of them that share a wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collab.protocol.awareness import AwarenessEntry
from collab.protocol.framing import WHOLE, framed
from collab.protocol.messages import AwarenessUpdate, Message, Stateless
from collab.room.codec import Codec, Encode
from collab.room.echoes import Echoes
from collab.room.fanout import Unsent
from collab.room.items import Item, ItemKind
from collab.room.outbox import Outbox
from collab.room.turns import FEW, Turns

if TYPE_CHECKING:
    from collab.room.session import Session


BULK: Final = 2 * 1024 * 1024
"""Bytes of one large message, over all it goes to, that are sent at once."""


class Audience:
    """Sessions by their codec, with their outboxes at hand.

    Few are sent a message at once. Of many it is unsent, and so is all that follows until they
    have it.
    """

    __slots__ = ("_count", "_peers", "_quiet", "_unsent", "echoes")

    def __init__(self, unsent: Unsent) -> None:
        self._unsent = unsent
        self._peers: dict[Codec, dict[Session, Outbox]] = {}
        self._count = 0
        self._quiet = True
        self.echoes = Echoes()

    def add(self, session: Session) -> None:
        self._peers.setdefault(session.codec, {})[session] = session.outbox
        self._count += 1

    def remove(self, session: Session) -> None:
        self.echoes.forget()
        peers = self._peers.get(session.codec)
        if peers is not None and peers.pop(session, None) is not None:
            self._count -= 1
            if not peers:
                del self._peers[session.codec]

    async def break_silence(self, turns: Turns) -> None:
        """Send the impatient something that changes nothing, if nothing was sent to all since
        this was called last."""
        quiet, self._quiet = self._quiet, True
        if not quiet:
            return
        nobody = AwarenessUpdate(())
        for codec, outboxes in tuple(self._peers.items()):
            if codec.impatient:
                item = Item(ItemKind.PRESENCE, codec.frame(nobody))
                for session, outbox in tuple(outboxes.items()):
                    self._unsent.bring(session)
                    outbox.put(item)  # those that are over by now take nothing
                    await turns.pause()

    def _note(self, body: bytes, entries: tuple[AwarenessEntry, ...]) -> None:
        if any(entry.state is None for entry in entries):
            self.echoes.forget()
        else:
            self.echoes.sent(body)

    def show(self, entries: tuple[AwarenessEntry, ...]) -> None:
        """Send presence."""
        self.send(ItemKind.PRESENCE, AwarenessUpdate(entries))

    def send(self, kind: ItemKind, message: Message, since: int = 0, until: int = 0) -> None:
        """The hot path. For `since` and `until` see `Item`."""
        self._quiet = False
        entries = message.entries if isinstance(message, AwarenessUpdate) else ()
        bodies: dict[Encode, bytes] = {}
        unsent = self._unsent
        at_once = self._count <= FEW and unsent.nothing
        later: dict[Encode, Item] = {}
        for codec, outboxes in tuple(self._peers.items()):
            if isinstance(message, Stateless) and not codec.stateless:
                continue
            body = bodies.get(codec.encode)
            if body is None:
                body = bodies[codec.encode] = codec.encode(message)
                if entries:
                    self._note(body, entries)
            if not at_once or (len(body) > WHOLE and len(body) * self._count > BULK):
                if codec.encode not in later:
                    later[codec.encode] = Item(kind, body, since, until, entries, unsent.known())
                continue
            frame = codec.prefix + body if codec.prefix else body
            whole = framed(frame) if len(frame) <= WHOLE else None
            item: Item | None = None
            for outbox in tuple(outboxes.values()):
                if whole is not None and (take := outbox.freely) is not None:
                    take(whole)
                else:
                    item = item or Item(kind, frame, since, until, entries)
                    outbox.put(item)
        if later:
            unsent.add(later)
