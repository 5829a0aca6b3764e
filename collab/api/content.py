"""The content of a document over REST, in the format asked for."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response, status

from collab.api.conditions import etag_of, matches
from collab.api.formats import DEFAULT_ROOTS, EXTENSIONS, MEDIA_TYPES, ContentFormat
from collab.api.parts import CatalogPart, DocumentAccess, DocumentId, RegistryPart, WorkerPart
from collab.api.problems import NotAcceptableError, responses
from collab.interfaces import DocumentInfo, Format

router = APIRouter(prefix="/api/documents", tags=["content"])

# A document's HTML is opened in the same origin as the app: nothing in it may run, load or
# send, even if the export let something through.
INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"

_CONTENT = {
    "text/markdown": {"schema": {"type": "string"}, "example": "# Minutes\n\n- [x] Agenda\n"},
    "text/html": {"schema": {"type": "string"}},
    "text/plain": {"schema": {"type": "string"}},
    "application/json": {
        "schema": {"type": "object", "additionalProperties": True},
        "example": {"type": "doc", "content": [{"type": "paragraph"}]},
    },
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/{id}/content",
    response_class=Response,
    responses={
        200: {
            "description": "The content, with all that was acknowledged before the request.",
            "content": _CONTENT,
            "headers": {"ETag": {"schema": {"type": "string"}, "description": "The sequence."}},
        },
        304: {"description": "Nothing changed since the ETag given in If-None-Match."},
        **responses(400, 401, 403, 404, 406, 422, 503),
    },
)
async def read_content(
    document: DocumentId,
    access: DocumentAccess,
    catalog: CatalogPart,
    registry: RegistryPart,
    worker: WorkerPart,
    format: Annotated[  # noqa: A002 - the name of the parameter in the URL
        ContentFormat | None, Query(description="Goes before the Accept header.")
    ] = None,
    root: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="The shared type to read; else `default` of a note, `content` of a text.",
        ),
    ] = None,
    download: Annotated[bool, Query(description="Send it as a file to save.")] = False,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The content as Markdown, HTML, text, JSON (ProseMirror-shaped) or a Yjs update."""
    form = format or negotiate(accept)
    info = await catalog.find(document)
    room = await registry.open(document)
    update, sequence = await room.content()
    headers = _headers(info, form, sequence, download)
    # A page of HTML has the title in it, which does not move the sequence.
    if form is not ContentFormat.HTML and matches(if_none_match, headers["ETag"]):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    body: bytes | str = update
    if form is not ContentFormat.UPDATE:
        name = root or DEFAULT_ROOTS[info.kind]
        body = await worker.render(update, name, info.kind, Format(form.value), info.title)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


def _headers(
    info: DocumentInfo, form: ContentFormat, sequence: int, download: bool
) -> dict[str, str]:
    headers = {
        "ETag": etag_of(sequence),
        "Vary": "Accept",
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": INERT,
    }
    if download:
        headers["Content-Disposition"] = disposition(info, form)
    return headers


def disposition(info: DocumentInfo, form: ContentFormat) -> str:
    """A file name for all: plain ASCII, and the title in UTF-8 for who reads RFC 6266."""
    stem = "".join("-" if c in '\\/:*?"<>|' else c for c in info.title).strip(". ") or "document"
    name = f"{stem}.{EXTENSIONS[form]}"
    plain = "".join(c if " " <= c <= "~" and c != "%" else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def negotiate(accept: str | None) -> ContentFormat:
    """The format that an Accept header prefers: by quality, then by our order.

    Raises NotAcceptableError if it takes none of them.
    """
    if accept is None or not accept.strip():
        return ContentFormat.MARKDOWN
    ranges = [_media_range(part) for part in accept.split(",")]
    best, best_quality = None, 0.0
    for form, media_type in MEDIA_TYPES.items():
        quality = _quality(media_type.partition(";")[0], ranges)
        if quality > best_quality:
            best, best_quality = form, quality
    if best is None:
        offered = ", ".join(media.partition(";")[0] for media in MEDIA_TYPES.values())
        raise NotAcceptableError(f"The content is offered as {offered}.")
    return best


def _media_range(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    # The most specific range that fits decides, whatever its place (RFC 9110, 12.5.1).
    main = media_type.partition("/")[0]
    for wanted in (media_type, f"{main}/*", "*/*"):
        found = [quality for media_range, quality in ranges if media_range == wanted]
        if found:
            return max(found)
    return 0.0
