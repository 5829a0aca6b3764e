"""Grants over REST: who was given which role in a document."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Path, status

from collab.api.access_schemas import GrantChange, GrantList, UserGrant
from collab.api.parts import (
    CatalogPart,
    DocumentAccess,
    DocumentId,
    SharingPart,
    require_owner,
)
from collab.api.problems import ParameterError, responses
from collab.auth.claims import USER_LENGTH, check_user
from collab.errors import AccessDenied, Unauthenticated
from collab.interfaces import Catalog

router = APIRouter(prefix="/api/documents/{id}/grants", tags=["access"])


def _user_id(
    user: Annotated[
        str,
        Path(description="The user's id, percent-encoded, as tokens give it.", examples=["bob"]),
    ],
) -> str:
    # Decoded here and nowhere else, as the document's id is.
    try:
        text = unquote_to_bytes(user).decode("utf-8")
    except UnicodeDecodeError:
        raise ParameterError("user", "is not percent-encoded UTF-8") from None
    try:
        return check_user(text)
    except Unauthenticated:
        most = f"must be at most {USER_LENGTH} characters"
        raise ParameterError("user", f"{most} on one line, without spaces around it") from None


UserId = Annotated[str, Depends(_user_id)]


@router.get("", responses=responses(400, 401, 403, 404, 422, 503))
async def list_grants(
    document: DocumentId,
    access: DocumentAccess,
    catalog: CatalogPart,
    sharing: SharingPart,
) -> GrantList:
    """Who was given which role, by user. For owners."""
    require_owner(access)
    grants = await sharing.grants.page(document)
    info = await catalog.find(document)
    return GrantList(owner=info.owner, grants=[UserGrant.of(grant) for grant in grants])


@router.put("/{user}", responses=responses(400, 401, 403, 404, 409, 413, 422, 503))
async def put_grant(
    document: DocumentId,
    user: UserId,
    change: GrantChange,
    access: DocumentAccess,
    catalog: CatalogPart,
    sharing: SharingPart,
) -> UserGrant:
    """Give a user a role in the document, or another one. Whoever is connected has it at once.
    For owners."""
    require_owner(access)
    await _require_other(catalog, document, user)
    with sharing.change(document, user):
        grant = await sharing.grants.put(document, user, change.role, access.user)
    return UserGrant.of(grant)


@router.delete(
    "/{user}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def remove_grant(
    document: DocumentId,
    user: UserId,
    access: DocumentAccess,
    catalog: CatalogPart,
    sharing: SharingPart,
) -> None:
    """Take a user's role back; connections that it let in are closed. For owners."""
    require_owner(access)
    await _require_other(catalog, document, user)
    with sharing.change(document, user):
        await sharing.grants.remove(document, user)


async def _require_other(catalog: Catalog, document: str, user: str) -> None:
    if (await catalog.find(document)).owner == user:
        raise AccessDenied("The user created the document and stays its owner.")
