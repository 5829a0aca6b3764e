"""The REST calls of y-sweet: what its SDK asks of a server, and what its client is handed."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from collab.api.client_tokens import ClientTokensPart, websocket_url
from collab.api.health import check_database, readyz
from collab.api.parts import (
    AuthorizerPart,
    BackplanePart,
    CatalogPart,
    DocumentAccess,
    DocumentId,
    OpenerPart,
    RandomPart,
    RegistryPart,
    RequestIdentity,
    ServiceAccess,
    require_create,
    require_write,
)
from collab.api.problems import responses
from collab.api.ysweet_schemas import (
    HOUR,
    Answering,
    AuthRequest,
    ClientToken,
    CreatedDocument,
    NamedDocument,
    StoreCheck,
    Updated,
)
from collab.errors import AccessDenied, DocumentDeleted, DocumentNotFound
from collab.interfaces import Catalog, Kind
from collab.protocol.ids import mint_document_id, parse_document_id
from collab.room import direct

router = APIRouter(tags=["y-sweet"])

BYTES = "application/octet-stream"
_BINARY = {BYTES: {"schema": {"type": "string", "format": "binary"}}}


@router.post("/doc/new", responses=responses(400, 401, 403, 404, 413, 422, 503))
async def ysweet_create(
    identity: RequestIdentity,
    service: ServiceAccess,
    authorizer: AuthorizerPart,
    catalog: CatalogPart,
    opener: OpenerPart,
    random: RandomPart,
    wanted: NamedDocument | None = None,
) -> CreatedDocument:
    """Create a document, under a new id if none is given. An id of one's choice needs rights in
    it; a document that is there already is left as it is."""
    if wanted is None or wanted.doc_id is None:
        require_create(service)
        document = mint_document_id(random)
        await catalog.create(document, "", Kind.NOTE, service.user)
        return CreatedDocument(doc_id=document)
    document = parse_document_id(wanted.doc_id)
    access = await authorizer.access(identity, document)
    if not await _exists(catalog, document):
        require_create(access)
        await opener.open(document, access)
    return CreatedDocument(doc_id=document)


async def _exists(catalog: Catalog, document: str) -> bool:
    """Raises DocumentDeleted: the id is not given out again."""
    try:
        await catalog.find(document)
    except DocumentDeleted:
        raise
    except DocumentNotFound:
        return False
    return True


@router.post(
    "/doc/{id:path}/auth",
    response_model_exclude_none=True,
    responses=responses(400, 401, 403, 404, 413, 422, 501, 503),
)
async def ysweet_authorize(
    document: DocumentId,
    identity: RequestIdentity,
    access: DocumentAccess,
    catalog: CatalogPart,
    tokens: ClientTokensPart,
    request: Request,
    wanted: AuthRequest | None = None,
) -> ClientToken:
    """What a client needs to connect to the document, with at most the caller's own rights."""
    wanted = wanted or AuthRequest()
    role = wanted.authorization.role
    if role.rank > access.role.rank:
        raise AccessDenied("This identity may not hand out these rights in the document.")
    info = await catalog.find(document)
    seconds = HOUR if wanted.valid_for_seconds is None else wanted.valid_for_seconds
    token = tokens.token(identity, info, role, wanted.user_id, seconds)
    base = f"{tokens.base_url(request)}/d/{quote(document, safe='')}"
    return ClientToken(
        url=websocket_url(f"{base}/ws"),
        base_url=base,
        doc_id=document,
        token=token,
        authorization=wanted.authorization,
    )


@router.get(
    "/d/{id:path}/as-update",
    response_class=Response,
    responses={
        200: {"description": "The document as one Yjs update (v1).", "content": _BINARY},
        **responses(400, 401, 403, 404, 422, 503),
    },
)
async def ysweet_read(
    document: DocumentId, access: DocumentAccess, registry: RegistryPart
) -> Response:
    """The document, with all that was acknowledged before the request."""
    room = await registry.open(document)
    update, _ = await room.content()
    return Response(update, media_type=BYTES)


@router.post(
    "/d/{id:path}/update",
    openapi_extra={"requestBody": {"required": True, "content": _BINARY}},
    responses=responses(400, 401, 403, 404, 413, 422, 503),
)
async def ysweet_update(
    document: DocumentId, access: DocumentAccess, opener: OpenerPart, request: Request
) -> Updated:
    """Merge a Yjs update (v1) into the document; answered once it is committed."""
    require_write(access)
    return Updated(sequence=await direct.write(opener, document, await request.body(), access))


@router.get("/ready", responses={503: {"model": Answering, "description": "Not ready."}})
async def ysweet_ready(
    response: Response, catalog: CatalogPart, registry: RegistryPart, backplane: BackplanePart
) -> Answering:
    """Whether the server should get traffic; `/readyz` says why not."""
    return Answering(ok=(await readyz(response, catalog, registry, backplane)).ready)


@router.post(
    "/check_store", response_model_exclude_none=True, responses=responses(401, 403, 413, 503)
)
async def ysweet_check_store(access: ServiceAccess, catalog: CatalogPart) -> StoreCheck:
    """Whether the database answers; if not that is no error of this request's."""
    check = await check_database(catalog)
    return StoreCheck(ok=check.ok, error=None if check.ok else f"the database {check.detail}")


@router.get("/check_store", include_in_schema=False, response_model_exclude_none=True)
async def ysweet_look_at_store(access: ServiceAccess, catalog: CatalogPart) -> StoreCheck:
    """The same, as older SDKs ask it."""
    return await ysweet_check_store(access, catalog)
