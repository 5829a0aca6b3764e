"""Real Yjs clients of all kinds in a Node process, driven from Python."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from tests.support.clients import Clocks, converged
from tests.support.node import start_node
from tests.support.waiting import WITHIN

__all__ = ["YjsPeer", "YjsPeers", "converged", "yjs_peers"]

Root = Literal["text", "xml"]


class YjsError(AssertionError):
    """A client could not do what it was told, or what it waited for did not come."""


class YjsPeers:
    """A Node process that holds any number of clients. Made by `yjs_peers`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())
        self._next = 0

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Do one of the operations of `tests/node/peers.js`. Raises YjsError."""
        assert self._process.stdin is not None
        self._next += 1
        number = self._next
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        request = {"id": number, "op": operation, **arguments}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return await answer

    async def open(
        self,
        name: str,
        url: str,
        room: str,
        *,
        user: dict[str, str] | None = None,
        client_id: int | None = None,
        kind: str = "y-websocket-3",
        token: str | None = None,
        backoff: int = 250,
        **more: Any,
    ) -> YjsPeer:
        """Make a client and connect it to the server at `url` (`http://host:port`); does not
        wait. What `kind` and `more` may be is listed in `tests/node/peers/peer.js`."""
        options = {
            "kind": kind,
            "url": url,
            "room": room,
            "user": user,
            "clientId": client_id,
            "token": token,
            "backoff": backoff,
            **more,
        }
        given = {key: value for key, value in options.items() if value is not None}
        return YjsPeer(self, name, await self.call("open", peer=name, options=given))

    async def load(self, update: bytes, root: str, kind: Root) -> dict[str, Any]:
        """`content`, `clocks` and `pending` of a fresh Yjs document made from an update."""
        data = base64.b64encode(update).decode()
        loaded: dict[str, Any] = await self.call("load", update=data, root=root, kind=kind)
        return loaded

    async def aclose(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._answers.pop(answer["id"])
            if waiting.cancelled():
                continue
            if "error" in answer:
                waiting.set_exception(YjsError(answer["error"]))
            else:
                waiting.set_result(answer["result"])
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(YjsError("the Node process ended"))


class YjsPeer:
    """One client: a `Y.Doc`, its provider, its awareness."""

    def __init__(self, peers: YjsPeers, name: str, client_id: int) -> None:
        self._peers = peers
        self.name = name
        self.client_id = client_id

    async def call(self, operation: str, **arguments: Any) -> Any:
        return await self._peers.call(operation, peer=self.name, **arguments)

    async def until(self, condition: str, *, within: float = WITHIN, **arguments: Any) -> None:
        """Wait for one of the conditions of `tests/node/peers.js`. Raises YjsError when late."""
        await self.call("until", condition=condition, within=int(within * 1000), **arguments)

    async def synced(self) -> None:
        await self.until("synced")

    async def saved(self, within: float = WITHIN) -> None:
        """Wait for a receipt that covers every edit made until now."""
        await self.call("saved", within=int(within * 1000))

    async def shows(self, text: str, root: str = "content", kind: Root = "text") -> None:
        """Wait until the root reads exactly so."""
        await self.until("content", root=root, kind=kind, equals=text)

    async def contains(
        self, *parts: str, root: str = "content", kind: Root = "text", within: float = WITHIN
    ) -> None:
        await self.until("contains", root=root, kind=kind, parts=parts, within=within)

    async def insert(
        self,
        index: int,
        text: str,
        root: str = "content",
        *,
        paragraph: int | None = None,
        marks: dict[str, Any] | None = None,
    ) -> None:
        """Type into a shared text, or into the nth paragraph of an XML fragment. A negative
        index counts from the end; -1 is the end."""
        await self.call(
            "insert", root=root, paragraph=paragraph, index=index, text=text, marks=marks
        )

    async def remove(
        self, index: int, length: int, root: str = "content", *, paragraph: int | None = None
    ) -> None:
        await self.call("remove", root=root, paragraph=paragraph, index=index, length=length)

    async def content(self, root: str = "content", kind: Root = "text") -> str:
        return str(await self.call("content", root=root, kind=kind))

    async def clocks(self) -> Clocks:
        clocks: Clocks = await self.call("clocks")
        return clocks

    async def update(self) -> bytes:
        """The whole document as one update."""
        return base64.b64decode(await self.call("update"))

    async def states(self) -> dict[int, Any]:
        """Presence as this client sees it, by client id."""
        return dict(await self.call("states"))

    async def show(self, state: dict[str, Any] | None) -> None:
        """Set the own presence; None takes it away."""
        await self.call("show", state=state)

    async def sees(self, client_id: int, part: str = "") -> None:
        """Wait for someone's presence, with `part` in its JSON."""
        await self.until("state", client=client_id, part=part)

    async def sees_no_more(self, client_id: int) -> None:
        await self.until("gone", client=client_id)

    async def offline(self) -> None:
        """Take its network away."""
        await self.call("offline")
        await self.until("disconnected")

    async def online(self) -> None:
        await self.call("online")

    async def cut(self) -> None:
        """Cut its socket as a lost network does, without a closing handshake."""
        await self.call("cut")

    async def is_saved(self) -> bool:
        """Whether, as the client itself sees it, the server has all of its edits."""
        return bool(await self.call("isSaved"))

    async def has_clocks(self, clocks: Clocks) -> None:
        """Wait until its state vector is this one, and nothing is pending."""
        await self.until("clocks", equals=clocks)

    async def closes(self) -> list[int | None]:
        """The codes that its sockets, or its document on one, were closed with."""
        codes: list[int | None] = await self.call("closes")
        return codes

    async def closed(self, code: int) -> None:
        await self.until("closed", code=code)

    async def refusals(self) -> list[str]:
        """The reasons that it was given for being refused."""
        reasons: list[str] = await self.call("refusals")
        return reasons

    async def refused(self, count: int = 1) -> None:
        await self.until("refused", count=count)

    async def set_token(self, token: str) -> None:
        """The token that it gives when it is next asked for one."""
        await self.call("token", token=token)

    async def end(self) -> None:
        await self.call("end")


@asynccontextmanager
async def yjs_peers() -> AsyncIterator[YjsPeers]:
    peers = YjsPeers(await start_node("peers.js"))
    try:
        yield peers
    finally:
        await peers.aclose()
