"""Identities that end while their connections live, and those that are renewed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.access import Identity, Role
from collab.errors import AccessDenied, Unauthenticated
from tests.auth.live.doorman import DOCUMENT, Doorman


@pytest.mark.parametrize(
    ("lifetime", "warned"), [(3600.0, 3540.0), (86400.0, 86340.0), (300.0, 270.0), (10.0, 9.0)]
)
async def test_an_identity_warns_and_ends(doorman: Doorman, lifetime: float, warned: float) -> None:
    """[ID13] a minute before the end, or a tenth of a short life, and then at the end."""
    guest, _ = await doorman.let_in(doorman.identity(lifetime=lifetime))
    begin = asyncio.get_running_loop().time()
    await asyncio.sleep(lifetime + 60)
    assert guest.news == ["expiring", Unauthenticated]
    assert guest.at("expiring") - begin == pytest.approx(warned, abs=0.1)
    assert guest.at(Unauthenticated) - begin == pytest.approx(lifetime, abs=0.1)


async def test_the_end_of_an_identity_needs_no_look(doorman: Doorman) -> None:
    """[ID13] nor does it wait for one: a store that hangs keeps nobody in."""
    guest, _ = await doorman.let_in(doorman.identity(lifetime=10))
    await asyncio.sleep(9.9)
    doorman.hold()
    for _ in range(30):
        await asyncio.sleep(0.01)
        doorman.live.changed(DOCUMENT)
    assert guest.news == ["expiring", Unauthenticated]
    doorman.release()
    await asyncio.sleep(60)
    assert guest.news == ["expiring", Unauthenticated]


async def test_looks_set_no_heap_of_alarms(doorman: Doorman) -> None:
    """[ID13] however often rights are looked at, a connection has few alarms."""
    guest, _ = await doorman.let_in(doorman.identity(lifetime=20))
    for _ in range(500):
        doorman.live.changed(DOCUMENT)
        await asyncio.sleep(0.003)
    assert doorman.lookups >= 400
    assert len(doorman.live._alarms._heap) <= 3
    await asyncio.sleep(30)
    assert guest.news == ["expiring", Unauthenticated]


async def test_who_has_ended_already_is_told_at_once(doorman: Doorman) -> None:
    """[ID13] also when the end came while the peer was let in."""
    identity = doorman.identity(lifetime=1)
    watch = doorman.live.watch(DOCUMENT, identity)
    doorman.write(Role.EDITOR)
    access = await doorman.access(identity, DOCUMENT)
    await asyncio.sleep(2)
    guest, other = await doorman.let_in(doorman.identity("bob"))
    other.stop()
    doorman.live.begin(watch, access, guest)
    await asyncio.sleep(0.5)
    assert guest.news[-1] is Unauthenticated


async def test_what_is_left_at_the_end_of_an_access_is_granted(doorman: Doorman) -> None:
    """[ID13] rights that end before the identity does, as a link's, give way to what is left."""
    identity = doorman.identity(lifetime=1000)
    guest, watch = await doorman.let_in(doorman.identity("bob"))
    watch.stop()
    watch = doorman.live.watch(DOCUMENT, identity)
    doorman.write(Role.EDITOR)
    access = replace(await doorman.access(identity, DOCUMENT), expires=doorman.clock.time() + 10)
    doorman.live.begin(watch, access, guest)
    doorman.write(Role.VIEWER)
    begin = asyncio.get_running_loop().time()
    await asyncio.sleep(12)
    assert guest.news == [Role.VIEWER]
    assert guest.at(Role.VIEWER) - begin == pytest.approx(10, abs=0.1)


async def test_a_renewed_identity_goes_on(doorman: Doorman) -> None:
    """[ID14] a fresh identity of the same user is looked up at once, and lasts its own time."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=100))
    await asyncio.sleep(95)
    assert guest.news == ["expiring"]
    watch.renew(doorman.identity(lifetime=100))
    await asyncio.sleep(0.1)
    assert guest.news == ["expiring", Role.EDITOR]
    await asyncio.sleep(80)
    assert guest.news == ["expiring", Role.EDITOR]
    await asyncio.sleep(30)
    assert guest.news == ["expiring", Role.EDITOR, "expiring", Unauthenticated]


async def test_a_shorter_identity_ends_sooner(doorman: Doorman) -> None:
    """[ID14] the fresh identity counts, whatever the old one was."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=3000))
    watch.renew(doorman.identity(lifetime=10))
    await asyncio.sleep(11)
    assert guest.news == [Role.EDITOR, "expiring", Unauthenticated]


async def test_only_the_same_user_renews(doorman: Doorman) -> None:
    """[ID14] a connection never becomes another user's."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=100))
    for other in (
        doorman.identity("bob"),
        Identity("link-1", "Guest 1"),
        Identity("bob", "Ann", verified=True),
        replace(doorman.identity("bob"), link_hash=b"x"),
    ):
        with pytest.raises(AccessDenied):
            watch.renew(other)
    assert watch.identity.user == "ann"
    await asyncio.sleep(1)
    assert guest.news == []


async def test_guests_of_a_link_stay_who_they_are(doorman: Doorman) -> None:
    """[ID14] the same link makes the same guest go on; another link does not."""
    guest, watch = await doorman.let_in(Identity("link-1", "Guest 1", link="l", link_hash=b"l"))
    watch.renew(Identity("link-2", "Guest 2", link="l", link_hash=b"l"))
    await asyncio.sleep(0.1)
    assert watch.identity.user == "link-1"
    assert guest.news == [Role.EDITOR]
    with pytest.raises(AccessDenied):
        watch.renew(Identity("link-3", "Guest 3", link="m", link_hash=b"m"))
    with pytest.raises(AccessDenied):
        watch.renew(doorman.identity("bob"))


async def test_a_renewal_comes_before_the_end_that_it_overtakes(doorman: Doorman) -> None:
    """[ID14] an old identity that ends during its last look-up does not end the fresh one."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=10))
    await asyncio.sleep(9.5)
    doorman.write(None)
    doorman.hold()
    doorman.live.changed(DOCUMENT)
    await asyncio.sleep(0.1)
    doorman.write(Role.EDITOR)
    watch.renew(doorman.identity(lifetime=100))
    doorman.release()
    await asyncio.sleep(5)
    assert guest.news == ["expiring", Role.EDITOR]


async def test_who_renews_without_end_is_revoked_all_the_same(doorman: Doorman) -> None:
    """[ID14] fresh identities cannot outrun a look-up more than once."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=1000))
    doorman.seconds = 0.05
    doorman.write(None)
    for _ in range(100):
        if watch.watched is not None:
            watch.renew(doorman.identity(lifetime=1000))
        await asyncio.sleep(0.01)
    assert guest.news == [AccessDenied]
    assert doorman.lookups <= 3


async def test_many_that_end_together_are_one_task(doorman: Doorman) -> None:
    """[ID13] the time of all connections is kept by one task."""
    before = len(asyncio.all_tasks())
    guests = [
        (await doorman.let_in(doorman.identity(f"user{n}", lifetime=50 + n / 100)))[0]
        for n in range(300)
    ]
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) <= before + 2
    await asyncio.sleep(60)
    assert all(guest.news == ["expiring", Unauthenticated] for guest in guests)
