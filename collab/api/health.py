"""Whether the process lives, and whether it should get traffic."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response, status

from collab.api.parts import BackplanePart, CatalogPart, RegistryPart
from collab.api.schemas import Check, Health, Readiness, ReadyStatus
from collab.errors import CollabError
from collab.interfaces import Catalog
from collab.news import Backplane
from collab.room.registry import Registry

router = APIRouter(tags=["health"])

DATABASE_DEADLINE = 2.0
"""Seconds that the database has to answer."""
UNSAVED_DEADLINE = 10.0
"""Seconds that an edit may wait for its commit before the server says that it is not ready."""


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives and answers. Says nothing of what it depends on."""
    return Health(status="ok")


@router.get(
    "/readyz",
    responses={503: {"model": Readiness, "description": "It should get no traffic now."}},
)
async def readyz(
    response: Response, catalog: CatalogPart, registry: RegistryPart, backplane: BackplanePart
) -> Readiness:
    """Whether the server should get traffic, and what does not work.

    503 while the database does not answer, edits stay unsaved, or the server is stopping. 200
    and `degraded` while edits are safe, but some wait for another try or come late from others.
    """
    found = await readiness(catalog, registry, backplane)
    if not found.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return found


async def readiness(catalog: Catalog, registry: Registry, backplane: Backplane | None) -> Readiness:
    """`backplane` is None where there are no other nodes."""
    stats = registry.stats()
    needed = {
        "database": await check_database(catalog),
        "accepting": _accepting(registry),
        "saving": _saving(stats.unsaved_age),
    }
    wanted = {"commits": _commits(stats.failing_rooms)}
    if backplane is not None:
        wanted["backplane"] = _backplane(backplane)
    checks = {**needed, **wanted}
    sound = all(check.ok for check in checks.values())
    return Readiness(
        ready=all(check.ok for check in needed.values()),
        status=ReadyStatus.READY if sound else ReadyStatus.DEGRADED,
        checks=checks,
    )


async def check_database(catalog: Catalog) -> Check:
    """Whether it answers in time."""
    try:
        async with asyncio.timeout(DATABASE_DEADLINE):
            await catalog.page("", None, 1)
    except TimeoutError:
        return Check(ok=False, detail=f"did not answer within {DATABASE_DEADLINE:g} s")
    except CollabError:
        # Which host refused, and why, is for the log and not for whoever asks.
        return Check(ok=False, detail="does not answer")
    return Check(ok=True, detail="answers")


def _accepting(registry: Registry) -> Check:
    if registry.draining:
        return Check(ok=False, detail="is stopping")
    return Check(ok=True, detail="takes edits")


def _saving(age: float) -> Check:
    if age > UNSAVED_DEADLINE:
        return Check(ok=False, detail=f"the oldest unsaved edit has waited {age:.0f} s")
    return Check(ok=True, detail="edits are saved")


def _commits(failing: int) -> Check:
    if failing:
        return Check(ok=False, detail=f"those of {failing} documents fail, and are tried again")
    return Check(ok=True, detail="succeed")


def _backplane(backplane: Backplane) -> Check:
    if not backplane.connected:
        return Check(ok=False, detail="is not reached: edits come late from other nodes")
    return Check(ok=True, detail="is connected")
