"""Peers that read slowly: how they come to it, and what they get in the end."""

from __future__ import annotations

from collab.protocol import yjs
from collab.protocol.messages import Message, Receipt, SyncStep2, Update
from collab.room.codec import Codec, Receipts
from tests.room.house import House, Peer, settle
from tests.support.edits import Author

RECEIPT = b"\x08\x01"


def _encode(message: Message) -> bytes:
    return RECEIPT if isinstance(message, Receipt) else yjs.encode(message)


EACH = Codec("each", yjs.decode, _encode, receipts=Receipts.EACH)


async def slow_peer(house: House, name: str = "slow") -> Peer:
    """A peer that has the document, and reads nothing from now on."""
    peer = await house.synced(name)
    peer.channel.stall()
    return peer


async def type_on(peer: Peer, author: Author, frames: int = 50) -> None:
    for _ in range(frames):
        await peer.write(author.write("x" * 100))
        await settle()


async def read_on(peer: Peer) -> list[Message]:
    """The network takes what it is given, for as long as there is something; what came."""
    peer.channel.stall()
    while peer.channel.buffered or peer.session.outbox.waits:
        peer.channel.take(peer.channel.buffered)
        await settle()
    peer.channel.resume()
    return peer.heard()


def updates(messages: list[Message]) -> list[bytes]:
    return [m.update for m in messages if isinstance(m, Update | SyncStep2)]
