"""What every `Catalog` promises of a list that shows only some of the documents."""

from __future__ import annotations

import random

import pytest

from collab.access import Role, Visibility
from collab.interfaces import Kind
from tests.contracts.stores import Stores, ids_of

NOBODY = ""


async def made(stores: Stores, *owned: tuple[str, str]) -> None:
    for document, owner in owned:
        stores.clock.now += 1
        await stores.catalog.create(document, document, Kind.NOTE, owner)


async def shown(stores: Stores, user: str, *patterns: str, query: str = "") -> list[str]:
    page = await stores.catalog.page(query, None, 1000, Visibility(user, patterns))
    return sorted(ids_of(page.documents))


async def test_what_one_owns_or_was_granted(stores: Stores) -> None:
    """[GR8] and nothing else; a document that is both is there once."""
    await made(stores, ("a", "ada"), ("b", "bob"), ("c", "bob"), ("d", "eve"), ("gone", "ada"))
    await stores.grants.put("a", "ada", Role.EDITOR, "ada")
    await stores.grants.put("b", "ada", Role.VIEWER, "bob")
    await stores.grants.put("c", "Ada", Role.OWNER, "bob")
    await stores.catalog.delete("gone")
    assert await shown(stores, "ada") == ["a", "b"]
    assert await shown(stores, "Ada") == ["c"]
    for nobody in (NOBODY, "%", "ad_", "ada%", "*"):
        assert await shown(stores, nobody) == []
    await stores.grants.remove("b", "ada")
    assert await shown(stores, "ada") == ["a"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["team/plan"], ["team/plan"]),
        (["team/*"], ["team/minutes", "team/plan", "team/plan~"]),
        (["team*"], ["team", "team/minutes", "team/plan", "team/plan~", "team2", "teammate"]),
        (["Team*"], ["Team/plan"]),
        (["te_m*", "te%", "t?am", "[t]eam"], []),
        (["a_b*"], ["a_b"]),
        (["team/plan*", "team/p*", "team2"], ["team/plan", "team/plan~", "team2"]),
        (["~*"], ["~", "~~"]),
        (["", "tea*m", "**", "team/\x7f*"], []),
        (["\0*", "é*", "team\n", "\ud83d*", "team/\U0001f600"], []),
    ],
)
async def test_patterns_compare_by_bytes(
    stores: Stores, patterns: list[str], expected: list[str]
) -> None:
    """[GR8] no character of them is special but a star at the end."""
    ids = ["team", "team/plan", "team/plan~", "team/minutes", "team2", "teammate", "Team/plan"]
    ids += ["a_b", "axb", "~", "~~", "0"]
    await made(stores, *((document, "ada") for document in ids))
    assert await shown(stores, NOBODY, *patterns) == expected


async def test_a_star_shows_everything(stores: Stores) -> None:
    """[GR8] of what there is."""
    await made(stores, ("a", "ada"), ("b", "bob"))
    assert await shown(stores, NOBODY, "*") == ["a", "b"]
    assert await shown(stores, NOBODY, "x", "*") == ["a", "b"]


async def test_thousands_of_patterns(stores: Stores) -> None:
    """[GR8] a token may hold as many as fit into a request."""
    await made(stores, ("d500", "ada"), ("e", "ada"), ("mine", "bob"))
    for count in (32, 33, 501, 5000):
        patterns = [f"d{n}{'*' if n % 2 else ''}" for n in range(count)]
        expected = ["d500", "mine"] if count > 5 else ["mine"]
        assert await shown(stores, "bob", *patterns) == expected


@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_pages_join_without_gap_or_repeat(stores: Stores, limit: int) -> None:
    """[GR8] [ST12] what is not shown is not counted, with a query too."""
    rng = random.Random(11)
    expected = []
    start = stores.clock.now
    for number in range(60):
        document = rng.choice(["x/", "y/", "z/"]) + f"{number:02}"
        owner, granted = rng.choice("abc"), rng.choice("abc")
        stores.clock.now = start + rng.randint(0, 9) / 3
        title = rng.choice(["Even", "odd"])
        info = await stores.catalog.create(document, title, Kind.NOTE, owner)
        await stores.grants.put(document, granted, Role.VIEWER, "admin")
        if "a" in (owner, granted) or document.startswith("y/"):
            expected.append(info)
    expected.sort(key=lambda info: (info.updated, info.id), reverse=True)
    visible = Visibility("a", ("y/*",))
    assert await listed(stores, visible, limit, "") == [i.id for i in expected]
    assert await listed(stores, visible, limit, "even") == [
        i.id for i in expected if i.title == "Even"
    ]


async def listed(stores: Stores, visible: Visibility, limit: int, query: str) -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await stores.catalog.page(query, cursor, limit, visible)
        assert len(page.documents) <= limit
        ids += ids_of(page.documents)
        cursor = page.next_cursor
        if cursor is None:
            return ids
