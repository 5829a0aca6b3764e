"""Who gets in, as the settings have it: `open` and `token` mode, put together."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from collab.auth.claims import ClaimRules
from collab.auth.open import OpenAuthorizer
from collab.auth.origins import Origin, parse_origin
from collab.auth.rights import Rights
from collab.auth.sites import Sites
from collab.errors import ConfigError
from collab.interfaces import Authorizer, Clock, Grants, Links
from collab.settings import Settings

if TYPE_CHECKING:  # what checks signatures takes long to import: only token mode pays for it
    from collab.auth.jwks import KeySet
    from collab.auth.tokens import TokenIssuer


@dataclass(frozen=True, slots=True)
class Gate:
    """The authorizer; what signs tokens that it takes, if there is a secret in token mode; the
    keys to start before and to close after it, if they come from a key set; what it goes by when
    it is left to a product to say who someone is."""

    authorizer: Authorizer
    issuer: TokenIssuer | None
    keys: KeySet | None
    sites: Sites
    rights: Rights


def build_gate(
    settings: Settings, grants: Grants, links: Links, clock: Clock, random: Random
) -> Gate:
    """Raises ConfigError."""
    sites = Sites(settings.host, settings.allowed_origins, _public(settings))
    rights = Rights(grants, links, clock, random)
    if settings.auth != "token":
        return Gate(OpenAuthorizer(sites, random), None, None, sites, rights)
    from collab.auth.token import TokenAuthorizer
    from collab.auth.tokens import TokenVerifier

    rules = _rules(settings)
    keys = None if settings.jwks is None else _key_set(settings.jwks, settings, clock)
    verifier = TokenVerifier(rules, _secret(settings), keys, clock)
    authorizer = TokenAuthorizer(sites, verifier, rights)
    issuer = None if settings.jwt_secret is None else token_issuer(settings, clock)
    return Gate(authorizer, issuer, keys, sites, rights)


async def check_keys(settings: Settings, clock: Clock) -> None:
    """Read the key set once, if tokens are checked by one. Raises ConfigError."""
    if settings.auth == "token" and settings.jwks is not None:
        keys = _key_set(settings.jwks, settings, clock)
        try:
            await keys.start()
        finally:
            await keys.aclose()


def token_issuer(settings: Settings, clock: Clock) -> TokenIssuer:
    """What signs tokens with the secret of the settings. Raises ConfigError."""
    from collab.auth.tokens import TokenIssuer

    rules, secret = _rules(settings), _secret(settings)
    if secret is None:
        raise ConfigError("COLLAB_JWT_SECRET is not set: tokens are signed with it")
    return TokenIssuer(rules, secret, clock)


def _key_set(place: str, settings: Settings, clock: Clock) -> KeySet:
    from collab.auth.jwks import KeySet, key_source

    return KeySet(key_source(place), clock, settings.jwks_seconds)


def _public(settings: Settings) -> Origin | None:
    if settings.public_url is None:
        return None
    try:
        parts = urlsplit(settings.public_url)
        return parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise ConfigError(
            "COLLAB_PUBLIC_URL is not a URL such as https://notes.example.org"
        ) from None


def _rules(settings: Settings) -> ClaimRules:
    settings.require_token_settings()
    assert settings.jwt_issuer is not None
    return ClaimRules(settings.jwt_issuer, settings.jwt_audience, settings.jwt_leeway_seconds)


def _secret(settings: Settings) -> bytes | None:
    return None if settings.jwt_secret is None else settings.jwt_secret.get_secret_value().encode()
