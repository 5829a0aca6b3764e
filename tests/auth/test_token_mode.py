"""Token mode: who is let in, and what adds up to their rights."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from collab.access import Access, Credentials, Identity, Link, Role
from collab.auth.links import mint_link_secret
from collab.auth.origins import parse_origin
from collab.auth.rights import Rights
from collab.auth.sites import Sites
from collab.auth.token import TokenAuthorizer
from collab.auth.tokens import TokenVerifier
from collab.errors import AccessDenied, Unauthenticated
from collab.interfaces import Kind
from collab.room.identity import stamp
from collab.storage.memory import MemoryStore
from collab.storage.memory_access import MemoryGrants, MemoryLinks
from tests.auth.signing import NOW, RULES, SECRET, StillClock, claims, hs256


class House:
    """The authorizer over stores in memory, with a document `plan` of bob's."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.random = Random(7)
        self.store = MemoryStore(self.clock)
        self.grants = MemoryGrants(self.store, self.clock)
        self.links = MemoryLinks(self.store, self.clock)
        sites = Sites("0.0.0.0", [parse_origin("https://notes.example")])
        verifier = TokenVerifier(RULES, SECRET, None, self.clock)
        rights = Rights(self.grants, self.links, self.clock, self.random)
        self.gate = TokenAuthorizer(sites, verifier, rights)

    async def link(self, role: Role, expires: float | None = None, id: str = "l1") -> str:  # noqa: A002
        token, secret_hash = mint_link_secret(self.random)
        link = Link(id, "plan", role, "", "bob", self.clock.time(), expires)
        await self.links.add(link, secret_hash)
        return token

    async def identify(self, token: str | None, link: str | None = None, **more: Any) -> Identity:
        given = {"origin": None, "host": "notes.example", "address": "10.0.0.1", **more}
        return await self.gate.identify(Credentials(token, link=link, **given))

    async def ann(self, link: str | None = None, **changes: Any) -> Identity:
        return await self.identify(hs256(claims(**{"documents": {}, **changes})), link)

    async def access(self, identity: Identity, document: str | None = "plan") -> Access:
        return await self.gate.access(identity, document)


@pytest.fixture
async def house() -> House:
    house = House()
    await house.store.create("plan", "", Kind.NOTE, "bob")
    return house


@pytest.mark.parametrize("token", [None, "", "x", "null", "undefined", "guest", "Bearer x"])
async def test_without_a_token_nobody_gets_in(house: House, token: str | None) -> None:
    """[ID1] no token, no identity."""
    with pytest.raises(Unauthenticated):
        await house.identify(token)


async def test_pages_of_other_sites_are_refused_first(house: House) -> None:
    """[AC2] the origin counts in token mode too."""
    token = hs256(claims())
    with pytest.raises(AccessDenied) as caught:
        await house.identify(token, origin="https://evil.example")
    assert not isinstance(caught.value, Unauthenticated)
    with pytest.raises(AccessDenied, match="Host"):
        await house.identify(token, host="evil.example")
    assert (await house.identify(token, origin="https://notes.example")).user == "ann"


async def test_without_a_right_there_is_no_access(house: House) -> None:
    """[ID19] every right is given by someone: a token alone opens nothing."""
    ann = await house.ann()
    for document in ("plan", "another"):
        with pytest.raises(AccessDenied) as caught:
            await house.access(ann, document)
        assert not isinstance(caught.value, Unauthenticated)


@pytest.mark.parametrize(
    ("documents", "document", "role"),
    [
        ({"plan": "viewer"}, "plan", Role.VIEWER),
        ({"pl*": "editor"}, "plan", Role.EDITOR),
        ({"*": "commenter"}, "plan", Role.COMMENTER),
        ({"*": "viewer", "p*": "owner", "plan": "editor"}, "plan", Role.OWNER),
        ({"team/*": "editor"}, "team/a/b", Role.EDITOR),
        ({"team/*": "editor"}, "team", None),
        ({"team/*": "editor"}, "teams/a", None),
        ({"plan": "editor"}, "planet", None),
        ({"planet": "editor"}, "plan", None),
        ({"plan": "editor"}, "PLAN", None),
    ],
)
async def test_rights_of_the_token_go_by_pattern(
    house: House, documents: dict[str, str], document: str, role: Role | None
) -> None:
    """[ID19] an id means itself, a beginning with * all that begin so; the highest counts."""
    ann = await house.ann(documents=documents)
    if role is None:
        with pytest.raises(AccessDenied):
            await house.access(ann, document)
    else:
        assert (await house.access(ann, document)).role is role


async def test_rights_add_up(house: House) -> None:
    """[ID19] of token, ownership, grant and link the highest counts, at each look anew."""
    link = await house.link(Role.COMMENTER)
    ann = await house.ann(link, documents={"plan": "viewer"})
    assert (await house.access(ann)).role is Role.COMMENTER
    await house.grants.put("plan", "ann", Role.EDITOR, "bob")
    assert (await house.access(ann)).role is Role.EDITOR
    await house.grants.put("plan", "ann", Role.VIEWER, "bob")
    assert (await house.access(ann)).role is Role.COMMENTER
    await house.links.revoke("plan", "l1")
    assert (await house.access(ann)).role is Role.VIEWER
    await house.grants.remove("plan", "ann")
    assert (await house.access(ann)).role is Role.VIEWER
    assert (await house.access(await house.ann(sub="bob"))).role is Role.OWNER


async def test_an_identity_is_over_when_its_token_is(house: House) -> None:
    """[ID7] also for who was let in before."""
    ann = await house.ann(documents={"*": "owner"})
    house.clock.now = 3604.9
    access = await house.access(ann)
    assert access.expires == NOW + 3605
    house.clock.now = 3605
    for document in ("plan", None):
        with pytest.raises(Unauthenticated, match="expired"):
            await house.access(ann, document)


# --- Links -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["token", "link"])
async def test_a_link_lets_guests_in(house: House, way: str) -> None:
    """[ID20] whoever holds the secret is a guest of its own with the link's role, there only."""
    secret = await house.link(Role.EDITOR, NOW + 100)
    given = {"token": secret} if way == "token" else {"token": None, "link": secret}
    first, second = await house.identify(**given), await house.identify(**given)
    assert first.user.startswith("link-")
    assert first.user != second.user
    assert first.name.startswith("Guest ")
    assert (first.verified, first.link, first.expires) == (False, "l1", NOW + 100)
    access = await house.access(first)
    assert (access.role, access.may_create, access.expires) == (Role.EDITOR, False, NOW + 100)
    with pytest.raises(AccessDenied):
        await house.access(first, "another")
    service = await house.access(first, None)
    assert not service.may_create
    assert service.visible is not None
    assert service.visible.patterns == ("plan",)


async def test_a_link_ends(house: House) -> None:
    """[ID20] revoked or expired, it lets nobody in, and whoever is in out."""
    guest = await house.identify(await house.link(Role.VIEWER, NOW + 100))
    revoked = await house.link(Role.VIEWER, id="l2")
    other = await house.identify(revoked)
    await house.links.revoke("plan", "l2")
    for document in ("plan", None):
        with pytest.raises(Unauthenticated, match="revoked"):
            await house.access(other, document)
    with pytest.raises(Unauthenticated, match="revoked"):
        await house.identify(revoked)
    house.clock.now = 100
    with pytest.raises(Unauthenticated, match="expired"):
        await house.access(guest)


@pytest.mark.parametrize("made_up", ["collab-link.", "collab-link.x", "collab-link." + "A" * 43])
async def test_a_made_up_link_is_refused(house: House, made_up: str) -> None:
    """[ID20] there is no way in but a secret that was given out."""
    with pytest.raises(Unauthenticated):
        await house.identify(made_up)
    with pytest.raises(Unauthenticated):
        await house.identify(None, made_up)
    # Who has a token keeps what that gives.
    ann = await house.ann(made_up, documents={"plan": "viewer"})
    assert (await house.access(ann)).role is Role.VIEWER


async def test_a_link_beside_a_token_adds_its_right(house: House) -> None:
    """[ID20] a signed-in user comes by a link under their own name, for as long as it lasts."""
    secret = await house.link(Role.EDITOR, NOW + 100)
    ann = await house.ann(secret)
    assert (ann.user, ann.link) == ("ann", "l1")
    access = await house.access(ann)
    assert (access.user, access.role, access.expires) == ("ann", Role.EDITOR, NOW + 100)
    owner = await house.ann(secret, documents={"plan": "owner"})
    assert (await house.access(owner)).expires == NOW + 3605
    house.clock.now = 100
    with pytest.raises(AccessDenied) as caught:
        await house.access(ann)
    assert not isinstance(caught.value, Unauthenticated)


async def test_a_grant_to_a_guests_name_is_nobodys(house: House) -> None:
    """[ID20] guests have no rights of their own, whatever is stored under their ids."""
    guest = await house.identify(await house.link(Role.VIEWER))
    await house.grants.put("plan", guest.user, Role.OWNER, "bob")
    assert (await house.access(guest)).role is Role.VIEWER


# --- Creating ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("create", "documents", "may"),
    [
        (True, {"team/*": "editor"}, True),
        (True, {"team/new": "owner"}, True),
        (True, {"team/*": "commenter"}, False),
        (True, {"team/*": "viewer", "team/new": "editor"}, True),
        (False, {"team/*": "owner"}, False),
        (False, {"*": "owner"}, False),
    ],
)
async def test_creating_needs_the_claim_and_a_right(
    house: House, create: bool, documents: dict[str, str], may: bool
) -> None:
    """[ID21] an id is created by who has create in the token, and writes there by the token."""
    ann = await house.ann(create=create, documents=documents)
    assert (await house.access(ann, "team/new")).may_create is may


async def test_a_grant_or_link_creates_nothing(house: House) -> None:
    """[ID21] what was lent in one document is no right to make others."""
    await house.grants.put("plan", "ann", Role.OWNER, "bob")
    ann = await house.ann(await house.link(Role.EDITOR), create=True)
    assert not (await house.access(ann)).may_create
    assert (await house.access(ann, None)).may_create


async def test_lists_show_what_one_may_see(house: House) -> None:
    """[ID22] a list holds one's own, the granted, and what the token or link names; an owner of
    everything sees everything."""
    ann = await house.ann(
        await house.link(Role.VIEWER), documents={"team/*": "viewer", "a": "owner"}
    )
    service = await house.access(ann, None)
    assert service.visible is not None
    assert service.visible.user == "ann"
    assert set(service.visible.patterns) == {"team/*", "a", "plan"}
    assert (await house.access(await house.ann(documents={"*": "editor"}), None)).visible
    everything = await house.access(await house.ann(documents={"*": "owner"}), None)
    assert everything.visible is None


async def test_a_token_without_a_name_leaves_that_to_the_client(house: House) -> None:
    """[ID9] its id is told all the same."""
    state = '{"user":{"name":"Annie","id":"root"}}'
    nameless = await house.access(await house.ann(name=..., documents={"plan": "owner"}))
    assert json.loads(stamp(nameless, state))["user"] == {"name": "Annie", "id": "ann"}
    named = await house.access(await house.ann(documents={"plan": "owner"}))
    assert json.loads(stamp(named, state))["user"] == {"name": "Ann", "id": "ann"}
