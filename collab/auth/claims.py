"""The claims of a token: which count, and what each may hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from collab.access import Identity, Right, Role
from collab.errors import InvalidDocumentId, Unauthenticated
from collab.protocol.ids import MAX_LENGTH, parse_document_id

USER_LENGTH: Final = 255
NAME_LENGTH: Final = 100
MAX_PATTERNS: Final = 1000

_MAX_TIME: Final = 2**53
_ONE_LINE: Final = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._~:@/-]*")


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Who must have issued a token, for whom, and by how many seconds clocks may differ."""

    issuer: str
    audience: str
    leeway: float


def read_claims(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> Identity:
    """Who the holder of the token is. `now` is in seconds since the epoch.

    Claims that are not known are ignored. Raises Unauthenticated; the reason names the claim
    and repeats nothing of it.
    """
    _check_source(claims, rules)
    expires = _check_times(claims, rules.leeway, now)
    color = _optional(claims, "color", str)
    if color is not None and not _COLOR.fullmatch(color):
        raise _wrong("color", "is not of the form #rrggbb")
    return Identity(
        user=check_user(claims.get("sub")),
        name=check_name(_optional(claims, "name", str) or ""),
        color=None if color is None else color.lower(),
        verified=True,
        expires=expires,
        rights=check_rights(_optional(claims, "documents", dict) or {}),
        may_create=_optional(claims, "create", bool) or False,
        confined=_optional(claims, "confined", bool) or False,
    )


def check_user(user: object) -> str:
    """`user`, if it may be the id of a user. Raises Unauthenticated."""
    if not isinstance(user, str) or not 1 <= len(user) <= USER_LENGTH:
        raise _wrong("sub", f"is not a string of 1 to {USER_LENGTH} characters")
    if not _ONE_LINE.fullmatch(user) or user != user.strip():
        raise _wrong("sub", "has control characters, or spaces around it")
    return user


def check_name(name: str) -> str:
    """`name`, if it may be shown. Raises Unauthenticated."""
    if len(name) > NAME_LENGTH or (name and not _ONE_LINE.fullmatch(name)):
        raise _wrong("name", f"is not one line of at most {NAME_LENGTH} characters")
    return name


def check_rights(documents: Mapping[str, object]) -> tuple[Right, ...]:
    """The rights that the claim `documents` gives. Raises Unauthenticated."""
    if len(documents) > MAX_PATTERNS:
        raise _wrong("documents", f"has more than {MAX_PATTERNS} patterns")
    return tuple(Right(_pattern(pattern), _role(role)) for pattern, role in documents.items())


def _check_source(claims: Mapping[str, Any], rules: ClaimRules) -> None:
    if claims.get("iss") != rules.issuer:
        raise _wrong("iss", "is not the issuer that COLLAB_JWT_ISSUER names")
    audience = claims.get("aud")
    if isinstance(audience, str):
        audience = [audience]
    if not isinstance(audience, list) or rules.audience not in audience:
        raise _wrong("aud", "does not name the audience of COLLAB_JWT_AUDIENCE")


def _check_times(claims: Mapping[str, Any], leeway: float, now: float) -> float:
    """When the identity is over."""
    if "exp" not in claims:
        raise _wrong("exp", "is missing")
    expires = _time(claims, "exp") + leeway
    if now >= expires:
        raise Unauthenticated("The token has expired.")
    for name in ("nbf", "iat"):
        if name in claims and now < _time(claims, name) - leeway:
            raise _wrong(name, "is in the future")
    return expires


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, "is not a number of seconds")
    if not 0 <= value < _MAX_TIME or not math.isfinite(value):
        raise _wrong(name, "is not a time")
    return float(value)


def _optional(claims: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """A claim that may be left out, but not be null or of another type."""
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, kind):
        words = {str: "a string", dict: "an object", bool: "true or false"}
        raise _wrong(name, f"is not {words[kind]}")
    return value


def _pattern(pattern: str) -> str:
    if pattern.endswith("*"):
        if len(pattern) <= MAX_LENGTH and _PREFIX.fullmatch(pattern[:-1]):
            return pattern
    else:
        try:
            return parse_document_id(pattern)
        except InvalidDocumentId:
            pass
    raise _wrong("documents", "has a key that is no document id, and no beginning of one with *")


def _role(role: object) -> Role:
    # The string it is: the claims come from JSON, and an enum would take an equal object.
    if isinstance(role, str) and role in Role.__members__.values():
        return Role(role)
    raise _wrong("documents", "has a value that is not owner, editor, commenter or viewer")


def _wrong(claim: str, what: str) -> Unauthenticated:
    return Unauthenticated(f"The token's claim {claim} {what}.")
