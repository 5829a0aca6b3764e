"""Counts how slow readers were served, so that a run can show that each way was taken."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from collab.protocol.awareness import AwarenessEntry
from collab.room import audience, fanout, log, neighbours
from collab.room.catching_up import CatchingUp
from collab.room.items import Part
from collab.room.turns import Turns

Rungs = Counter[str]
ALL = {"waited", "merged", "forgotten", "resynchronised", "answered late", "presence"}


@contextmanager
def counted(rungs: Rungs) -> Iterator[None]:
    """Count in `rungs` what sessions' outboxes are supplied with."""
    waiting, newer = CatchingUp.waiting, CatchingUp.newer
    missing_now, missing = CatchingUp.missing_now, CatchingUp.missing
    presence = CatchingUp.presence

    def count_waiting(supply: CatchingUp) -> None:
        rungs["waited"] += 1
        waiting(supply)

    def count_newer(supply: CatchingUp, since: int, until: int) -> Part | None:
        part = newer(supply, since, until)
        rungs["forgotten" if part is None else "merged"] += 1
        return part

    def count_missing_now(supply: CatchingUp, vector: bytes, *, answer: bool) -> Part | None:
        if answer:
            rungs["answered late"] += not supply._session.over and supply._session.outbox.waits
        else:
            rungs["resynchronised"] += 1
        return missing_now(supply, vector, answer=answer)

    async def count_missing(supply: CatchingUp, vector: bytes, *, answer: bool) -> Part:
        rungs["by a worker"] += 1
        return await missing(supply, vector, answer=answer)

    def count_presence(
        supply: CatchingUp, entries: tuple[AwarenessEntry, ...]
    ) -> tuple[bytes, int]:
        rungs["presence"] += 1
        return presence(supply, entries)

    with mock.patch.multiple(
        CatchingUp,
        waiting=count_waiting,
        newer=count_newer,
        missing_now=count_missing_now,
        missing=count_missing,
        presence=count_presence,
    ):
        yield


@contextmanager
def forgetful(rng: random.Random) -> Iterator[None]:
    """Logs remember little, mostly: else a document of some hundred bytes is never forgotten.
    And three peers may be a crowd."""
    recent = rng.choice([100, 1_000, log.RECENT_BYTES])
    crowd = rng.choice([1, neighbours.STATES_AT_ONCE])
    with (
        mock.patch.object(log, "RECENT_BYTES", recent),
        mock.patch.object(neighbours, "STATES_AT_ONCE", crowd),
    ):
        yield


@contextmanager
def one_by_one(rng: random.Random) -> Iterator[None]:
    """Two peers are a multitude: one after the other is sent what is broadcast, and anything may
    happen in between."""
    longest = rng.choice([0.0, 0.01, 0.1, 0.3])

    class Turned(Turns):
        async def pause(self) -> None:
            await asyncio.sleep(longest * rng.random())

    with (
        mock.patch.object(audience, "FEW", 0),
        mock.patch.object(fanout, "STEP", 1),
        mock.patch.object(fanout, "Turns", Turned),
    ):
        yield
