"""A port for `/metrics` alone: a small HTTP server beside the other one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from collab.errors import ConfigError
from collab.listening import listen
from collab.observing.exposition import Exposition

_log = logging.getLogger(__name__)

DEADLINE: Final = 5.0
"""Seconds for a request, and for its answer to be read."""
MAX_HEAD: Final = 16 * 1024
AT_ONCE: Final = 16
"""Connections; more are closed."""
LAST_PORT: Final = 65535


@asynccontextmanager
async def metrics_port(exposition: Exposition, host: str, port: int) -> AsyncIterator[None]:
    """Answer there while entered. Raises ConfigError."""
    if port > LAST_PORT:
        raise ConfigError(f"COLLAB_METRICS_PORT: there is no port {port} for the last process")
    bound = listen(host, port, "COLLAB_METRICS_")
    door = _Door(exposition)
    server = await asyncio.start_server(door.serve, sock=bound, limit=MAX_HEAD)
    try:
        yield
    finally:
        server.close()
        door.close()


class _Door:
    """One request a connection."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if len(self._open) <= AT_ONCE:
                with suppress(OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
                    async with asyncio.timeout(DEADLINE):
                        head = await reader.readuntil(b"\r\n\r\n")
                        writer.write(await self._answer(head.decode("latin-1")))
                        await writer.drain()
                        writer.write_eof()
                        await reader.read()
        except Exception:
            _log.exception("metrics could not be told")
        finally:
            self._open.discard(writer)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    def close(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _answer(self, head: str) -> bytes:
        first, *lines = head.split("\r\n")
        method, target = (*first.split(" "), "", "")[:2]
        if target.partition("?")[0] != "/metrics":
            return _response("404 Not Found", b"The metrics are at /metrics.\n")
        if method not in ("GET", "HEAD"):
            return _response("405 Method Not Allowed", b"", "Allow: GET, HEAD\r\n")
        fields = dict(line.lower().partition(":")[::2] for line in lines)
        text, content_type = await self._exposition.text(fields.get("accept", "").strip())
        answer = _response("200 OK", text, content_type=content_type)
        return answer[: -len(text)] if method == "HEAD" else answer


def _response(
    status: str, body: bytes, more: str = "", content_type: str = "text/plain; charset=utf-8"
) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        f"{more}Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
