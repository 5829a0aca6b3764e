"""What a token's claims may hold."""

from __future__ import annotations

from typing import Any

import pytest

from collab.access import Right, Role
from collab.auth.claims import ClaimRules, read_claims
from collab.errors import Unauthenticated
from tests.auth.signing import ISSUER, NOW, RULES, claims


def refused(**changes: Any) -> str:
    with pytest.raises(Unauthenticated) as caught:
        read_claims(claims(**changes), RULES, NOW)
    return str(caught.value)


def taken(**changes: Any) -> Any:
    return read_claims(claims(**changes), RULES, NOW)


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "sub"])
def test_four_claims_are_needed(name: str) -> None:
    """[ID6] iss, aud, exp and sub: a token without one of them is refused, by name."""
    assert f"claim {name} " in refused(**{name: ...})
    assert f"claim {name} " in refused(**{name: None})


@pytest.mark.parametrize("issuer", ["", "https://shop.example/", "HTTPS://SHOP.EXAMPLE", [ISSUER]])
def test_the_issuer_is_exact(issuer: object) -> None:
    """[ID6] iss equals the issuer of the settings."""
    assert "claim iss " in refused(iss=issuer)


@pytest.mark.parametrize("audience", ["", "collab2", ["x"], [], {"collab": 1}, [["collab"]], 5])
def test_the_audience_is_exact(audience: object) -> None:
    """[ID6] aud is the audience of the settings, or a list with it."""
    assert "claim aud " in refused(aud=audience)
    assert taken(aud=["x", "collab"]).user == "ann"


WRONG_TIMES = ["1700003600", True, None, [], -1, 2**60, 1e300, float("nan"), float("inf")]


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", WRONG_TIMES)
def test_times_are_numbers(name: str, value: object) -> None:
    """[ID6] a time is a number of seconds; one that is there is checked."""
    assert f"claim {name} " in refused(**{name: value})


def test_clocks_may_differ_by_the_leeway() -> None:
    """[ID7] exp is over `leeway` later, nbf and iat begin as much earlier, to the moment."""
    assert taken(exp=NOW - 4.9).expires == pytest.approx(NOW + 0.1)
    assert "expired" in refused(exp=NOW - 5)
    for name in ("nbf", "iat"):
        assert taken(**{name: NOW + 5}).user == "ann"
        assert f"claim {name} is in the future" in refused(**{name: NOW + 5.1})
    strict = ClaimRules(ISSUER, "collab", leeway=0)
    assert read_claims(claims(exp=NOW + 0.1), strict, NOW).expires == NOW + 0.1
    with pytest.raises(Unauthenticated):
        read_claims(claims(exp=NOW), strict, NOW)


@pytest.mark.parametrize("user", ["", 5, ["ann"], "x" * 256, "a\nb", "a\x00", "a\u2028b", " ann"])
def test_a_user_is_a_short_line(user: object) -> None:
    """[ID8] sub has 1 to 255 characters and no control characters."""
    assert "claim sub " in refused(sub=user)
    assert taken(sub="x" * 255).user == "x" * 255
    assert taken(sub="auth0|507f: \u00e9\U0001f469\u200d\U0001f4bb").rights


@pytest.mark.parametrize("name", [5, None, "x" * 101, "a\nb", "a\x7f", "a\u2029b", ["Ann"]])
def test_a_name_is_a_short_line(name: object) -> None:
    """[ID8] name has at most 100 characters in one line."""
    assert "claim name " in refused(name=name)
    assert taken(name="\u05d0\u05d1 " * 33).name == "\u05d0\u05d1 " * 33
    assert taken(name=...).name == ""


@pytest.mark.parametrize(
    "color", ["red", "#fff", "#12345g", "#1234567", "#123456 ", "#123456\n", 5, None, "url(x)"]
)
def test_a_color_is_six_digits(color: object) -> None:
    """[ID8] color has the form #rrggbb, so that it is safe in a style."""
    assert "claim color " in refused(color=color)
    assert taken(color="#AbCdEf").color == "#abcdef"


@pytest.mark.parametrize(
    "documents",
    [None, [], "team/*", {"a*b": "editor"}, {"**": "editor"}, {"../x": "editor"}, {"": "editor"},
     {"a b*": "editor"}, {"é": "editor"}, {"a//b": "editor"}, {"x" * 256: "editor"},
     {"x" * 255 + "*": "editor"}, {"a": "admin"}, {"a": "OWNER"}, {"a": None}, {"a": ["editor"]},
     {"a": 3}, {f"d{n}": "viewer" for n in range(1001)}],
)  # fmt: skip
def test_rights_are_ids_or_beginnings_and_roles(documents: object) -> None:
    """[ID9] documents maps ids, or beginnings of ids with *, to roles; at most 1000."""
    assert "claim documents " in refused(documents=documents)


def test_rights_are_read() -> None:
    """[ID9] as they stand, each with its role."""
    given = {"*": "viewer", "a/b": "owner", "a/*": "commenter", "a/b/c*": "editor"}
    rights = taken(documents=given).rights
    assert rights == tuple(Right(pattern, Role(role)) for pattern, role in given.items())
    assert taken(documents=...).rights == ()
    assert len(taken(documents={f"d{n}": "viewer" for n in range(1000)}).rights) == 1000


@pytest.mark.parametrize("create", ["true", 1, 0, None, []])
def test_create_is_true_or_false(create: object) -> None:
    """[ID9] create is a boolean and false unless said."""
    assert "claim create " in refused(create=create)
    assert taken(create=True).may_create
    assert not taken(create=False).may_create
    assert not taken().may_create


def test_other_claims_are_ignored() -> None:
    """[ID6] claims that are not known are nothing to us."""
    assert taken(jti="x", role="owner", admin=True, scope="*", rights={"*": "owner"}) == taken()
