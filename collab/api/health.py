"""Whether the process lives, and whether it should get traffic."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response, status

from collab.api.parts import CatalogPart, RegistryPart
from collab.api.schemas import Check, Health, Readiness
from collab.errors import CollabError
from collab.interfaces import Catalog
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
    responses={503: {"model": Readiness, "description": "At least one check fails."}},
)
async def readyz(response: Response, catalog: CatalogPart, registry: RegistryPart) -> Readiness:
    """The database answers, edits are being saved, and the server is not stopping."""
    checks = {
        "database": await check_database(catalog),
        "accepting": _accepting(registry),
        "saving": _saving(registry),
    }
    ready = all(check.ok for check in checks.values())
    if not ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(ready=ready, checks=checks)


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


def _saving(registry: Registry) -> Check:
    age = registry.stats().unsaved_age
    if age > UNSAVED_DEADLINE:
        return Check(ok=False, detail=f"the oldest unsaved edit has waited {age:.0f} s")
    return Check(ok=True, detail="edits are saved")
