"""The pool of document workers: a few warm child processes that take requests in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collab.crdt import calls
from collab.crdt.frames import OK
from collab.crdt.process import WorkerLimits, WorkerProcess
from collab.errors import (
    CollabError,
    DocumentUnreadable,
    LimitExceeded,
    ProtocolError,
    Unavailable,
    WorkerDied,
    WorkerError,
)
from collab.interfaces import Compacted, Format, Kind
from collab.protocol.update import Ranges, UpdateFacts

log = logging.getLogger(__name__)

QUEUE_LIMIT = 1000
"""Requests waiting for a free child. More are refused: they would wait too long anyway, and
each holds its document in memory."""

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
"""Seconds in which no child is started after one failed to; doubled at each failure."""

_ERRORS: dict[bytes, type[CollabError]] = {
    error.__name__.encode(): error
    for error in (DocumentUnreadable, LimitExceeded, ProtocolError, WorkerError)
}
"""What a child may answer instead of a result."""

Answer = asyncio.Future[tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class _Request:
    parts: Sequence[bytes]
    answer: Answer

    @property
    def operation(self) -> str:
        return self.parts[0].decode()


class WorkerPool:
    """A DocumentWorker over `size` child processes that run `module`.

    Children start with the first requests and stay. Each serves one request at a time; the
    longest-waiting request is next. A caller that is cancelled takes the child that works for
    it along: its answer must not reach anyone else, and its time is better spent.
    """

    def __init__(
        self,
        size: int = 2,
        limits: WorkerLimits | None = None,
        *,
        module: str = "collab.worker",
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._requests: asyncio.Queue[_Request] = asyncio.Queue(queue_limit)
        starts = _Starts(module, limits or WorkerLimits())
        self._runners = [_Runner(self._requests, starts) for _ in range(size)]
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def deaths(self) -> int:
        """Children that crashed, overran a limit, or were ended with their request."""
        return sum(runner.deaths for runner in self._runners)

    @property
    def waiting(self) -> int:
        """Requests that no child has taken yet."""
        return self._requests.qsize()

    @property
    def pids(self) -> list[int]:
        """The processes that run now and may take another request."""
        children = [runner.child for runner in self._runners]
        return [child.pid for child in children if child is not None and child.usable]

    async def inspect(self, update: bytes, *, stored: bool = False) -> UpdateFacts:
        operation = "inspect_stored" if stored else "inspect"
        return calls.unpack_facts(await self.call(operation, [update]))

    async def trim(self, update: bytes, known: Mapping[int, Ranges]) -> bytes:
        (trimmed,) = await self.call("trim", [update, calls.pack_known(known)])
        return trimmed

    async def compact(self, updates: Sequence[bytes]) -> Compacted:
        return calls.unpack_compacted(await self.call("compact", updates))

    async def missing(self, updates: Sequence[bytes], state_vector: bytes) -> bytes:
        (update,) = await self.call("missing", [state_vector, *updates])
        return update

    async def render(
        self, update: bytes, root: str, kind: Kind, form: Format, title: str = ""
    ) -> str:
        (text,) = await self.call("render", calls.pack_render(update, root, kind, form, title))
        return calls.unpack_text(text)

    async def call(self, operation: str, parts: Sequence[bytes]) -> tuple[bytes, ...]:
        """Run an operation of the child's table.

        Raises WorkerDied, Unavailable if too many requests wait, or what the operation raises.
        """
        if self._closed:
            raise WorkerDied("the document workers have ended")
        if not self._tasks:
            self._tasks = [asyncio.create_task(runner.run()) for runner in self._runners]
        answer: Answer = asyncio.get_running_loop().create_future()
        try:
            self._requests.put_nowait(_Request([operation.encode(), *parts], answer))
        except asyncio.QueueFull:
            raise Unavailable("too many requests wait for a document worker") from None
        return _result(await answer)

    async def aclose(self) -> None:
        """End all children. Requests under way and waiting fail with WorkerDied."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._requests.empty():
            _refuse(self._requests.get_nowait(), WorkerDied("the document workers have ended"))


class _Starts:
    """Starts children, and after a failed start waits before the next one."""

    def __init__(self, module: str, limits: WorkerLimits) -> None:
        self._module = module
        self._limits = limits
        self._pause = FIRST_PAUSE
        self._not_before = 0.0

    async def start(self) -> WorkerProcess:
        """Raises WorkerDied: for the failure itself, or at once while it is too early."""
        loop = asyncio.get_running_loop()
        if (wait := self._not_before - loop.time()) > 0:
            raise WorkerDied(f"document workers do not start; next try in {wait:.1f} s")
        try:
            child = await WorkerProcess.start(self._module, self._limits)
        except (WorkerDied, OSError) as error:
            log.error("%s; no other is started for %g s", error, self._pause)
            self._not_before = loop.time() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            raise WorkerDied(f"document workers do not start: {error}") from error
        self._pause = FIRST_PAUSE
        return child


class _Runner:
    """Owns one child process at a time, and works off the queue with it."""

    def __init__(self, requests: asyncio.Queue[_Request], starts: _Starts) -> None:
        self._requests = requests
        self._starts = starts
        self.child: WorkerProcess | None = None
        self.deaths = 0

    async def run(self) -> None:
        try:
            while True:
                request = await self._requests.get()
                if not request.answer.done():
                    await self._serve(request)
        finally:
            await self._retire()

    async def _serve(self, request: _Request) -> None:
        try:
            parts = await self._exchange(request)
        except asyncio.CancelledError:
            _refuse(request, WorkerDied("the document workers have ended"))
            raise
        except WorkerDied as error:
            _refuse(request, error)
        except Exception as error:
            # Not foreseen: the child is in an unknown state, and the queue must go on.
            log.exception("%s of %d bytes failed", request.operation, _size(request))
            await self._discard()
            _refuse(request, WorkerDied(f"{request.operation} failed: {type(error).__name__}"))
        else:
            if not request.answer.done():
                request.answer.set_result(parts)

    async def _exchange(self, request: _Request) -> tuple[bytes, ...]:
        """Let the child answer. Stops, and kills it, once nobody waits for the answer."""
        child = await self._ready_child()
        exchange = asyncio.create_task(child.exchange(request.parts))
        try:
            await asyncio.wait({exchange, request.answer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            finished = exchange.done()
            if not finished:
                exchange.cancel()
                await asyncio.wait({exchange})
                await self._discard()
        if not finished:
            return ()
        try:
            return exchange.result()
        except WorkerDied as error:
            log.warning("%s, at %s of %d bytes", error, request.operation, _size(request))
            await self._discard()
            raise

    async def _ready_child(self) -> WorkerProcess:
        if self.child is not None and not self.child.usable:
            await self._retire()
        if self.child is None:
            self.child = await self._starts.start()
        return self.child

    async def _retire(self) -> None:
        child, self.child = self.child, None
        if child is not None:
            await child.stop()

    async def _discard(self) -> None:
        child, self.child = self.child, None
        if child is not None:
            self.deaths += 1
            await child.kill()


def _result(answer: tuple[bytes, ...]) -> tuple[bytes, ...]:
    status, *parts = answer
    if status == OK:
        return tuple(parts)
    message = parts[0].decode(errors="replace") if parts else "no reason given"
    raise _ERRORS.get(status, WorkerError)(message)


def _refuse(request: _Request, error: WorkerDied) -> None:
    if not request.answer.done():
        request.answer.set_exception(error)


def _size(request: _Request) -> int:
    return sum(map(len, request.parts))
