"""Whom the server takes the caller for, over REST."""

from __future__ import annotations

from fastapi import APIRouter

from collab.api.access_schemas import Me, moment
from collab.api.parts import ModePart, ServiceAccess
from collab.api.problems import responses

router = APIRouter(prefix="/api/me", tags=["access"])


@router.get("", responses=responses(401, 403, 503))
async def read_me(access: ServiceAccess, mode: ModePart) -> Me:
    """Who the caller is, and what that lets it do without regard to a document."""
    return Me(
        user=access.user,
        name=access.name,
        mode=mode,
        may_create=access.may_create,
        expires=None if access.expires is None else moment(access.expires),
    )
