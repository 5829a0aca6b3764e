"""A peer with a real replica of the document, speaking the y-websocket wire."""

from __future__ import annotations

import asyncio
import re
from typing import Protocol

from pycrdt import Array, Doc, Text, TransactionEvent

from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import (
    AwarenessUpdate,
    Message,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from tests.support.network import Connection

RENEW = 15.0
TOKEN = re.compile(rb"<[a-z]+[0-9]+\.[0-9]+>")


class Observer(Protocol):
    """Is told what peers learn, at the moment they learn it."""

    def heard(self, peer: str, tokens: set[bytes]) -> None:
        """A frame of the server held these tokens, placed or not."""

    def seen(self, tokens: set[bytes]) -> None:
        """These tokens of others are there to be read."""

    def acknowledged(self, peer: str, tokens: set[bytes]) -> None:
        """A receipt covers these tokens of its own."""

    def closed(self, peer: str, code: CloseCode | None) -> None: ...


class Replica:
    """Edits an array of unique tokens, whose order nobody decides, and a text in which
    everybody inserts and deletes. Offline edits stay in the document and go out on return."""

    def __init__(self, name: str, client: int, observer: Observer) -> None:
        self.name = name
        self.client = client
        self.doc: Doc[Array[str] | Text] = Doc(client_id=client)
        self.tokens = self.doc.get("tokens", type=Array)
        self.text = self.doc.get("text", type=Text)
        self.created: list[bytes] = []
        self.present: dict[int, tuple[str, float]] = {}
        """The states of others, and when they were last heard of."""
        self.verified = False
        """Whether the server knows who it is."""
        self.echoes = False
        """Whether it sends back what it hears of others, as y-websocket does."""
        self._observer = observer
        self._connection: Connection | None = None
        self._sent: set[bytes] = set()
        self._complete = False
        """Whether the server was sent all that it lacked on this connection: until then it may
        hold an edit, and have said so, that nobody can place without the ones before."""
        self._asked: list[set[bytes]] = []
        self._clock = 0
        self._met: dict[int, int] = {}
        """The clocks of others, which it remembers from one connection to the next."""
        self._shown_at = 0.0
        self._applying = False
        self._update: bytes | None = None
        self._subscription = self.doc.observe(self._changed)

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def online(self, connection: Connection) -> None:
        self._connection = connection
        self._sent, self._asked, self._complete = set(), [], False
        self._say(SyncStep1(self.doc.get_state()))
        self.show()

    def cut(self, notice_after: float | None) -> None:
        if self._connection is not None:
            self._connection.cut(notice_after)

    def stall(self, seconds: float) -> None:
        """Read nothing for so long."""
        if self._connection is not None:
            self._connection.stall(seconds)

    # --- Editing -----------------------------------------------------------------------

    def add_token(self, at: float) -> None:
        token = f"<{self.name}.{len(self.created)}>"
        self.created.append(token.encode())
        self.tokens.insert(int(at * (len(self.tokens) + 1)), token)
        self._send_edit({token.encode()})

    def insert_text(self, at: float, text: str) -> None:
        self.text.insert(int(at * (len(self.text) + 1)), text)
        self._send_edit(set())

    def delete_text(self, at: float, count: int) -> None:
        start = int(at * len(self.text))
        stop = min(len(self.text), start + count)
        if start < stop:
            del self.text[start:stop]
            self._send_edit(set())

    def show(self) -> None:
        """Say its own presence again."""
        self._clock += 1
        state = f'{{"user":{{"name":"{self.name}"}}}}'
        self._say(AwarenessUpdate((AwarenessEntry(self.client, self._clock, state),)))

    def renew(self, now: float) -> None:
        """As Yjs clients do, so that others do not take it for gone."""
        if self.connected and now - self._shown_at >= RENEW:
            self._shown_at = now
            self.show()

    def resync(self) -> None:
        """Ask again for what it may lack, as providers can do now and then."""
        self._say(SyncStep1(self.doc.get_state()))

    def ask_receipt(self) -> None:
        if self._connection is not None:
            self._asked.append(set(self._sent) if self._complete else set())
            self._say(SyncStatus(str(len(self._asked)).encode()))

    # --- Hearing -----------------------------------------------------------------------

    def hear(self, frame: bytes) -> None:
        match yjs.decode(frame):
            case SyncStep1(state_vector):
                self._sent.update(self.created)
                self._complete = True
                self._say(SyncStep2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | Update(update):
                self._observer.heard(self.name, set(TOKEN.findall(update)))
                self._apply(update)
                self._observer.seen({token.encode() for token in self.tokens} - {*self.created})
            case SyncStatus(payload):
                self._observer.acknowledged(self.name, self._asked[int(payload) - 1])
            case AwarenessUpdate(entries):
                news = [entry for entry in entries if self._meet(entry)]
                if news and self.echoes:
                    self._say(AwarenessUpdate(tuple(news)))
            case other:
                raise AssertionError(f"{self.name} was sent {other}")

    def lost(self, code: CloseCode | None) -> None:
        self._connection = None
        self.present = {}
        self._observer.closed(self.name, code)

    def _apply(self, update: bytes) -> None:
        self._applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self._applying = False

    def _meet(self, entry: AwarenessEntry) -> bool:
        """As y-protocols do: only a higher clock is news, or an end at the same clock; and it
        contradicts who says that it is gone itself."""
        if entry.client == self.client:
            if entry.state is None and entry.clock >= self._clock:
                self._clock = entry.clock
                self.show()
            self._clock = max(self._clock, entry.clock)
            return False
        clock = self._met.get(entry.client, -1)
        ends = entry.clock == clock and entry.state is None and entry.client in self.present
        if entry.clock <= clock and not ends:
            return False
        self._met[entry.client] = entry.clock
        if entry.state is None:
            self.present.pop(entry.client, None)
        else:
            now = asyncio.get_running_loop().time()
            self.present[entry.client] = (entry.state, now)
        return True

    def _changed(self, event: TransactionEvent) -> None:
        if not self._applying:
            self._update = event.update

    def _send_edit(self, tokens: set[bytes]) -> None:
        update, self._update = self._update, None
        if self._connection is not None and update is not None:
            self._sent |= tokens
            self._say(Update(update))

    def _say(self, message: Message) -> None:
        if self._connection is not None:
            self._connection.say(yjs.encode(message))
