"""Which tokens are believed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.access import Identity, Right, Role
from collab.auth.jwks import KeySet
from collab.auth.tokens import MAX_TOKEN, TokenIssuer, TokenVerifier
from collab.errors import ConfigError, Unauthenticated
from tests.auth.signing import (
    NOW,
    RULES,
    SECRET,
    StillClock,
    assemble,
    asymmetric,
    claims,
    ec,
    ed,
    hs256,
    key_set,
    rsa,
)

RSA, EC, ED = rsa(), ec(), ed()


class BytesSource:
    """A key set without a place."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    async def read(self) -> bytes:
        self.reads += 1
        return self.data

    async def aclose(self) -> None:
        pass


async def verifier(
    *keys: Any, secret: bytes | None = SECRET, data: bytes | None = None
) -> TokenVerifier:
    clock = StillClock()
    found = None
    if keys or data is not None:
        found = KeySet(BytesSource(data if data is not None else key_set(*keys)), clock, 300)
        await found.start()
    return TokenVerifier(RULES, secret, found, clock)


async def refused(token: str, by: TokenVerifier | None = None) -> str:
    """Why the token is refused."""
    with pytest.raises(Unauthenticated) as caught:
        await (by or await verifier()).verify(token)
    reason = str(caught.value)
    assert len(reason) <= 123, "a close frame holds no more"
    for piece in token.split("."):
        assert len(piece) < 8 or piece not in reason
    return reason


async def test_a_token_says_who_one_is() -> None:
    """[ID1] identity, name, colour and rights come from the claims of a signed token."""
    body = claims(color="#FF8800", documents={"a": "owner", "team/*": "viewer"}, create=True)
    assert await (await verifier()).verify(hs256(body)) == Identity(
        "ann",
        "Ann",
        color="#ff8800",
        verified=True,
        expires=NOW + 3605,
        rights=(Right("a", Role.OWNER), Right("team/*", Role.VIEWER)),
        may_create=True,
    )


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")],
)
async def test_public_keys_check_their_own_algorithms(key: Any, algorithm: str) -> None:
    """[ID2] keys of a key set are good for RS256, PS256, ES256 and EdDSA by their kind."""
    gate = await verifier(RSA, EC, ED, secret=None)
    assert (await gate.verify(asymmetric(claims(), key, algorithm))).user == "ann"
    with_no_kid = asymmetric(claims(), key, algorithm, kid=...)
    assert (await gate.verify(with_no_kid)).user == "ann"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 5, ["HS256"], {}])
async def test_unsigned_tokens_are_refused(name: object) -> None:
    """[ID2] `none` is no algorithm, however it is spelled; nor is what is no name."""
    gate = await verifier(RSA)
    for signature in (b"", b"x"):
        token = assemble({"alg": name}, claims(), signature)
        await refused(token, gate)
    assert "algorithm" in await refused(hs256(claims(), {"alg": name}), gate)
    assert "algorithm" in await refused(hs256(claims(), {"typ": "JWT"}), gate)


@pytest.mark.parametrize(
    "algorithm", ["HS384", "HS512", "RS384", "RS512", "ES384", "ES256K", "PS512", "Ed448"]
)
async def test_other_algorithms_are_refused(algorithm: str) -> None:
    """[ID2] what is not on the list is refused, also where the library knows it."""
    gate = await verifier(RSA, EC, ED)
    assert "algorithm" in await refused(hs256(claims(), {"alg": algorithm, "kid": "rsa"}), gate)


@pytest.mark.parametrize("encoding", ["PEM", "DER"])
async def test_a_public_key_is_no_secret(encoding: Any) -> None:
    """[ID2] an HMAC made with a public key, which everyone has, does not count."""
    known = RSA.as_bytes(encoding, private=False)
    for gate in (await verifier(RSA, secret=None), await verifier(RSA)):
        for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "rsa"}):
            await refused(hs256(claims(), header, secret=known), gate)
    with pytest.raises(ConfigError, match="random secret"):
        TokenVerifier(RULES, RSA.as_bytes("PEM", private=False), None, StillClock())


async def test_a_key_of_another_kind_checks_nothing() -> None:
    """[ID2] the algorithm of the header must be one of the key's own kind."""
    gate = await verifier(RSA, EC, ED)
    assert "key set" in await refused(asymmetric(claims(), EC, "ES256", kid="rsa"), gate)
    assert "key set" in await refused(asymmetric(claims(), ED, "EdDSA", kid="ec"), gate)
    rs_only = await verifier(data=key_set(RSA, alg="RS256"))
    assert (await rs_only.verify(asymmetric(claims(), RSA, "RS256"))).user == "ann"
    assert "key set" in await refused(asymmetric(claims(), RSA, "PS256"), rs_only)


@pytest.mark.parametrize(
    "kid", ["../../etc/passwd", "rsa' OR 1=1", "", "x" * 300, 7, None, ["rsa"], {"a": 1}, "RSA"]
)
async def test_a_kid_is_a_name_and_nothing_else(kid: object) -> None:
    """[ID3] a kid only picks a key of the set; null counts as none."""
    gate = await verifier(RSA)
    token = asymmetric(claims(), RSA, "RS256", kid=kid)
    if kid is None:
        assert (await gate.verify(token)).user == "ann"
    else:
        await refused(token, gate)


async def test_keys_that_a_token_brings_are_not_used() -> None:
    """[ID3] jwk, jku, x5u and x5c in a header are nothing to us."""
    gate = await verifier(RSA)
    other = rsa("rsa")
    brought = {"jwk": other.as_dict(private=False), "jku": "https://evil.example/keys"}
    assert "signature" in await refused(asymmetric(claims(), other, "RS256", **brought), gate)


async def test_extensions_are_refused() -> None:
    """[ID4] `crit` names what must be understood, and none is."""
    for crit in (["exp"], ["b64"], [], None):
        assert "extension" in await refused(hs256(claims(), {"alg": "HS256", "crit": crit}))


@pytest.mark.parametrize("change", [0, 1, 2])
async def test_what_was_changed_is_refused(change: int) -> None:
    """[ID1] one other bit anywhere, and the signature does not match."""
    pieces = hs256(claims()).split(".")
    piece = pieces[change]
    pieces[change] = piece[:4] + ("A" if piece[4] != "A" else "B") + piece[5:]
    await refused(".".join(pieces))
    assert "signature" in await refused(hs256(claims(), secret=b"another secret " * 3))


async def test_one_token_has_one_spelling() -> None:
    """[ID4] padding, other alphabets, cut bits and spaces are refused."""
    good = hs256(claims())
    head, body, signature = good.split(".")
    last = signature[-1]
    # 32 bytes end in a character with two bits to spare.
    respelled = chr(ord(last) + 1)
    for token in (
        "", ".", "..", "...", good + "=", good + ".", " " + good, good + "\n", "." + good,
        f"{head}.{body}", f"{head}.{body}.", f"{head}.{body}.{signature}.{signature}",
        f"{head}..{signature}", f"{head}.{body}.{signature[:-1]}{respelled}",
        f"{head}.{body}.{signature}A", f"{head}.{body}.é", good.replace(".", "\u3002"),
    ):  # fmt: skip
        await refused(token)


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"[]", b'"x"', b"null", b"{", b'{"sub": NaN}', b"[" * 9000,
     '{"iss": "a", "iss": "b"}', '{"sub": "\\ud800"}', b"{}\x00", b"\xef\xbb\xbf{}"],
)  # fmt: skip
async def test_only_strict_json_is_read(body: bytes | str) -> None:
    """[ID4] what two parsers could read differently is refused, in header and claims."""
    assert "strict JSON" in await refused(hs256(body)) or body == b"\xff\xfe"
    await refused(hs256(claims(), body))


async def test_a_repeated_claim_is_refused() -> None:
    """[ID4] no parser gets to choose which of two it believes."""
    twice = f'{{"exp": {NOW + 9}, "iss": "x", "sub": "ann", "sub": "root"}}'
    assert "strict JSON" in await refused(hs256(twice))
    header = '{"alg": "HS256", "alg": "none"}'
    assert "strict JSON" in await refused(hs256(claims(), header))


async def test_nothing_of_a_huge_token_is_read() -> None:
    """[ID4] the size is looked at first."""
    assert "characters" in await refused("a" * (MAX_TOKEN + 1))
    large = hs256(claims(unknown="x" * 40_000))
    assert (await (await verifier()).verify(large)).user == "ann"


async def test_without_a_secret_no_hmac_is_checked() -> None:
    """[ID2] HS256 needs the secret of the settings."""
    assert "algorithm" in await refused(hs256(claims()), await verifier(RSA, secret=None))
    assert "algorithm" in await refused(asymmetric(claims(), RSA, "RS256"))


async def test_what_is_issued_is_taken() -> None:
    """[ID1] a token of our own says what was asked for, and ends when it was to."""
    clock = StillClock()
    token = TokenIssuer(RULES, SECRET, clock).issue(
        "ann", "Ann", {"a": Role.OWNER, "b/*": Role.VIEWER}, 60, may_create=True, color="#123456"
    )
    gate = TokenVerifier(RULES, SECRET, None, clock)
    assert await gate.verify(token) == Identity(
        "ann",
        "Ann",
        "#123456",
        verified=True,
        expires=NOW + 65,
        rights=(Right("a", Role.OWNER), Right("b/*", Role.VIEWER)),
        may_create=True,
    )
    clock.now = 65
    assert "expired" in await refused(token, gate)


@pytest.mark.parametrize(
    "wrong",
    [{"user": ""}, {"user": "a\n"}, {"name": "x" * 101}, {"rights": {"**": Role.OWNER}},
     {"color": "red"}, {"rights": {f"d{n:0250}": Role.OWNER for n in range(900)}}],
)  # fmt: skip
def test_what_would_not_be_taken_is_not_issued(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"user": "ann", "name": "Ann", "rights": {}, "seconds": 60, **wrong}
    with pytest.raises(Unauthenticated):
        TokenIssuer(RULES, SECRET, StillClock()).issue(**given)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
CLAIM_NAMES = st.sampled_from(
    ["iss", "aud", "exp", "nbf", "iat", "sub", "name", "color", "documents", "create", "x"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.builds(
            lambda name, value, header: hs256(claims(**{name: value}), header),
            CLAIM_NAMES,
            JSON_VALUES,
            st.none() | st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), JSON_VALUES),
        ),
        st.builds(hs256, JSON_VALUES),
        st.builds(lambda a, b, c: assemble(a, b, c), st.binary(), st.binary(), st.binary()),
    )
)
def test_any_token_is_an_identity_or_refused(token: str) -> None:
    """[ID5] whatever comes as a token gives an identity or Unauthenticated, and no other end."""

    gate = TokenVerifier(RULES, SECRET, None, StillClock())
    with suppress(Unauthenticated):
        identity = asyncio.run(gate.verify(token))
        assert 1 <= len(identity.user) <= 255
        assert identity.expires is not None
