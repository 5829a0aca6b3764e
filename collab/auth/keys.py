"""Public keys of a JSON Web Key Set, each with the algorithms that it may verify."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import DictKey, ECKey, Key, OKPKey, RSAKey

from collab.errors import ProtocolError
from collab.protocol.strict_json import parse_json

_log = logging.getLogger(__name__)

MAX_KEYS: Final = 100
MAX_DEPTH: Final = 8
RSA_BITS: Final = range(2048, 8193)
MAX_KID: Final = 256

_PUBLIC: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_ALGORITHMS: Final = {
    "RSA": frozenset({"RS256", "PS256"}),
    "EC": frozenset({"ES256"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
}
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key, and the values of `alg` that tokens signed with it may have."""

    kid: str | None
    algorithms: frozenset[str]
    key: Key


def parse_key_set(data: bytes) -> tuple[PublicKey, ...]:
    """The keys of a JWKS that can verify our tokens; others in it are passed over.

    Raises ProtocolError if it is no key set, or has none such.
    """
    try:
        document = parse_json(data.decode("utf-8"), MAX_DEPTH)
    except UnicodeDecodeError:
        raise ProtocolError("the key set is not UTF-8") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise ProtocolError(f"the key set has no list `keys` of at most {MAX_KEYS}")
    found = tuple(key for entry in entries if (key := _read(entry)) is not None)
    if not found:
        raise ProtocolError("the key set has no key for RS256, PS256, ES256 or EdDSA")
    return found


def _read(entry: object) -> PublicKey | None:
    if not isinstance(entry, dict) or not _signs(entry):
        return None
    kind = entry.get("kty")
    if not isinstance(kind, str) or kind not in _PUBLIC:
        return None
    algorithms = _ALGORITHMS[kind]
    if "alg" in entry:
        algorithms = frozenset({entry["alg"]} & algorithms if _text(entry, "alg") else ())
    if not algorithms or entry.get("crv", _CURVES.get(kind)) != _CURVES.get(kind):
        return None
    kid = entry.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > MAX_KID):
        return None
    key = _import(kind, entry)
    return None if key is None else PublicKey(kid, algorithms, key)


def _import(kind: str, entry: Mapping[str, Any]) -> Key | None:
    if "d" in entry:
        _log.warning("the key set holds a private key: only its public part is used")
    # Only the public part is handed on, whatever else the entry has.
    public: DictKey = {"kty": kind, **{name: str(entry.get(name)) for name in _PUBLIC[kind]}}
    try:
        match kind:
            case "RSA":
                key = RSAKey.import_key(public)
                return key if key.public_key.key_size in RSA_BITS else None
            case "EC":
                return _usable(ECKey.import_key(public))
            case _:
                return _usable(OKPKey.import_key(public))
    except (JoseError, ValueError, TypeError) as error:
        _log.warning("a key of the key set cannot be read", extra={"reason": str(error)})
        return None


def _usable(key: ECKey | OKPKey) -> Key:
    """The key, once it is known that its numbers make one: they are read when first used."""
    _ = key.public_key
    return key


def _signs(entry: Mapping[str, Any]) -> bool:
    """Whether the key is meant to verify signatures."""
    operations = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and (
        isinstance(operations, list) and ("verify" in operations or "sign" in operations)
    )


def _text(entry: Mapping[str, Any], name: str) -> bool:
    return isinstance(entry[name], str)
