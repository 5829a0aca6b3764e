"""What a product that embeds Collab can have a say in.

Subclass `Hooks`, override what you need, and hand an instance to `collab.create_app` or
`collab.Service`. What is not overridden costs nothing. All methods run in the event loop of
the service: code that blocks blocks everybody.

Two may refuse, with an error of `collab.errors`: `on_authenticate` and `on_load`, because
nobody is let in without their answer; if they fail in another way nobody is let in either. The
others hear what happened and have no say in it: what they raise is logged and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from collab.access import Access, Credentials, Identity
from collab.interfaces import Kind
from collab.protocol.close import CloseCode


@dataclass(frozen=True, slots=True)
class Unknown:
    """A document that the store does not know, and who opens it: someone who may create it."""

    document: str
    access: Access


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What a document is created with. `seed` is a Yjs update (v1), held to the same rules as
    one of a peer; `owner` is a user, the one who opens it if None."""

    title: str = ""
    kind: Kind = Kind.NOTE
    seed: bytes | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What was committed to a document since the change before.

    `sequence` is the document's, the same as its ETag over REST: it grows, and a change holds
    all up to it. `update` is a Yjs update (v1); None if more came than may wait: then read the
    document. `users` are those who wrote it, each once.
    """

    document: str
    sequence: int
    update: bytes | None
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """One way into one document: a connection may have many. `id` is its own as long as the
    process lives; `access` is what it had when it joined; `wire` is the name of its protocol."""

    id: str
    document: str
    access: Access
    wire: str


@dataclass(frozen=True, slots=True)
class StatelessMessage:
    """What a client sent beside the document: to the server alone, kept nowhere.

    `access` is what the sender may do now: a viewer may send such messages too.
    """

    peer: Peer
    access: Access
    payload: str
    _reply: Callable[[str], None] = field(repr=False, compare=False)
    _broadcast: Callable[[str], None] = field(repr=False, compare=False)

    @property
    def document(self) -> str:
        return self.peer.document

    def reply(self, payload: str) -> None:
        """Answer the sender; nothing happens if it is gone."""
        self._reply(payload)

    def broadcast(self, payload: str) -> None:
        """Send to all peers of the document, the sender included, on whatever node they are,
        whose wire can carry it."""
        self._broadcast(payload)


class Hooks:
    """Every method may be left as it is."""

    async def on_authenticate(self, credentials: Credentials) -> Identity | None:
        """Who sends this request: asked once for each REST request and each connection, and
        again for each token that a connection brings later.

        The identity's own rights, the grants of its user and a share link that it brings say
        what it may do, whatever the configured mode; its name is shown as given here. None
        leaves the decision to that mode: in open mode, to let in a guest who owns everything.
        Raise Unauthenticated or AccessDenied to refuse.
        """
        return None

    async def on_load(self, unknown: Unknown) -> NewDocument | None:
        """Someone who may create documents opens one that does not exist, over any wire or to
        write into it: what to create it with, in the one transaction that does; None creates it
        empty.

        Asked after the rights, and once at a time for each document; not by what creates a
        document outright, such as `POST /api/documents`. Raise DocumentNotFound if there is to
        be no such document.
        """
        return None

    async def on_change(self, change: Change) -> None:
        """Updates were committed by this process. Called in the order of the sequences, once at
        a time for each document: what is committed meanwhile is the next change."""

    async def on_stateless(self, message: StatelessMessage) -> None:
        """A client sent a message beside the document. Its next one waits until this is done."""

    async def on_connect(self, peer: Peer) -> None:
        """A peer has joined a document."""

    async def on_disconnect(self, peer: Peer, code: CloseCode | None) -> None:
        """A peer has left. Called once for each `on_connect`, after it. `code` is what the
        server closed it with; None if it left by itself or was lost."""


def overridden(hooks: Hooks | None, name: str) -> bool:
    """Whether the method of this name does anything."""
    method = getattr(hooks, name, None)
    return method is not None and getattr(method, "__func__", None) is not getattr(Hooks, name)
