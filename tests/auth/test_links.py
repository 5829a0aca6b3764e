"""The secrets of share links."""

from __future__ import annotations

from random import Random

import pytest

from collab.auth.links import PREFIX, hash_of, mint_link_secret


def test_a_secret_is_known_by_its_hash() -> None:
    """[ID12] only the hash of a secret is kept, and it is found by that."""
    random = Random(1)
    token, secret_hash = mint_link_secret(random)
    assert token.startswith(PREFIX)
    assert hash_of(token) == secret_hash
    assert len(secret_hash) == 32
    assert token.removeprefix(PREFIX).encode() not in secret_hash
    assert mint_link_secret(random)[0] != token


@pytest.mark.parametrize(
    "wrong", ["", PREFIX, "x", "{}x", "{}\n", " {}", "collab-link.{}", "{}=", "COLLAB-LINK.aa"]
)
def test_what_is_no_secret_has_no_hash(wrong: str) -> None:
    """[ID12] one spelling of a secret and no other."""
    token, _ = mint_link_secret(Random(1))
    assert hash_of(wrong.format(token)) is None
    assert hash_of(token.upper()) is None
    assert hash_of(token[:-1]) is None
    assert hash_of(token[:-1] + "é") is None
