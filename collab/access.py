"""Who someone is, and what that lets them do: plain values, made in `collab.auth`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"

    may_write: bool

    def __init__(self, value: str) -> None:
        # Asked for every frame: no more than a look at the member.
        self.may_write = value in ("owner", "editor")

    @property
    def rank(self) -> int:
        """Rights add up: of several roles the one with the highest rank counts."""
        return _RANKS[self]


_RANKS = {Role.VIEWER: 0, Role.COMMENTER: 1, Role.EDITOR: 2, Role.OWNER: 3}


def highest(roles: Iterable[Role | None]) -> Role | None:
    """The role that counts of several; None if there is none."""
    given = [role for role in roles if role is not None]
    return max(given, key=lambda role: role.rank, default=None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to say who sends it. `origin` is the browser's Origin header,
    `address` the peer's, told by proxies only if they are trusted. `link` is the token of a
    share link that comes beside the sender's own. `headers` are those of the request by their
    lower-case names, for products that know their users by a cookie or a proxy's word; of a
    header sent twice the values are joined by commas."""

    token: str | None = field(repr=False)
    origin: str | None
    host: str
    address: str
    link: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Right:
    """A role in the documents that `pattern` names: one id, or all that begin with what stands
    before a `*` at its end."""

    pattern: str
    role: Role

    def covers(self, document: str) -> bool:
        if self.pattern.endswith("*"):
            return document.startswith(self.pattern[:-1])
        return document == self.pattern


@dataclass(frozen=True, slots=True)
class Identity:
    """Made out once from credentials; stays the same for as long as its connection lives.

    `verified` says that name and colour come from an issuer who is trusted, so that they are
    shown instead of what the client claims. `confined` says that `rights` are all it has: what
    its user owns or was granted does not count. `expires` is in seconds since the epoch. `link` is
    the id of the share link that it came by, `link_hash` what that is looked up by.
    """

    user: str
    name: str
    color: str | None = None
    verified: bool = False
    expires: float | None = None
    rights: tuple[Right, ...] = ()
    may_create: bool = False
    confined: bool = False
    link: str | None = None
    link_hash: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Visibility:
    """Which documents a list may show: those that the user owns or was granted, and those of
    the patterns (as in `Right`)."""

    user: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """What an identity may do with one document, or, without a document, with the service.

    `expires` is when this ends by itself, in seconds since the epoch; `visible` limits lists,
    None shows everything.
    """

    user: str
    name: str
    role: Role
    may_create: bool
    color: str | None = None
    verified: bool = False
    expires: float | None = None
    visible: Visibility | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's role in a document. Times are seconds since the epoch."""

    document: str
    user: str
    role: Role
    by: str
    created: float


@dataclass(frozen=True, slots=True)
class Link:
    """A share link, without its secret. Times are seconds since the epoch."""

    id: str
    document: str
    role: Role
    name: str
    by: str
    created: float
    expires: float | None
    revoked: float | None = None
