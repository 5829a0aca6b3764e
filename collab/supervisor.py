"""Several processes that serve one port: started, watched, started again, and stopped together.

This one takes no connection. The first process starts alone, so that it brings the embedded
database up to date and a wrong setting is complained of once; the others follow.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Protocol

from collab.backoff import Backoff
from collab.interfaces import Clock

_log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds until a process that ended is started again; doubled each time, up to this, and
shortened by up to half at random."""
STABLE_SECONDS: Final = 60.0
"""A process that served for as long starts with the first pause again."""
TRIES: Final = 8
"""Starts that fail in a row, with nobody serving, before it is given up."""
FAILED: Final = 1
MISUSED: Final = 2


class Process(Protocol):
    """One of the processes."""

    @property
    def pid(self) -> int: ...

    async def ready(self) -> bool:
        """Wait until it accepts connections; False if it ends before."""

    async def ended(self) -> int:
        """Wait for its end: the exit code, or minus the signal that killed it."""

    def send(self, number: signal.Signals) -> None:
        """Nothing happens if it has ended."""


Start = Callable[[int, int], Process]
"""Starts the process of a number, which had to be started again so many times."""


class Supervisor:
    """Keeps `count` processes running until `stop`."""

    def __init__(
        self,
        count: int,
        start: Start,
        announce: Callable[[], None],
        clock: Clock,
        backoff: Backoff,
        patience: float,
    ) -> None:
        """`announce` is called once, when all serve. `patience`: seconds that a process has to
        end by itself once it was told to."""
        self._start = start
        self._announce = announce
        self._clock = clock
        self._backoff = backoff
        self._patience = patience
        self._restarts = [0] * count
        self._running: dict[int, Process] = {}
        self._serving: set[int] = set()
        self._announced = False
        self._failed_starts = 0
        self._code = 0
        self._first = asyncio.Event()
        self._stopping = asyncio.Event()
        self._killer: asyncio.Task[None] | None = None

    @property
    def running(self) -> Mapping[int, Process]:
        """By number."""
        return self._running

    def stop(self) -> None:
        """Tell all processes to save what is pending and end; the second time, end them."""
        if self._stopping.is_set():
            self._send(signal.SIGKILL)
            return
        self._stopping.set()
        self._send(signal.SIGTERM)
        self._killer = asyncio.create_task(self._kill_late())

    async def run(self) -> int:
        """Returns the exit code once all have ended."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(len(self._restarts)):
                    tasks.create_task(self._keep(number))
        finally:
            self._send(signal.SIGKILL)  # there are some after a failure of our own alone
            if self._killer is not None:
                self._killer.cancel()
        return self._code

    async def _keep(self, number: int) -> None:
        if number:
            await self._unless_stopped(self._first.wait())
        failures = 0
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            process = self._running[number] = self._start(number, self._restarts[number])
            served, code = await self._watch(number, process)
            if self._stopping.is_set():
                self._parted(number, served, code)
            elif not self._gives_up(number, served, code):
                stable = self._clock.monotonic() - started >= STABLE_SECONDS
                failures = 1 if stable else failures + 1
                self._restarts[number] += 1
                pause = self._backoff.pause(failures)
                _log.error(
                    "process %d %s; it is started again in %.1f s",
                    *(number, _how(code), pause),
                    extra={"pid": process.pid, "restarts": self._restarts[number]},
                )
                await self._unless_stopped(self._clock.sleep(pause))

    async def _watch(self, number: int, process: Process) -> tuple[bool, int]:
        """A process's life: whether it served, and how it ended."""
        served = await process.ready()
        if served:
            self._serving.add(number)
            self._failed_starts = 0
            self._first.set()
            if not self._announced and len(self._serving) == len(self._restarts):
                self._announced = True
                self._announce()
        code = await process.ended()
        del self._running[number]
        self._serving.discard(number)
        return served, code

    def _gives_up(self, number: int, served: bool, code: int) -> bool:
        """Whether there is no use in starting it again. What failed by itself has said why."""
        if served:
            return False
        self._failed_starts += 1
        if not self._announced:
            self._code = code if code in (FAILED, MISUSED) else FAILED
            if self._code != code:
                _log.critical("process %d %s before it served", number, _how(code))
        elif self._failed_starts >= TRIES and not self._serving:
            self._code = FAILED
            _log.critical("no process serves, and %d starts failed: giving up", TRIES)
        else:
            return False
        self.stop()
        return True

    def _parted(self, number: int, served: bool, code: int) -> None:
        """It ended after it was told to, which one that did not serve yet does by the signal."""
        if code and not (code == -signal.SIGTERM and not served):
            _log.error("process %d %s", number, _how(code))
            self._code = self._code or FAILED

    async def _kill_late(self) -> None:
        await self._clock.sleep(self._patience)
        for number in self._running:
            _log.error("process %d does not end: it is killed", number)
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in tuple(self._running.values()):
            process.send(number)

    async def _unless_stopped(self, work: Coroutine[Any, Any, object]) -> None:
        """Wait for it, or for `stop`."""
        waits = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
