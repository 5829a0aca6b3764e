"""A server in token mode, and real clients of all kinds that meet on it."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.interop.cases import Kind
from tests.support.clients import Client
from tests.support.pycrdt_peer import PycrdtPeer
from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers

SECRET = "a secret of the tests, which is long enough"
ISSUER = "https://product.example"
SETTINGS = {
    "COLLAB_AUTH": "token",
    "COLLAB_JWT_SECRET": SECRET,
    "COLLAB_JWT_ISSUER": ISSUER,
    "COLLAB_JWT_LEEWAY_SECONDS": "0",
}
HOST = "host"
"""The user who makes the documents."""


def token(
    user: str,
    documents: Mapping[str, str] | None = None,
    *,
    create: bool = False,
    seconds: float = 3600,
    secret: str = SECRET,
) -> str:
    """A signed token; `documents` are roles by document or pattern."""
    now = time.time()
    claims = {
        "iss": ISSUER,
        "aud": "collab",
        "sub": user,
        "name": user.title(),
        "exp": int(now + seconds),
        "documents": dict(documents or {}),
        "create": create,
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


class Party:
    """Clients that are ended with it, and the document that they meet in."""

    def __init__(self, server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient) -> None:
        self.server = server
        self.rest = rest
        self._yjs = yjs
        self._clients: list[Client] = []
        self._numbers = itertools.count()

    async def document(self) -> str:
        """A new document of `HOST`; returns its id."""
        created = await self.rest.post("/documents", json={"title": "Party"})
        created.raise_for_status()
        return str(created.json()["id"])

    async def text(self, document: str) -> str:
        """What everyone else would get."""
        path = f"/documents/{quote(document, safe='')}/content"
        response = await self.rest.get(path, params={"format": "text", "root": "content"})
        response.raise_for_status()
        return response.text.rstrip("\n")

    async def grant(self, document: str, user: str, role: str | None) -> None:
        """Give a role over REST, or with None take it away."""
        path = f"/documents/{quote(document, safe='')}/grants/{user}"
        if role is None:
            response = await self.rest.delete(path)
        else:
            response = await self.rest.put(path, json={"role": role})
        response.raise_for_status()

    async def link(self, document: str, role: str) -> tuple[str, str]:
        """A share link: its id, and the token that is told only now."""
        path = f"/documents/{quote(document, safe='')}/links"
        response = await self.rest.post(path, json={"role": role, "name": "For guests"})
        response.raise_for_status()
        made = response.json()
        return str(made["id"]), str(made["token"])

    async def revoke(self, document: str, link: str) -> None:
        path = f"/documents/{quote(document, safe='')}/links/{link}"
        (await self.rest.delete(path)).raise_for_status()

    async def come(
        self, kind: Kind, name: str, document: str, role: str | None = "editor", **more: Any
    ) -> Client:
        """Open a client for a user of this name with a role of its token; does not wait. More
        are options of `YjsPeers.open`; a `token` replaces the one made here."""
        if "token" not in more:
            more["token"] = token(name, {} if role is None else {document: role})
        user = more.pop("user", {"name": name})
        client: Client
        if kind.key == "pycrdt":
            client = PycrdtPeer(name, self.server.url, document, user=user, token=more["token"])
        else:
            if role == "viewer":
                more["authorization"] = "read-only"
            unique = f"{name} {next(self._numbers)}"
            client = await self._yjs.open(
                unique, self.server.url, document, kind=kind.key, user=user, **more
            )
        self._clients.append(client)
        return client

    async def pair(self, kind: Kind, document: str) -> tuple[Client, Client]:
        """Ann and Bob, both editors, both in."""
        ann = await self.come(kind, "ann", document)
        bob = await self.come(kind, "bob", document)
        await asyncio.gather(ann.synced(), bob.synced())
        return ann, bob

    async def leave(self, client: Client) -> None:
        """End one before the party is over."""
        self._clients.remove(client)
        await client.end()

    async def aclose(self) -> None:
        for client in self._clients:
            await client.end()


async def heard(speaker: Client, listener: Client, round_: int = 0) -> None:
    """Wait until the server has handled all that `speaker` sent: what it shows after that has
    reached `listener`, and frames are handled in their order."""
    await speaker.show({"user": {"name": "speaker"}, "round": round_})
    await listener.sees(speaker.client_id, f'"round":{round_}')


@contextmanager
def store_held_back(data_dir: Path) -> Iterator[None]:
    """Nothing can be committed meanwhile; what is committed can be read."""
    connection = sqlite3.connect(data_dir / "collab.db", isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


@asynccontextmanager
async def rest_of(server: ServerProcess, user: str = HOST) -> AsyncIterator[httpx.AsyncClient]:
    """REST as this user, who may create documents."""
    headers = {"Authorization": f"Bearer {token(user, create=True)}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api", headers=headers) as client:
        yield client
