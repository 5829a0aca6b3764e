"""The application in token mode, and callers with tokens of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from collab.access import Link, Role
from collab.app import Service
from collab.auth.links import mint_link_secret
from tests.support.asgi import AsgiSocket
from tests.support.tokens import ISSUER, SECRET, token

MODE: dict[str, Any] = {
    "auth": "token",
    "jwt_secret": SECRET,
    "jwt_issuer": ISSUER,
    "jwt_leeway_seconds": 0,
}
"""Overrides of the settings."""


@dataclass(frozen=True, slots=True)
class Guarded:
    app: FastAPI
    service: Service
    http: httpx.AsyncClient

    async def call(
        self, bearer: str | None, method: str, path: str, body: object = None
    ) -> httpx.Response:
        """A request by whoever bears the token; a body that is not bytes is sent as JSON."""
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        if isinstance(content, str):
            headers["Content-Type"] = "application/json"
        return await self.http.request(method, path, content=content, headers=headers)

    async def document(self, owner: str = "ada") -> str:
        """A new document of `owner`'s."""
        made = await self.call(token(owner, create=True), "POST", "/api/documents", {})
        assert made.status_code == 201
        identifier: str = made.json()["id"]
        return identifier

    async def link(self, document: str, role: Role, expires: float | None = None) -> str:
        """The token of a new link, made past the interface."""
        bearer, secret_hash = mint_link_secret(self.service.random)
        name = f"{self.service.random.getrandbits(64):x}"
        link = Link(name, document, role, "", "ada", self.service.clock.time(), expires)
        await self.service.links.add(link, secret_hash)
        return bearer

    def socket(self, document: str, bearer: str) -> AsgiSocket:
        query = f"token={quote(bearer)}".encode()
        return AsgiSocket(self.app, f"/ws/{document}", query_string=query)
