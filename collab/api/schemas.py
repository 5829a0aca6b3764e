"""The shapes of REST bodies, with the examples that the OpenAPI document shows."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.config import JsonDict

from collab.access import Role
from collab.interfaces import DocumentInfo, Kind

MAX_TITLE = 200
"""Characters in a title, after its white space was normalised."""

_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(text: str, most: int) -> str:
    """`text` in NFC with runs of white space as one space. Raises ValueError for characters that
    a name must not hold (controls, surrogates, bidirectional overrides), or more than `most`."""
    clean = " ".join(unicodedata.normalize("NFC", text).split())
    for character in clean:
        if unicodedata.category(character) in _REFUSED or character in _BIDI_CONTROLS:
            raise ValueError(f"must not contain the character U+{ord(character):04X}")
    if len(clean) > most:
        raise ValueError(f"must be at most {most} characters, not {len(clean)}")
    return clean


def clean_title(title: str) -> str:
    return clean_text(title, MAX_TITLE)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond, with Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Title = Annotated[
    str,
    AfterValidator(clean_title),
    Field(
        description="What the document is called. White space is normalised; control "
        "characters are refused.",
        json_schema_extra={"maxLength": MAX_TITLE},
    ),
]
Moment = Annotated[datetime, PlainSerializer(iso, return_type=str, when_used="json")]

_DOCUMENT: JsonDict = {
    "id": "q7Zk0v3mVx1c",
    "title": "Minutes of Monday",
    "kind": "note",
    "sequence": 42,
    "created": "2026-01-05T09:30:00.000Z",
    "updated": "2026-01-05T10:12:45.310Z",
    "role": "editor",
}


class Document(BaseModel):
    """A document of the catalog, without its content."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOCUMENT]})

    id: str = Field(description="Names the document in every URL; percent-encode it there.")
    title: str
    kind: Kind = Field(description="`note`: rich text. `text`: plain text or code.")
    sequence: int = Field(description="Moves with every committed change of the content.")
    created: Moment
    updated: Moment = Field(description="When the content last changed.")
    role: Role | None = Field(
        description="What the caller may do with the document; null in lists, which do not look."
    )

    @classmethod
    def of(cls, info: DocumentInfo, role: Role | None) -> Document:
        return cls(
            id=info.id,
            title=info.title,
            kind=info.kind,
            sequence=info.sequence,
            created=datetime.fromtimestamp(info.created, UTC),
            updated=datetime.fromtimestamp(info.updated, UTC),
            role=role,
        )


class DocumentList(BaseModel):
    """A page of documents, newest edit first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"documents": [{**_DOCUMENT, "role": None}], "next": None}]}
    )

    documents: list[Document]
    next: str | None = Field(description="The `cursor` of the next page; null on the last.")


class NewDocument(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"title": "Minutes of Monday", "kind": "note"}]},
    )

    title: Title = ""
    kind: Kind = Kind.NOTE


class DocumentChange(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"title": "Minutes of Tuesday"}]}
    )

    title: Title


class Fault(BaseModel):
    """One thing that is wrong with a request: where (one of the two), and what."""

    detail: str
    pointer: str | None = Field(
        default=None, description="Where in the body, as a JSON pointer.", examples=["#/title"]
    )
    parameter: str | None = Field(
        default=None, description="Which parameter of the URL.", examples=["limit"]
    )


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:collab:problem:not-found",
                    "title": "No such document",
                    "status": 404,
                    "detail": "There is no document q7Zk0v3mVx1c.",
                }
            ]
        }
    )

    type: str = Field(description="`urn:collab:problem:` and a name that does not change.")
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = Field(
        default=None, description="For a request that does not fit the schema."
    )


class Health(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: str


class Check(BaseModel):
    ok: bool
    detail: str


class ReadyStatus(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"


class Readiness(BaseModel):
    """Whether the server should get traffic (`ready`), whether all works (`status`), and what was
    looked at."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ready": True,
                    "status": "ready",
                    "checks": {"database": {"ok": True, "detail": "answers"}},
                }
            ]
        }
    )

    ready: bool
    status: ReadyStatus
    checks: dict[str, Check]
