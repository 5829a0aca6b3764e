"""Share links over REST."""

from __future__ import annotations

from random import Random

from fastapi import APIRouter, Request, status

from collab.access import Access, Link
from collab.api.access_schemas import LinkList, MadeLink, NewLink, ShareLink
from collab.api.parts import (
    DocumentAccess,
    DocumentId,
    RandomPart,
    SharingPart,
    require_owner,
)
from collab.api.problems import FieldError, responses
from collab.auth.links import mint_link_secret

router = APIRouter(prefix="/api/documents/{id}/links", tags=["access"])


@router.get("", responses=responses(400, 401, 403, 404, 422, 503))
async def list_links(
    document: DocumentId, access: DocumentAccess, sharing: SharingPart
) -> LinkList:
    """The share links, newest first, without their secrets. For owners."""
    require_owner(access)
    return LinkList(links=[ShareLink.of(link) for link in await sharing.links.page(document)])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 401, 403, 404, 409, 413, 422, 503),
)
async def create_link(
    document: DocumentId,
    new: NewLink,
    access: DocumentAccess,
    sharing: SharingPart,
    random: RandomPart,
    request: Request,
) -> MadeLink:
    """Make a link: whoever has it has its role. Its token is in this answer alone. For owners."""
    require_owner(access)
    now = sharing.clock.time()
    if new.expires is not None and new.expires.timestamp() <= now:
        raise FieldError("/expires", "must be in the future")
    link = _link(document, new, access, now, random)
    token, secret_hash = mint_link_secret(random)
    with sharing.change(document, link.id):
        await sharing.links.add(link, secret_hash)
    return MadeLink.made(link, token, sharing.page_of(request, document, token))


@router.delete(
    "/{link}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def revoke_link(
    document: DocumentId, link: str, access: DocumentAccess, sharing: SharingPart
) -> None:
    """Revoke a link for good; connections that it let in are closed. For owners."""
    require_owner(access)
    with sharing.change(document, link):
        await sharing.links.revoke(document, link)


def _link(document: str, new: NewLink, access: Access, now: float, random: Random) -> Link:
    expires = None if new.expires is None else new.expires.timestamp()
    name = f"{random.getrandbits(72):018x}"
    return Link(name, document, new.role, new.name, access.user, now, expires)
