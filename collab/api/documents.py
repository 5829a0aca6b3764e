"""The catalog over REST: list, create, look up, rename, delete."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request, Response, status

from collab.access import Role
from collab.api.conditions import etag_of, matches
from collab.api.parts import (
    CatalogPart,
    DocumentAccess,
    DocumentId,
    RandomPart,
    RegistryPart,
    ServiceAccess,
    require_create,
    require_owner,
    require_write,
)
from collab.api.problems import ConditionError, ParameterError, responses
from collab.api.schemas import Document, DocumentChange, DocumentList, NewDocument
from collab.protocol.ids import mint_document_id

router = APIRouter(prefix="/api/documents", tags=["documents"])

MAX_PAGE = 100


@router.get("", responses=responses(401, 403, 422, 503))
async def list_documents(
    access: ServiceAccess,
    catalog: CatalogPart,
    query: Annotated[
        str, Query(max_length=200, description="Only titles that hold this, in any case.")
    ] = "",
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> DocumentList:
    """The documents that the caller may see, newest edit first, a page at a time."""
    try:
        page = await catalog.page(query, cursor, limit, access.visible)
    except ValueError as error:
        raise ParameterError("cursor", "is not the `next` of a page") from error
    return DocumentList(
        documents=[Document.of(info, None) for info in page.documents], next=page.next_cursor
    )


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        201: {
            "headers": {
                "Location": {"schema": {"type": "string"}, "description": "The new document."}
            }
        },
        **responses(401, 403, 413, 422, 503),
    },
)
async def create_document(
    new: NewDocument,
    access: ServiceAccess,
    catalog: CatalogPart,
    random: RandomPart,
    request: Request,
    response: Response,
) -> Document:
    """Create an empty document under a new id that cannot be guessed."""
    require_create(access)
    info = await catalog.create(mint_document_id(random), new.title, new.kind, access.user)
    root = request.scope.get("root_path", "")
    response.headers["Location"] = f"{root}/api/documents/{quote(info.id, safe='')}"
    response.headers["ETag"] = etag_of(info.sequence)
    return Document.of(info, Role.OWNER)


_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The sequence."}}


@router.get(
    "/{id}",
    responses={200: {"headers": _ETAG}, **responses(400, 401, 403, 404, 422, 503)},
)
async def read_document(
    document: DocumentId,
    access: DocumentAccess,
    catalog: CatalogPart,
    response: Response,
) -> Document:
    """What is known of a document beside its content."""
    info = await catalog.find(document)
    # Never answered by 304: a new title does not move the sequence.
    response.headers["ETag"] = etag_of(info.sequence)
    return Document.of(info, access.role)


@router.patch(
    "/{id}",
    responses={200: {"headers": _ETAG}, **responses(400, 401, 403, 404, 412, 413, 422, 503)},
)
async def change_document(
    document: DocumentId,
    change: DocumentChange,
    access: DocumentAccess,
    catalog: CatalogPart,
    response: Response,
    if_match: Annotated[
        str | None, Header(description="Change it only if no edit came since this ETag.")
    ] = None,
) -> Document:
    """Set the title. Neither `sequence` nor `updated` moves."""
    require_write(access)
    if if_match is not None:
        current = etag_of((await catalog.find(document)).sequence)
        if not matches(if_match, current):
            raise ConditionError(f"The document is at {current}.")
    info = await catalog.rename(document, change.title)
    response.headers["ETag"] = etag_of(info.sequence)
    return Document.of(info, access.role)


@router.delete(
    "/{id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(400, 401, 403, 404, 422, 503),
)
async def delete_document(
    document: DocumentId, access: DocumentAccess, catalog: CatalogPart, registry: RegistryPart
) -> None:
    """Delete for good: live peers are closed, and the id is not given out again."""
    require_owner(access)
    await catalog.delete(document)
    registry.deleted(document)
