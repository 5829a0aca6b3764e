"""JSON Web Tokens: checked, and signed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey
from joserfc.jws import JWSRegistry

from collab.access import Identity, Role
from collab.auth.claims import ClaimRules, check_name, check_rights, check_user, read_claims
from collab.auth.jwks import KeySet
from collab.auth.keys import MAX_KID
from collab.errors import ConfigError, ProtocolError, Unauthenticated
from collab.interfaces import Clock
from collab.protocol.strict_json import parse_json

MAX_TOKEN: Final = 64 * 1024
"""Characters. Nothing of a longer one is read."""

_MAX_DEPTH: Final = 16
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HMAC: Final = "HS256"
_PUBLIC: Final = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})


@dataclass(frozen=True, slots=True)
class _Signed:
    """A token taken apart; nothing of it is believed yet."""

    header: Mapping[str, Any]
    claims: str
    signed: bytes
    signature: bytes


class TokenVerifier:
    """Makes out who a token is about. `secret`, at least 32 bytes, is for HS256, `keys` for
    everything else: a public key never checks an HMAC, whatever the token's header says."""

    def __init__(
        self, rules: ClaimRules, secret: bytes | None, keys: KeySet | None, clock: Clock
    ) -> None:
        self._rules = rules
        self._secret = None if secret is None else _hmac_key(secret)
        self._keys = keys
        self._clock = clock

    async def verify(self, token: str) -> Identity:
        """Raises Unauthenticated with a reason that holds nothing of the token, and
        Unavailable if there are no keys to check it with."""
        parts = _take_apart(token)
        algorithm = parts.header.get("alg")
        for name, key in await self._candidates(algorithm, parts.header):
            if _signed_by(parts, name, key):
                claims = _json(parts.claims, "claims")
                return read_claims(claims, self._rules, self._clock.time())
        raise Unauthenticated("The token's signature does not match.")

    async def _candidates(
        self, algorithm: object, header: Mapping[str, Any]
    ) -> list[tuple[str, Key]]:
        """Keys that may have signed, each with the algorithm to check it by."""
        if algorithm == _HMAC and self._secret is not None:
            return [(_HMAC, self._secret)]
        if not isinstance(algorithm, str) or algorithm not in _PUBLIC or self._keys is None:
            raise Unauthenticated("The token is signed with an algorithm that is not allowed.")
        kid = header.get("kid")
        if kid is not None and (not isinstance(kid, str) or len(kid) > MAX_KID):
            raise Unauthenticated("The token's kid is not a short string.")
        found = await self._keys.find(kid, algorithm)
        if not found:
            raise Unauthenticated("The token is signed with a key that is not in the key set.")
        name = "Ed25519" if algorithm == "EdDSA" else algorithm
        return [(name, entry.key) for entry in found]


class TokenIssuer:
    """Signs tokens with the shared secret, which this server then takes."""

    def __init__(self, rules: ClaimRules, secret: bytes, clock: Clock) -> None:
        self._rules = rules
        self._key = _hmac_key(secret)
        self._clock = clock

    def issue(
        self,
        user: str,
        name: str,
        rights: Mapping[str, Role],
        seconds: float,
        *,
        may_create: bool = False,
        color: str | None = None,
        confined: bool = False,
    ) -> str:
        """A token for `user` with `rights` by pattern, good for `seconds`; an empty `name` says
        none, `confined` that the user's own rights and grants do not count beside. Raises
        Unauthenticated for values that it would be refused for."""
        check_user(user)
        check_name(name)
        check_rights(rights)
        now = int(self._clock.time())
        claims: dict[str, object] = {
            "iss": self._rules.issuer,
            "aud": self._rules.audience,
            "sub": user,
            "iat": now,
            "exp": now + max(1, round(seconds)),
            "documents": {pattern: role.value for pattern, role in rights.items()},
        }
        if name:
            claims["name"] = name
        if color is not None:
            claims["color"] = color
        if may_create:
            claims["create"] = True
        if confined:
            claims["confined"] = True
        # What is signed is also what would be taken.
        read_claims(claims, self._rules, self._clock.time())
        return self._sign(claims)

    def _sign(self, claims: Mapping[str, object]) -> str:
        signed = f"{_encode({'alg': _HMAC, 'typ': 'JWT'})}.{_encode(claims)}"
        signature = JWSRegistry.algorithms[_HMAC].sign(signed.encode("ascii"), self._key)
        token = f"{signed}.{_base64(signature)}"
        if len(token) > MAX_TOKEN:
            raise Unauthenticated("The token would be too long.")
        return token


def _hmac_key(secret: bytes) -> OctKey:
    try:
        return OctKey.import_key(secret)
    except (JoseError, ValueError):
        # A public key is known to everyone, and so is what it signs.
        raise ConfigError("COLLAB_JWT_SECRET must be a random secret, not another key") from None


def _take_apart(token: str) -> _Signed:
    if len(token) > MAX_TOKEN:
        raise Unauthenticated(f"The token has more than {MAX_TOKEN} characters.")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise Unauthenticated("The token is not a JSON Web Token.")
    header, claims, signature = (_decode(part) for part in match.groups())
    fields = _json(_utf8(header), "header")
    if "crit" in fields:
        raise Unauthenticated("The token asks for an extension that is not supported.")
    signed = token[: match.end(2)].encode("ascii")
    return _Signed(fields, _utf8(claims), signed, signature)


def _signed_by(parts: _Signed, algorithm: str, key: Key) -> bool:
    # The algorithm is asked directly: which one it is was decided above, by the kind of key,
    # and is not to be found out again from the token.
    model = JWSRegistry.algorithms[algorithm]
    try:
        model.check_key(key)
        return model.verify(parts.signed, parts.signature, key)
    except (JoseError, ValueError):
        return False


def _json(text: str, part: str) -> dict[str, Any]:
    try:
        value = parse_json(text, _MAX_DEPTH)
    except (ProtocolError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unauthenticated(f"The token's {part} is not a strict JSON object.")
    return value


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unauthenticated("The token is not UTF-8.") from None


def _decode(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        data = b""
    # Bits that are cut off could be anything: one token has one spelling.
    if _base64(data) != text:
        raise Unauthenticated("The token is not base64url.")
    return data


def _encode(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
