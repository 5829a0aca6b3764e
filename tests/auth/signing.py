"""Tokens as products sign them, and as attackers do: by hand, not by the code under test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from collab.auth.claims import ClaimRules

SECRET = b"a secret of more than thirty-two bytes"
ISSUER = "https://shop.example"
NOW = 1_700_000_000.0
RULES = ClaimRules(ISSUER, "collab", leeway=5)

Claims = Mapping[str, Any]


class StillClock:
    """A clock that moves when told; sleeping moves it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        return NOW + self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, with changes; a claim that is set to ... is left out."""
    good = {
        "iss": ISSUER,
        "aud": "collab",
        "exp": NOW + 3600,
        "sub": "ann",
        "name": "Ann",
        "documents": {"team/*": "editor"},
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def part(value: object) -> str:
    """One part of a token: JSON, text or bytes as base64url."""
    match value:
        case bytes():
            data = value
        case str():
            data = value.encode()
        case _:
            data = json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assemble(header: object, body: object, signature: bytes) -> str:
    return f"{part(header)}.{part(body)}.{part(signature)}"


def hs256(body: object, header: object = None, secret: bytes = SECRET) -> str:
    """Signed with the secret, whatever header and body say."""
    signed = f"{part({'alg': 'HS256'} if header is None else header)}.{part(body)}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def asymmetric(body: object, key: Key, algorithm: str, **header: Any) -> str:
    """Signed with a private key; `header` goes before what is true."""
    fields = {"alg": algorithm, **({"kid": key.kid} if key.kid else {}), **header}
    signed = f"{part({k: v for k, v in fields.items() if v is not ...})}.{part(body)}"
    model = JWSRegistry.algorithms["Ed25519" if algorithm == "EdDSA" else algorithm]
    return f"{signed}.{part(model.sign(signed.encode(), key))}"


def rsa(kid: str | None = "rsa", bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid} if kid else None)


def ec(kid: str | None = "ec", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid} if kid else None)


def ed(kid: str | None = "ed") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid} if kid else None)


def key_set(*keys: Key | dict[str, Any], **fields: Any) -> bytes:
    """A JWKS with the public parts of the keys; `fields` are added to each."""
    entries = [
        {**(key if isinstance(key, dict) else key.as_dict(private=False)), **fields} for key in keys
    ]
    return json.dumps({"keys": entries}).encode()
