"""The shapes of y-sweet's REST bodies, in y-sweet's spelling."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from collab.access import Role
from collab.auth.claims import USER_LENGTH, check_user
from collab.errors import Unauthenticated

HOUR = 3600
YEAR = 365 * 24 * HOUR

_CAMEL = ConfigDict(alias_generator=AliasGenerator(alias=to_camel), populate_by_name=True)


def _user(text: str) -> str:
    try:
        return check_user(text)
    except Unauthenticated:
        raise ValueError(
            f"must be 1 to {USER_LENGTH} characters on one line, without spaces around them"
        ) from None


class Authorization(StrEnum):
    FULL = "full"
    READ_ONLY = "read-only"

    @property
    def role(self) -> Role:
        return Role.EDITOR if self is Authorization.FULL else Role.VIEWER


class NamedDocument(BaseModel):
    """Which document to create; a new id is made up without one."""

    model_config = _CAMEL

    doc_id: str | None = Field(default=None, examples=["q7Zk0v3mVx1c"])


class CreatedDocument(BaseModel):
    model_config = _CAMEL

    doc_id: str = Field(examples=["q7Zk0v3mVx1c"])


class AuthRequest(BaseModel):
    """What a client's token is to allow, for whom, and for how long."""

    model_config = _CAMEL

    authorization: Authorization = Authorization.FULL
    user_id: Annotated[str, AfterValidator(_user)] | None = Field(
        default=None,
        description="Who the client's edits and presence belong to; another than the caller "
        "only if the caller's own token makes it the owner of every document.",
    )
    valid_for_seconds: int | None = Field(
        default=None,
        ge=1,
        le=YEAR,
        description="An hour if it is left out; never longer than the caller's own token.",
    )


class ClientToken(BaseModel):
    """What a product hands to its client, unchanged."""

    model_config = _CAMEL

    url: str = Field(
        description="The WebSocket, but for the id, which the client adds once more.",
        examples=["ws://127.0.0.1:8000/d/q7Zk0v3mVx1c/ws"],
    )
    base_url: str = Field(examples=["http://127.0.0.1:8000/d/q7Zk0v3mVx1c"])
    doc_id: str = Field(examples=["q7Zk0v3mVx1c"])
    token: str | None = Field(default=None, description="Left out where none is needed.")
    authorization: Authorization


class StoreCheck(BaseModel):
    ok: bool
    error: str | None = None


class Answering(BaseModel):
    ok: bool


class Updated(BaseModel):
    """The update is committed."""

    sequence: int = Field(description="The document's, with the update in it.")
