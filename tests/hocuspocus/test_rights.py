"""[HP15] [HP30] [HP31] [RM24] Every role and every kind of message, before and after rights end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab.access import Role
from collab.protocol.hocuspocus import Authenticated, Scope
from collab.protocol.messages import (
    AwarenessUpdate,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStep1,
    SyncStep2,
    Update,
)
from tests.hocuspocus.house import STEP_1, HocuspocusSocket, House, Said
from tests.hocuspocus.test_receipts import Author, joined

KINDS: dict[str, Callable[[Author], list[Said]]] = {
    "update": lambda author: [author.types("words")],
    "large update": lambda author: [author.types("x" * 70_000)],
    "step 2": lambda author: [SyncStep2(author.types("words").update)],
    "both, and its past behind it": lambda author: list(
        reversed([author.types("one"), author.types("two"), SyncStep2(author.all)])
    ),
    "presence": lambda author: [],
    "step 1": lambda author: [STEP_1],
    "query": lambda author: [QueryAwareness()],
    "stateless": lambda author: [Stateless("hello")],
}
kinds = pytest.mark.parametrize("kind", KINDS)


async def told(house: House, eve: HocuspocusSocket, kind: str) -> list[str]:
    """What `eve` causes by saying one kind of message in document `a`."""
    heard: list[str] = []
    async with house.provider() as ann:
        await joined(ann, "a")
        for session in house.registry.rooms["a"].sessions:
            session.stateless = lambda payload: heard.append("stateless")
        if kind == "presence":
            eve.present("a", 9)
        eve.say("a", *KINDS[kind](Author()))
        await eve.settle(1)
        for said in await ann.heard("a"):
            if isinstance(said, Update):
                heard.append("update")
            if isinstance(said, AwarenessUpdate) and said.entries:
                heard.append("presence")
    if await house.saved("a"):
        heard.append("saved")
    return sorted(set(heard))


@kinds
@pytest.mark.parametrize("role", list(Role))
async def test_while_rights_last(house: House, role: Role, kind: str) -> None:
    """Presence, questions and texts are open to all, the document to those who may write."""
    house.door.roles["eve", "a"] = role
    async with house.provider() as eve:
        await eve.sign_in("a", "eve")
        caused = await told(house, eve, kind)
        if "step 2" in kind or "update" in kind or "both" in kind:
            assert caused == (["saved", "update"] if role.may_write else [])
            if not role.may_write:
                assert Receipt(True) not in await eve.heard("a")
        elif kind in ("presence", "stateless"):
            assert caused == [kind]
        else:
            assert caused == []
            answers = [type(said) for said in await eve.heard("a")]
            assert (SyncStep1 in answers) == (kind == "step 1")


@kinds
@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_after_they_ended(house: House, end: str, kind: str) -> None:
    """Nothing is heard, seen or saved, and nothing is answered."""
    async with house.provider() as eve:
        await eve.sign_in("a", "eve until 20")
        await eve.sign_in("b", "eve")
        if end == "revoked":
            house.door.roles["eve", "a"] = None
            house.live.changed("a")
        await eve.settle(1 if end == "revoked" else 25)
        await eve.heard("a")
        assert await told(house, eve, kind) == []
        assert await eve.heard("a") == []
        assert eve.code is None


@kinds
async def test_after_a_downgrade(house: House, kind: str) -> None:
    """What waited for its past is not taken either."""
    async with house.provider() as eve:
        await eve.sign_in("a", "eve")
        author = Author()
        first, second = author.types("first"), author.types("second")
        eve.say("a", second)
        await eve.settle()
        house.door.roles["eve", "a"] = Role.VIEWER
        house.live.changed("a")
        await eve.settle()
        assert Authenticated(Scope.READ_ONLY) in await eve.heard("a")
        eve.say("a", first, SyncStep2(author.all))
        assert await eve.receipts("a") == [False] * 3
        caused = await told(house, eve, kind)
        assert caused == ([kind] if kind in ("presence", "stateless") else [])
