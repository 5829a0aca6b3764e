"""The shapes of what is told about rights: grants, share links, and the caller's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from collab.access import Grant, Link, Role
from collab.api.schemas import Moment, clean_text

MAX_NAME = 100
"""Characters in the name of a link."""

_GRANT: JsonDict = {
    "user": "bob",
    "role": "editor",
    "by": "ada",
    "created": "2026-01-05T09:30:00.000Z",
}
_LINK: JsonDict = {
    "id": "5f0c3a9be1d24f7788",
    "role": "viewer",
    "name": "For the board",
    "by": "ada",
    "created": "2026-01-05T09:30:00.000Z",
    "expires": "2026-02-01T00:00:00.000Z",
    "revoked": None,
}


_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 1
"""Tokens may end later, texts cannot say so."""


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(seconds, _LAST), UTC)


def _read_moment(value: Any) -> datetime:
    """ISO 8601 with a time zone, and nothing else that might be taken for a time."""
    try:
        return datetime.fromisoformat(_aware(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time in ISO 8601 with its zone") from None


def _aware(value: Any) -> str:
    if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
        raise ValueError("not a time with a zone")
    return value


def _clean_name(name: str) -> str:
    return clean_text(name, MAX_NAME)


LinkName = Annotated[
    str,
    AfterValidator(_clean_name),
    Field(
        description="What the link is called in the list; for its owners only.",
        json_schema_extra={"maxLength": MAX_NAME},
    ),
]


class GrantChange(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "editor"}]})

    role: Role


class UserGrant(BaseModel):
    """A role that a user was given in a document."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GRANT]})

    user: str = Field(description="The user's id, as tokens give it.")
    role: Role
    by: str = Field(description="Who gave it.")
    created: Moment

    @classmethod
    def of(cls, grant: Grant) -> UserGrant:
        return cls(user=grant.user, role=grant.role, by=grant.by, created=moment(grant.created))


class GrantList(BaseModel):
    """Who may do what in a document, beside the bearers of its links and what tokens say."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"owner": "ada", "grants": [_GRANT]}]}
    )

    owner: str = Field(description="Who created the document: an owner without a grant.")
    grants: list[UserGrant]


class NewLink(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"role": "viewer", "expires": "2026-02-01T00:00:00Z"}]},
    )

    role: Literal[Role.EDITOR, Role.COMMENTER, Role.VIEWER]
    name: LinkName = ""
    expires: Annotated[datetime, BeforeValidator(_read_moment)] | None = Field(
        default=None, description="When it ends by itself; without it never."
    )


class ShareLink(BaseModel):
    """A share link without its secret, which is told once, when it is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINK]})

    id: str
    role: Role
    name: str
    by: str = Field(description="Who made it.")
    created: Moment
    expires: Moment | None
    revoked: Moment | None

    @classmethod
    def of(cls, link: Link) -> ShareLink:
        return cls(**_fields(link))


class MadeLink(ShareLink):
    """A new share link, with the secret that makes it one: it is not stored, and so not told
    again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_LINK,
                    "token": "collab-link.hOJ7zWbW6rZ5x0Vd1m0Qk2sPp3uTgYfLc4eRaNi9wXo",
                    "url": "https://notes.example.org/notes/q7Zk0v3mVx1c#link=collab-link.hOJ7zWb"
                    "W6rZ5x0Vd1m0Qk2sPp3uTgYfLc4eRaNi9wXo",
                }
            ]
        }
    )

    token: str = Field(description="Goes where a token goes, or as `link` beside one.")
    url: str | None = Field(description="The note's page by this link; null if none is served.")

    @classmethod
    def made(cls, link: Link, token: str, url: str | None) -> MadeLink:
        return cls(**_fields(link), token=token, url=url)


def _fields(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "role": link.role,
        "name": link.name,
        "by": link.by,
        "created": moment(link.created),
        "expires": None if link.expires is None else moment(link.expires),
        "revoked": None if link.revoked is None else moment(link.revoked),
    }


class LinkList(BaseModel):
    """The links of a document, newest first; of those that are over, the last hundred."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"links": [_LINK]}]})

    links: list[ShareLink]


class Me(BaseModel):
    """Whom the server takes the caller for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user": "ada",
                    "name": "Ada",
                    "mode": "token",
                    "may_create": True,
                    "expires": "2026-01-05T17:30:00.000Z",
                }
            ]
        }
    )

    user: str
    name: str
    mode: Literal["open", "token"] = Field(
        description="`open`: everyone edits, as a guest. `token`: who brings a token or a link."
    )
    may_create: bool = Field(description="Whether the caller may create documents.")
    expires: Moment | None = Field(description="When these rights end; null for no set time.")
