"""Who is sent the same: a message is encoded once for all of them that share a wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from collab.protocol.awareness import AwarenessEntry
from collab.protocol.framing import WHOLE, framed
from collab.protocol.messages import AwarenessUpdate, Message, Stateless
from collab.room.codec import Codec
from collab.room.echoes import Echoes
from collab.room.items import Item, ItemKind
from collab.room.outbox import Outbox
from collab.room.turns import Turns

if TYPE_CHECKING:
    from collab.room.session import Session


class Audience:
    """Sessions by their codec, with their outboxes at hand."""

    __slots__ = ("_peers", "_quiet", "echoes")

    def __init__(self) -> None:
        self._peers: dict[Codec, dict[Session, Outbox]] = {}
        self._quiet = True
        self.echoes = Echoes()

    def add(self, session: Session) -> None:
        self._peers.setdefault(session.codec, {})[session] = session.outbox

    def remove(self, session: Session) -> None:
        self.echoes.forget()
        peers = self._peers.get(session.codec)
        if peers is not None:
            peers.pop(session, None)
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
                for outbox in tuple(outboxes.values()):
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
        bodies: dict[Callable[[Message], bytes], bytes] = {}
        for codec, outboxes in tuple(self._peers.items()):
            if isinstance(message, Stateless) and not codec.stateless:
                continue
            body = bodies.get(codec.encode)
            if body is None:
                body = bodies[codec.encode] = codec.encode(message)
                if entries:
                    self._note(body, entries)
            frame = codec.prefix + body if codec.prefix else body
            whole = framed(frame) if len(frame) <= WHOLE else None
            item: Item | None = None
            for outbox in tuple(outboxes.values()):
                if whole is not None and (take := outbox.freely) is not None:
                    take(whole)
                else:
                    item = item or Item(kind, frame, since, until, entries)
                    outbox.put(item)
