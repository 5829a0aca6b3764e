"""What the routes are given: each names the parts that it uses, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Path, Request

from collab.access import Access, Identity, Role
from collab.admission.connections import Admission
from collab.api.sharing import Sharing
from collab.auth.credentials import credentials_of
from collab.errors import AccessDenied, InvalidDocumentId
from collab.interfaces import Authorizer, Catalog, DocumentWorker
from collab.news import Backplane
from collab.protocol.ids import parse_document_id
from collab.room.opening import Opener
from collab.room.registry import Registry

Mode = Literal["open", "token"]
"""Who gets in, as `COLLAB_AUTH` says it."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """Set as `app.state.api` by whoever joins the parts. `random` is for ids: a SystemRandom."""

    catalog: Catalog
    registry: Registry
    worker: DocumentWorker
    authorizer: Authorizer
    random: Random
    admission: Admission
    sharing: Sharing
    mode: Mode
    opener: Opener
    backplane: Backplane | None = None
    """None where there are no other nodes."""


def _parts(request: Request) -> ApiParts:
    parts = request.app.state.api
    assert isinstance(parts, ApiParts)
    return parts


_Parts = Annotated[ApiParts, Depends(_parts)]


def _catalog(parts: _Parts) -> Catalog:
    return parts.catalog


def _registry(parts: _Parts) -> Registry:
    return parts.registry


def _worker(parts: _Parts) -> DocumentWorker:
    return parts.worker


def _authorizer(parts: _Parts) -> Authorizer:
    return parts.authorizer


def _backplane(parts: _Parts) -> Backplane | None:
    return parts.backplane


def _opener(parts: _Parts) -> Opener:
    return parts.opener


def _random(parts: _Parts) -> Random:
    return parts.random


def _sharing(parts: _Parts) -> Sharing:
    return parts.sharing


def _mode(parts: _Parts) -> Mode:
    return parts.mode


CatalogPart = Annotated[Catalog, Depends(_catalog)]
RegistryPart = Annotated[Registry, Depends(_registry)]
WorkerPart = Annotated[DocumentWorker, Depends(_worker)]
AuthorizerPart = Annotated[Authorizer, Depends(_authorizer)]
BackplanePart = Annotated[Backplane | None, Depends(_backplane)]
OpenerPart = Annotated[Opener, Depends(_opener)]
RandomPart = Annotated[Random, Depends(_random)]
SharingPart = Annotated[Sharing, Depends(_sharing)]
ModePart = Annotated[Mode, Depends(_mode)]


def _document_id(
    id: Annotated[  # noqa: A002 - the name of the parameter in the URL
        str,
        Path(
            description="The id, percent-encoded: `team/plan` is `team%2Fplan` here.",
            examples=["q7Zk0v3mVx1c"],
        ),
    ],
) -> str:
    # Routes under /api match the path as it was sent (see edge.RawPath), so this is the one
    # place that decodes; what still holds a % afterwards is no id.
    try:
        text = unquote_to_bytes(id).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidDocumentId("A document id is percent-encoded UTF-8.") from None
    return parse_document_id(text)


DocumentId = Annotated[str, Depends(_document_id)]


async def _identity(request: Request, parts: _Parts) -> Identity:
    identity = await parts.authorizer.identify(credentials_of(request.scope))
    parts.admission.request_of(identity)
    return identity


RequestIdentity = Annotated[Identity, Depends(_identity)]


async def _service_access(parts: _Parts, identity: RequestIdentity) -> Access:
    return await parts.authorizer.access(identity, None)


async def _document_access(
    parts: _Parts, identity: RequestIdentity, document: DocumentId
) -> Access:
    return await parts.authorizer.access(identity, document)


ServiceAccess = Annotated[Access, Depends(_service_access)]
DocumentAccess = Annotated[Access, Depends(_document_access)]


def require_create(access: Access) -> None:
    if not access.may_create:
        raise AccessDenied("This identity may not create documents.")


def require_write(access: Access) -> None:
    if not access.role.may_write:
        raise AccessDenied("This identity may not change the document.")


def require_owner(access: Access) -> None:
    if access.role is not Role.OWNER:
        raise AccessDenied("Only an owner of the document may do this.")
