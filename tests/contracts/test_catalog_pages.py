"""What every `Catalog` promises of its list: order, paging, search."""

from __future__ import annotations

import base64
import random

import pytest

from collab.interfaces import Kind, Page
from tests.contracts.stores import Stores, ids_of


async def titled(stores: Stores, *titles: str) -> None:
    for title in titles:
        await stores.catalog.create(title or "untitled", title, Kind.NOTE, "ada")


async def found(stores: Stores, query: str) -> list[str]:
    page = await stores.catalog.page(query, None, 100)
    return sorted(info.title for info in page.documents)


async def listed(stores: Stores, limit: int, query: str = "") -> list[str]:
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await stores.catalog.page(query, cursor, limit)
        assert len(page.documents) <= limit
        ids += ids_of(page.documents)
        cursor = page.next_cursor
        if cursor is None:
            return ids


async def test_newest_edit_first(stores: Stores) -> None:
    """[ST12] by `updated`, the last edit on top; deleted documents are not listed."""
    for document in ("a", "b", "c", "d"):
        await stores.create(document)
        stores.clock.now += 1
    await stores.append("b", b"1")
    await stores.catalog.delete("c")
    page = await stores.catalog.page("", None, 10)
    assert ids_of(page.documents) == ["b", "d", "a"]
    assert page.next_cursor is None
    assert page.documents[0] == await stores.catalog.find("b")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20, 21])
async def test_pages_join_without_gap_or_repeat(stores: Stores, limit: int) -> None:
    """[ST12] at every page size, with many edits at the same moment."""
    rng = random.Random(6)
    times = {f"d{n}": stores.clock.now + rng.randint(0, 4) / 3 for n in range(20)}
    for document, when in times.items():
        stores.clock.now = when
        await stores.create(document)
    expected = sorted(times, key=lambda d: (times[d], d), reverse=True)
    assert await listed(stores, limit) == expected


async def test_the_last_page_has_no_cursor(stores: Stores) -> None:
    """[ST12] not even when it is full."""
    await stores.create("a", "b")
    page = await stores.catalog.page("", None, 2)
    assert len(page.documents) == 2
    assert page.next_cursor is None
    assert (await stores.catalog.page("nothing like it", None, 2)).documents == ()


async def test_documents_that_move_while_paging(stores: Stores) -> None:
    """[ST12] edits, deletions and new documents shift no other document."""
    for document in ("a", "b", "c", "d", "e", "f"):
        stores.clock.now += 1
        await stores.create(document)
    first = await stores.catalog.page("", None, 2)
    assert ids_of(first.documents) == ["f", "e"]
    stores.clock.now += 1
    await stores.append("e", b"1")  # the last of the page, where the cursor points
    await stores.append("c", b"1")  # to the front: not met below
    await stores.catalog.delete("f")
    await stores.create("new")
    second = await stores.catalog.page("", first.next_cursor, 2)
    assert ids_of(second.documents) == ["d", "b"]
    third = await stores.catalog.page("", second.next_cursor, 2)
    assert ids_of(third.documents) == ["a"]
    assert third.next_cursor is None


async def test_search_knows_no_case_in_any_script(stores: Stores) -> None:
    """[ST13] case and the way of writing an accent make no difference."""
    await titled(stores, "Ärger", "Straße", "ΣΊΣΥΦΟΣ", "Žluťoučký KŮŇ", "cafe\u0301")
    assert await found(stores, "ärg") == ["Ärger"]
    assert await found(stores, "A\u0308RGER") == ["Ärger"]
    assert await found(stores, "STRASSE") == ["Straße"]
    assert await found(stores, "σίσυφος") == ["ΣΊΣΥΦΟΣ"]
    assert await found(stores, "kůň") == ["Žluťoučký KŮŇ"]
    assert await found(stores, "CAFÉ") == ["cafe\u0301"]


async def test_no_character_of_a_query_is_special(stores: Stores) -> None:
    """[ST13] a query is searched for as it is."""
    await titled(stores, "100%", "100x", "a_b", "axb", "back\\slash", "o'hara", 'say "x"', "*?[a]")
    assert await found(stores, "%") == ["100%"]
    assert await found(stores, "a_b") == ["a_b"]
    assert await found(stores, "\\") == ["back\\slash"]
    assert await found(stores, "O'H") == ["o'hara"]
    assert await found(stores, '"X"') == ['say "x"']
    assert await found(stores, "*?[") == ["*?[a]"]
    assert await found(stores, "; DROP TABLE documents") == []
    assert await found(stores, "y" * 100_000) == []


async def test_search_pages_and_follows_a_rename(stores: Stores) -> None:
    """[ST13] only what matches is counted; a new title is found, the old one is not."""
    await titled(stores, *(f"{'even' if n % 2 == 0 else 'odd'} {n}" for n in range(12)))
    assert await listed(stores, 2, "EVEN") == [f"even {n}" for n in (8, 6, 4, 2, 10, 0)]
    await stores.catalog.rename("even 4", "Other")
    assert await found(stores, "other") == ["Other"]
    assert "even 4" not in await found(stores, "even")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "not a cursor",
        "é",
        "\x00",
        "====",
        "A" * 100_000,
        encoded("1.0 a"),  # no cursor writes a number like this
        encoded("nan a"),
        encoded("inf a"),
        encoded("0x1.0000000000000p+99999 a"),
        encoded(""),
        encoded(f"{(1.0).hex()} \0"),
        base64.urlsafe_b64encode(b"0x1.0000000000000p+0 \xff").decode(),
    ],
)
async def test_a_cursor_that_no_page_gave(stores: Stores, cursor: str) -> None:
    """[ST14] is a ValueError, whatever it is."""
    await stores.create("a")
    with pytest.raises(ValueError, match="not a cursor"):
        await stores.catalog.page("", cursor, 10)


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_page_has_room(stores: Stores, limit: int) -> None:
    """[ST14] a page of nothing is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one"):
        await stores.catalog.page("", None, limit)


@pytest.mark.parametrize("query", ["a\0", "\0", "\ud800"])
async def test_what_no_title_holds_is_not_found(stores: Stores, query: str) -> None:
    """[ST13] a search for it is a search like any other."""
    await stores.create("a")
    assert await stores.catalog.page(query, None, 10) == Page((), None)
