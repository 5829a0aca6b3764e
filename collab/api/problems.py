"""Errors as problem+json (RFC 9457): what HTTP status and name each one gets."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collab import errors
from collab.api.schemas import Fault, Problem

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
URN = "urn:collab:problem:"
HIDDEN = "The server failed; the failure is in its log."
"""What an answer tells of the inside."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """`name` ends the type URN and never changes; docs/api.md lists them all."""

    name: str
    status: int
    title: str
    retry_after: int | None = None


INTERNAL = ProblemKind("internal", 500, "The server failed")
INVALID = ProblemKind("invalid-request", 422, "The request does not fit the schema")
UNACCEPTABLE = ProblemKind("not-acceptable", 406, "No format that the client accepts")
CONDITION = ProblemKind("precondition-failed", 412, "The document was changed meanwhile")

# The first class that an error is an instance of decides, so subclasses come first.
KINDS: tuple[tuple[type[errors.CollabError], ProblemKind], ...] = (
    (errors.InvalidDocumentId, ProblemKind("invalid-document-id", 400, "Not a document id")),
    (errors.Unauthenticated, ProblemKind("unauthenticated", 401, "No valid identity")),
    (errors.AccessDenied, ProblemKind("forbidden", 403, "Not allowed")),
    (errors.DocumentNotFound, ProblemKind("not-found", 404, "No such document")),
    (errors.DocumentExists, ProblemKind("exists", 409, "The id is taken")),
    (errors.EntryNotFound, ProblemKind("no-such-entry", 404, "No such grant or link")),
    (
        errors.TooManyEntries,
        ProblemKind("too-many-entries", 409, "As many as the document takes"),
    ),
    (errors.TooFrequent, ProblemKind("too-frequent", 429, "Too many requests", 1)),
    (
        errors.DocumentUnreadable,
        ProblemKind("unreadable", 422, "The content cannot be read like this"),
    ),
    (errors.LimitExceeded, ProblemKind("over-limit", 413, "Over a limit")),
    (errors.ProtocolError, ProblemKind("malformed", 400, "Malformed content")),
    (errors.StorageError, ProblemKind("storage", 503, "The store does not answer", 2)),
    (errors.WorkerError, ProblemKind("worker-failed", 503, "The content was not read", 2)),
    (errors.Unavailable, ProblemKind("unavailable", 503, "Try again shortly", 2)),
)

_OF_STATUS = {
    400: "bad-request",
    404: "no-such-path",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


# Not from `http`, whose phrases differ between Python versions.
_PHRASES = {
    400: "The request is malformed",
    401: "There is no valid identity",
    403: "The identity may not do this",
    404: "No such document",
    406: "No format that the client accepts",
    409: "The document takes no more",
    412: "The document was changed meanwhile",
    413: "The body is too large",
    422: "The request does not fit the schema",
    429: "Too many requests",
    501: "The server lacks a setting for this",
    503: "Try again shortly",
}


class RequestError(Exception):
    """A request that is refused for what it says in HTTP rather than for what it asks."""

    kind = INVALID

    def faults(self) -> list[Fault] | None:
        return None


class NotAcceptableError(RequestError):
    """No format on offer fits the Accept header."""

    kind = UNACCEPTABLE


class ConditionError(RequestError):
    """The If-Match header names another state of the document."""

    kind = CONDITION


class ParameterError(RequestError):
    """A parameter of the URL has a value that only the handler could judge."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter

    def faults(self) -> list[Fault] | None:
        return [Fault(parameter=self.parameter, detail=str(self))]


class FieldError(RequestError):
    """A field of the body has a value that only the handler could judge. `pointer` begins with
    a slash."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = f"#{pointer}"

    def faults(self) -> list[Fault] | None:
        return [Fault(pointer=self.pointer, detail=str(self))]


def problem(
    kind: ProblemKind,
    detail: str,
    faults: Sequence[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that tells of `kind`."""
    body = Problem(
        type=URN + kind.name,
        title=kind.title,
        status=kind.status,
        detail=detail,
        errors=None if faults is None else list(faults),
    )
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if kind.retry_after is not None:
        sent.setdefault("Retry-After", str(kind.retry_after))
    if kind.status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(
        body.model_dump_json(exclude_none=True), kind.status, sent, media_type=MEDIA_TYPE
    )


def kind_of(error: errors.CollabError) -> ProblemKind:
    return next((kind for cls, kind in KINDS if isinstance(error, cls)), INTERNAL)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of a route that can answer with these problems, and with 429, which
    every request may be answered with before it comes to its route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {
        status: {"description": _PHRASES[status], "content": content}
        for status in sorted({*statuses, 429})
    }


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    app.add_exception_handler(errors.CollabError, _collab_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(Exception, _unexpected)


def refusal(error: errors.CollabError) -> Response:
    """The response to a request that ended in `error`."""
    kind = kind_of(error)
    headers = {}
    match error:
        case errors.DocumentNotFound():
            detail = f"There is no document {error}."
        case errors.DocumentExists():
            detail = f"The id {error} is taken."
        case errors.StorageError():
            # What the database said is for the log.
            _log.error("the store failed", extra={"reason": str(error)})
            detail = "The store does not answer. What was acknowledged is safe."
        case errors.TooFrequent():
            detail = str(error)
            headers["Retry-After"] = str(max(1, ceil(error.retry_after)))
        case _:
            detail = str(error) or kind.title
    return problem(kind, HIDDEN if kind is INTERNAL else detail, headers=headers)


async def _collab_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.CollabError)
    return refusal(error)


async def _request_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return problem(error.kind, str(error), error.faults())


async def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [_fault(item) for item in error.errors()]
    count = len(faults)
    return problem(INVALID, f"{count} fault{'' if count == 1 else 's'}", faults)


def _fault(item: Mapping[str, Any]) -> Fault:
    # The rejected input is not repeated: it may be large, or not for others' eyes.
    place, *path = item["loc"]
    detail = str(item["msg"]).removeprefix("Value error, ")
    if place == "body":
        steps = [] if item["type"] == "json_invalid" else path
        return Fault(detail=detail, pointer="#" + "".join(f"/{_escape(step)}" for step in steps))
    return Fault(detail=detail, parameter=".".join(str(step) for step in path))


def _escape(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    name = _OF_STATUS.get(error.status_code, phrase.lower().replace(" ", "-"))
    kind = ProblemKind(name, error.status_code, phrase)
    return problem(kind, str(error.detail), headers=error.headers)


async def _unexpected(_request: Request, _error: Exception) -> Response:
    return problem(INTERNAL, HIDDEN)
