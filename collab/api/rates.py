"""Where requests come from, and how many are taken: an ASGI layer inside of `edge`."""

from __future__ import annotations

from typing import Final

from collab.admission.addresses import Addresses
from collab.admission.connections import Admission
from collab.api.edge import PROBES, App, Receive, Scope, Send
from collab.api.problems import refusal
from collab.errors import TooFrequent

_HTTP: Final = "http"


class Rates:
    """Puts the peer's own address in the place of a trusted proxy's, for sockets too, and
    answers 429 to who asks too often. Probes are let through."""

    def __init__(self, app: App, admission: Admission, addresses: Addresses) -> None:
        self._app = app
        self._admission = admission
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" not in scope:  # the lifespan
            await self._app(scope, receive, send)
            return
        address = self._addresses.of(scope)
        # The port is a proxy's own: of the peer's nothing is known.
        scope = {**scope, "client": (address, 0) if address else None}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["type"] == _HTTP and path not in PROBES:
            try:
                self._admission.request(address)
            except TooFrequent as error:
                await refusal(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
