"""Running the application on uvicorn: the sockets, the signals, and the end without loss."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from collab import garbage
from collab.admission.addresses import Addresses
from collab.admission.doors import ROOM, Doors
from collab.app import Service
from collab.interfaces import Clock
from collab.listening import BACKLOG, listen, url_of
from collab.observing.exposition import Exposition
from collab.observing.port import metrics_port
from collab.place import Place
from collab.settings import Settings
from collab.sockets import SocketsFirst
from collab.transport.turnstile import Turnstile
from collab.transport.uvicorn_http import bounded
from collab.transport.uvicorn_intake import metered
from collab.transport.uvicorn_websocket import BoundedWebSocketProtocol, keep_little_unsent

_log = logging.getLogger(__name__)

PARTING_SECONDS: Final = 1.0
"""For the peers to answer their close, after the drain."""
_LOOK_SECONDS: Final = 0.02
GRACE_SECONDS: Final = 1
"""What requests under way get after the drain; then their tasks are cancelled."""


class Server(uvicorn.Server):
    """Serves until the first signal, or the end of the process that started it beside others,
    then drains; a second signal ends the process at once.

    Nothing that anyone was told is saved depends on the drain: it spares peers the repetition
    of what was under way.
    """

    def __init__(
        self,
        app: FastAPI,
        service: Service,
        settings: Settings,
        announce: Callable[[], None],
        line: socket.socket | None = None,
    ) -> None:
        """`line` is at its end once the process that started this one is gone."""
        self._doors = Doors(ROOM * settings.connections, ROOM * settings.connections_per_address)
        super().__init__(_config(app, settings, self._doors, service.clock))
        self._service = service
        self._drain_seconds = settings.drain_seconds
        self._announce = announce
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in sockets or ():
            keep_little_unsent(listening)
        await super().startup(sockets)
        if self._line is not None:
            asyncio.get_running_loop().add_reader(self._line, self._left_alone)
        clock = self._service.clock
        self._tidying = asyncio.create_task(garbage.collect_garbage(self._doors, clock))
        self._announce()
        self._service.worker.warm()

    def _left_alone(self) -> None:
        assert self._line is not None
        asyncio.get_running_loop().remove_reader(self._line)
        _log.error("the process that started this one is gone")
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping: saving what is pending")
        self._tidying.cancel()
        for server in self.servers:
            server.close()
        if not await self._service.drain(self._drain_seconds):
            _log.error("not everything could be saved in time; its authors have no receipt")
        await self._let_peers_part()
        await super().shutdown(sockets)

    async def _let_peers_part(self) -> None:
        """Wait until the peers have answered their close. A socket that is closed while a peer
        still sends is reset, and then the peer may never read why."""
        for _ in range(round(PARTING_SECONDS / _LOOK_SECONDS)):
            connections = self.server_state.connections
            if not any(isinstance(c, BoundedWebSocketProtocol) for c in connections):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at the end, which makes a clean stop look like
        # a death by signal; and takes a second SIGTERM for the first.
        before = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + number)
        self.should_exit = True


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _config(app: FastAPI, settings: Settings, doors: Doors, clock: Clock) -> uvicorn.Config:
    turnstile = Turnstile(clock.monotonic)
    return uvicorn.Config(
        SocketsFirst(app, Addresses(settings.trusted_proxies)),
        # uvicorn would take an object that only returns what is to be awaited for ASGI 2.
        interface="asgi3",
        # Started and stopped here, so that a failure is our error and not uvicorn's traceback.
        lifespan="off",
        http=bounded(doors, turnstile),
        ws=metered(doors, turnstile, settings.unauthenticated_bytes, settings.heartbeat_seconds),
        # The endpoint holds most messages to less; see `first_sync_bytes`.
        ws_max_size=max(settings.message_bytes, settings.first_sync_bytes) + 1024,
        # 15 KB of a compressed frame can become 15 MiB.
        ws_per_message_deflate=False,
        ws_ping_interval=settings.heartbeat_seconds,
        ws_ping_timeout=settings.heartbeat_seconds,
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def serve(
    app: FastAPI,
    service: Service,
    settings: Settings,
    ready: Callable[[str], None],
    place: Place | None = None,
) -> None:
    """Serve until a signal. `ready` is called with the URL once connections are accepted; or,
    in a `place` beside other processes, the one that started them is told.

    Raises ConfigError or StorageError if the service cannot start.
    """
    bound = listen(settings.host, settings.port) if place is None else place.bound
    try:
        await service.start()
        url = url_of(bound, settings.host)
        if place is None:
            server = Server(app, service, settings, lambda: ready(url))
        else:
            server = Server(app, service, settings, place.announce, place.line)
        async with _metrics(service, settings, place):
            await server.serve(sockets=[bound])
    finally:
        # Also after a start that failed: a connection to the database is a thread that would
        # keep the process.
        bound.close()
        await service.aclose()


def _metrics(
    service: Service, settings: Settings, place: Place | None
) -> AbstractAsyncContextManager[None]:
    """The port for metrics alone, if there is to be one."""
    if settings.metrics_port is None:
        return nullcontext()
    exposition = Exposition(service, 0 if place is None else place.restarts)
    number = 0 if place is None else place.number
    return metrics_port(exposition, settings.metrics_host, settings.metrics_port + number)


def run(
    app: FastAPI,
    service: Service,
    settings: Settings,
    ready: Callable[[str], None],
    place: Place | None = None,
) -> None:
    """`serve` on the fastest event loop there is."""
    # What is there by now stays: it need not be looked through again and again.
    gc.freeze()
    gc.set_threshold(*garbage.THRESHOLDS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(app, service, settings, ready, place))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
