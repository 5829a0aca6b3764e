"""A real pycrdt Provider, with what an application has to bring along: a socket that connects
again, and presence, of which the Provider knows nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import validate_update
from tests.support.clients import Clocks
from tests.support.waiting import Signal

SYNC, AWARENESS, DENIED = 0, 1, 2
STEP_1 = 0
BACKOFF = 0.25
PERMANENT = range(4400, 4500)
TIMEOUT = 4408


class _Channel:
    """`pycrdt.Channel` on a websocket; `seen` is shown each message before the Provider."""

    def __init__(self, socket: ClientConnection, seen: Callable[[bytes], None]) -> None:
        self.path = ""
        self._socket = socket
        self._seen = seen

    def __aiter__(self) -> _Channel:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self.recv()
        except ConnectionClosed:
            raise StopAsyncIteration from None

    async def recv(self) -> bytes:
        message = await self._socket.recv()
        assert isinstance(message, bytes)
        self._seen(message)
        return message

    async def send(self, message: bytes) -> None:
        # What is lost here, the next connection's synchronisation brings.
        with suppress(ConnectionClosed):
            await self._socket.send(message)


class PycrdtPeer:
    """One client: a `pycrdt.Doc`, its Provider, its Awareness. As `tests.support.clients` says.

    Texts are ASCII, since the indexes of pycrdt count bytes.
    """

    def __init__(
        self, name: str, url: str, room: str, *, token: str | None, user: dict[str, str] | None
    ) -> None:
        self.name = name
        self._url = f"{url.replace('http', 'ws', 1)}/ws/{room}"
        self._token = token
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self._text = self._doc.get("content", type=pycrdt.Text)
        self._awareness = pycrdt.Awareness(self._doc)
        self._awareness.set_local_state(None if user is None else {"user": user})
        self._awareness.observe(self._presence_changed)
        self._signal = Signal()
        self._subscription = self._doc.observe(lambda _event: self._signal.fire())
        self._socket: ClientConnection | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._synced = False
        self._echoed = 0
        self._closes: list[int | None] = []
        self._refusals: list[str] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._run())

    @property
    def client_id(self) -> int:
        return self._doc.client_id

    async def _run(self) -> None:
        """Connect, and again after every close that another try may help, or when told to."""
        while True:
            await self._wanted.wait()
            try:
                async with connect(self._address(), compression=None, max_size=None) as socket:
                    await self._attend(socket)
            except (OSError, InvalidHandshake):
                pass  # nobody is there: try again
            else:
                code = socket.close_code
                self._closes.append(code)
                self._signal.fire()
                if code is not None and code in PERMANENT and code != TIMEOUT:
                    self._wanted.clear()
            await asyncio.sleep(BACKOFF)

    def _address(self) -> str:
        return self._url if self._token is None else f"{self._url}?token={self._token}"

    async def _attend(self, socket: ClientConnection) -> None:
        self._socket = socket
        try:
            async with pycrdt.Provider(self._doc, _Channel(socket, self._seen)):
                self._send_presence()
                await socket.wait_closed()
        finally:
            self._socket, self._synced = None, False
            others = [client for client in self._awareness.states if client != self.client_id]
            self._awareness.remove_awareness_states(others, "closed")
            self._signal.fire()

    def _seen(self, message: bytes) -> None:
        if message[0] == AWARENESS:
            update = pycrdt.read_message(message[1:])
            self._awareness.apply_awareness_update(update, "remote")
        elif message[0] == DENIED:
            self._refusals.append(pycrdt.read_message(message[2:]).decode())
        elif message[0] == SYNC and message[1] != STEP_1:
            self._synced = True
            ranges = validate_update(pycrdt.read_message(message[2:])).structs
            own = ranges.get(self.client_id, ())
            self._echoed = max([self._echoed, *(end for _, end in own)])
        # The Provider takes the message when this has returned.
        asyncio.get_running_loop().call_soon(self._signal.fire)

    def _presence_changed(self, topic: str, change: tuple[dict[str, Any], Any]) -> None:
        if topic == "update" and change[1] == "local":
            self._send_presence()
        self._signal.fire()

    def _send_presence(self) -> None:
        if self._socket is None:
            return
        update = self._awareness.encode_awareness_update([self.client_id])
        task = asyncio.create_task(self._send(pycrdt.create_awareness_message(update)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, message: bytes) -> None:
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(message)

    def _describe(self) -> str:
        return (
            f"{self.name}: connected {self._socket is not None}, synced {self._synced}, "
            f"text {str(self._text)!r}, closes {self._closes}, refusals {self._refusals}, "
            f"states {self._awareness.states}, echoed {self._echoed}"
        )

    async def _until(self, holds: Callable[[], bool]) -> None:
        await self._signal.until(holds, self._describe)

    async def synced(self) -> None:
        await self._until(lambda: self._synced)

    def _has_all(self) -> bool:
        clocks = decode_state_vector(self._doc.get_state())
        return self._echoed >= clocks.get(self.client_id, 0)

    async def is_saved(self) -> bool:
        return self._has_all()

    async def saved(self) -> None:
        await self._until(lambda: self._synced and self._has_all())

    async def contains(self, *parts: str) -> None:
        await self._until(lambda: all(part in str(self._text) for part in parts))

    async def shows(self, text: str) -> None:
        await self._until(lambda: str(self._text) == text)

    async def content(self) -> str:
        return str(self._text)

    def _clocks(self) -> Clocks:
        return [list(pair) for pair in sorted(decode_state_vector(self._doc.get_state()).items())]

    async def clocks(self) -> Clocks:
        return self._clocks()

    async def has_clocks(self, clocks: Clocks) -> None:
        await self._until(lambda: self._clocks() == clocks)

    async def insert(self, index: int, text: str) -> None:
        self._text.insert(len(self._text) + 1 + index if index < 0 else index, text)

    async def remove(self, index: int, length: int) -> None:
        del self._text[index : index + length]

    async def states(self) -> dict[int, Any]:
        return dict(self._awareness.states)

    async def show(self, state: dict[str, Any] | None) -> None:
        self._awareness.set_local_state(state)

    async def sees(self, client_id: int, part: str = "") -> None:
        def holds() -> bool:
            state = self._awareness.states.get(client_id)
            return state is not None and part in json.dumps(state, separators=(",", ":"))

        await self._until(holds)

    async def sees_no_more(self, client_id: int) -> None:
        await self._until(lambda: client_id not in self._awareness.states)

    async def offline(self) -> None:
        self._wanted.clear()
        if self._socket is not None:
            await self._socket.close()
        await self._until(lambda: self._socket is None)

    async def online(self) -> None:
        self._wanted.set()

    async def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def closes(self) -> list[int | None]:
        return list(self._closes)

    async def closed(self, code: int) -> None:
        await self._until(lambda: code in self._closes)

    async def refusals(self) -> list[str]:
        return list(self._refusals)

    async def refused(self, count: int = 1) -> None:
        await self._until(lambda: len(self._refusals) >= count)

    async def set_token(self, token: str) -> None:
        self._token = token

    async def end(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        del self._subscription
