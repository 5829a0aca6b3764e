"""What every `Grants` promises."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Grant, Role
from collab.errors import DocumentDeleted, DocumentNotFound, EntryNotFound, TooManyEntries
from collab.storage.access_rules import MAX_GRANTS
from tests.contracts.stores import Stores


async def test_a_grant_is_kept_as_it_was_given(stores: Stores) -> None:
    """[GR1] to the last bit, whatever characters the user's id has."""
    await stores.create("a~/1")
    given = await stores.grants.put("a~/1", "bøb|auth0:\U0001f600/%_*", Role.EDITOR, "ada")
    now = stores.clock.now
    assert given == Grant("a~/1", "bøb|auth0:\U0001f600/%_*", Role.EDITOR, "ada", now)
    assert await stores.grants.page("a~/1") == (given,)
    assert await stores.grants.roles("a~/1", given.user) is Role.EDITOR


async def test_a_grant_is_changed_in_place(stores: Stores) -> None:
    """[GR1] a user has one role in a document, the last one given."""
    await stores.create("a")
    await stores.grants.put("a", "bob", Role.OWNER, "ada")
    stores.clock.now += 1
    changed = await stores.grants.put("a", "bob", Role.VIEWER, "eve")
    assert await stores.grants.page("a") == (changed,)
    assert (changed.role, changed.by, changed.created) == (Role.VIEWER, "eve", stores.clock.now)
    assert await stores.grants.roles("a", "bob") is Role.VIEWER


async def test_the_owner_in_the_catalog_is_an_owner(stores: Stores) -> None:
    """[GR2] whatever a grant says; nobody else has a role without one."""
    await stores.create("a", "b")
    assert await stores.grants.roles("a", "ada") is Role.OWNER
    await stores.grants.put("a", "ada", Role.VIEWER, "ada")
    assert await stores.grants.roles("a", "ada") is Role.OWNER
    await stores.grants.put("a", "bob", Role.COMMENTER, "ada")
    assert await stores.grants.roles("b", "bob") is None
    for other in ("", "BOB", "bob ", "bo", "bob%", "a"):
        assert await stores.grants.roles("a", other) is None
    assert await stores.grants.roles("nowhere", "ada") is None


async def test_grants_go_by_the_bytes_of_the_user(stores: Stores) -> None:
    """[GR1] in the order that Python gives them, on every database."""
    await stores.create("a", "b")
    users = ["a", "B", "b", "_", "é", "e\u0301", "Z", "zz", "\U0001f600", "\uffee"]
    for user in users:
        await stores.grants.put("a", user, Role.VIEWER, "ada")
    await stores.grants.put("b", "other", Role.VIEWER, "ada")
    assert [grant.user for grant in await stores.grants.page("a")] == sorted(users)


async def test_a_grant_is_taken_back(stores: Stores) -> None:
    """[GR1] once; then it is not there."""
    await stores.create("a")
    await stores.grants.put("a", "bob", Role.EDITOR, "ada")
    await stores.grants.put("a", "eve", Role.EDITOR, "ada")
    await stores.grants.remove("a", "bob")
    assert await stores.grants.roles("a", "bob") is None
    assert [grant.user for grant in await stores.grants.page("a")] == ["eve"]
    with pytest.raises(EntryNotFound):
        await stores.grants.remove("a", "bob")


async def test_unknown_and_deleted_documents_take_none(stores: Stores) -> None:
    """[GR3] what is wrong is said; who had a role keeps it, so as to be told."""
    await stores.create("a")
    await stores.grants.put("a", "bob", Role.EDITOR, "ada")
    await stores.catalog.delete("a")
    for call in (
        stores.grants.page("a"),
        stores.grants.put("a", "bob", Role.VIEWER, "ada"),
        stores.grants.remove("a", "bob"),
    ):
        with pytest.raises(DocumentDeleted):
            await call
    for call in (
        stores.grants.page("b"),
        stores.grants.put("b", "bob", Role.VIEWER, "ada"),
        stores.grants.remove("b", "bob"),
    ):
        with pytest.raises(DocumentNotFound) as caught:
            await call
        assert not isinstance(caught.value, DocumentDeleted)
    assert await stores.grants.roles("a", "bob") is Role.EDITOR
    assert await stores.grants.roles("a", "ada") is Role.OWNER


async def test_a_document_takes_so_many_grants(stores: Stores) -> None:
    """[GR4] also of those who give at the same time; changing one needs no room."""
    await stores.create("a", "b")
    for number in range(MAX_GRANTS - 2):
        await stores.grants.put("a", f"user-{number}", Role.VIEWER, "ada")
    results = await asyncio.gather(
        *(stores.grants.put("a", f"late-{n}", Role.VIEWER, "ada") for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Grant) for result in results) == 2
    assert sum(isinstance(result, TooManyEntries) for result in results) == 3
    assert len(await stores.grants.page("a")) == MAX_GRANTS
    await stores.grants.put("a", "user-0", Role.EDITOR, "ada")
    await stores.grants.put("b", "user-0", Role.EDITOR, "ada")
    await stores.grants.remove("a", "user-1")
    await stores.grants.put("a", "one more", Role.EDITOR, "ada")
