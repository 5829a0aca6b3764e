"""The secrets of share links: how one is made, what it looks like, and what is stored of it."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from random import Random
from typing import Final

PREFIX: Final = "collab-link."
"""How the token of a link begins: a JSON Web Token cannot, and scanners for leaked secrets can
look for it."""

_BYTES: Final = 32
_TOKEN: Final = re.compile(rf"{re.escape(PREFIX)}([A-Za-z0-9_-]{{43}})")


def mint_link_secret(random: Random) -> tuple[str, bytes]:
    """A new token to hand out, once, and its hash to store: `(token, secret_hash)`. No one can
    guess it if `random` is a SystemRandom."""
    secret = urlsafe_b64encode(random.randbytes(_BYTES)).rstrip(b"=").decode("ascii")
    return PREFIX + secret, _hash(secret)


def hash_of(token: str) -> bytes | None:
    """The hash that the token's link is stored with, 32 bytes; None if it is no such token."""
    match = _TOKEN.fullmatch(token)
    return None if match is None else _hash(match[1])


def _hash(secret: str) -> bytes:
    # 256 random bits cannot be tried out, so that a fast hash is enough.
    return hashlib.sha256(secret.encode("ascii")).digest()
