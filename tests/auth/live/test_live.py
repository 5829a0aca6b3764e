"""Rights that change while connections live."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from collab.access import Access, Identity, Role
from collab.auth import live
from collab.backplane.memory import MemoryHub
from collab.errors import AccessDenied, StorageError
from collab.news import Missed
from tests.auth.live.doorman import DOCUMENT, Doorman, Guest


async def settle(seconds: float = 0.5) -> None:
    await asyncio.sleep(seconds)


async def test_less_and_more_rights_come_in_place(doorman: Doorman) -> None:
    """[ID15] who has other rights now is told, and who has the same is not."""
    guest, _ = await doorman.let_in()
    for role in (Role.VIEWER, Role.VIEWER, Role.OWNER):
        doorman.write(role)
        doorman.live.changed(DOCUMENT)
        await settle()
    assert guest.news == [Role.VIEWER, Role.OWNER]


async def test_revoked_is_over_within_a_second(doorman: Doorman) -> None:
    """[ID15] without a right, a connection is told so, once and for all."""
    guest, _ = await doorman.let_in()
    others = [await doorman.let_in(doorman.identity(f"user{n}")) for n in range(200)]
    begin = asyncio.get_running_loop().time()
    doorman.write(None)
    doorman.live.changed(DOCUMENT)
    doorman.live.changed(DOCUMENT)
    await settle()
    assert guest.news == [AccessDenied]
    assert guest.at(AccessDenied) - begin < 1
    doorman.live.changed(DOCUMENT)
    await settle()
    assert guest.news == [AccessDenied]
    assert not any(other.news for other, _ in others)


async def test_news_of_other_nodes_count(doorman: Doorman) -> None:
    """[ID15] what was changed elsewhere is looked up here."""
    hub = MemoryHub()
    here, there = Doorman(hub), Doorman(hub)
    for node in (here, there):
        await node.live.start()
    guest, _ = await here.let_in()
    here.write(None)
    there.live.changed("another")
    await settle()
    assert guest.news == []
    there.live.changed(DOCUMENT)
    await settle()
    assert guest.news == [AccessDenied]
    for node in (here, there):
        await node.live.aclose()


async def test_missed_news_may_have_been_of_rights(doorman: Doorman) -> None:
    """[ID15] all are looked up again, a while apart, however much was missed."""
    guests = [(await doorman.let_in(doorman.identity(f"u{n}")))[0] for n in range(100)]
    doorman.write(None, "u7")
    for _ in range(50):
        doorman.live._receive("", Missed())
    await settle()
    assert guests[7].news == [AccessDenied]
    assert not any(guest.news for guest in guests if guest is not guests[7])
    assert doorman.lookups <= 100
    await asyncio.sleep(5)
    assert doorman.lookups <= 200
    doorman.write(None, "u8")
    doorman.live._receive("another", Missed())
    await settle()
    assert guests[8].news == [AccessDenied]


async def test_missed_news_and_a_failing_store_close_nobody(doorman: Doorman) -> None:
    """[ID15] rights are not known to have changed: they are kept until they can be read."""
    guest, _ = await doorman.let_in()
    doorman.error = StorageError("down")
    doorman.live._receive("", Missed())
    await asyncio.sleep(300)
    assert guest.news == []


async def test_news_missed_during_a_look_lead_to_another(doorman: Doorman) -> None:
    """[ID16] that one may have read old rights; so may one that is not done when they come."""
    guest, _ = await doorman.let_in()
    doorman.hold()
    doorman.live.recheck(DOCUMENT)
    await asyncio.sleep(0.01)
    doorman.write(None)
    doorman.live._receive("", Missed())
    await asyncio.sleep(0.01)
    doorman.release()
    await settle()
    assert guest.news == [AccessDenied]


async def test_a_change_during_a_look_leads_to_another(doorman: Doorman) -> None:
    """[ID16] a look-up that read old rights is not the last one."""
    guest, _ = await doorman.let_in()
    doorman.hold()
    doorman.live.changed(DOCUMENT)
    await asyncio.sleep(0.01)
    doorman.write(None)
    doorman.live.changed(DOCUMENT)
    doorman.release()
    await settle()
    assert guest.news == [AccessDenied]


async def test_a_change_during_the_join_is_seen(doorman: Doorman) -> None:
    """[ID16] between the first look-up and the session's begin nothing is lost."""
    identity = doorman.identity()
    doorman.write(Role.EDITOR)
    watch = doorman.live.watch(DOCUMENT, identity)
    access = await doorman.access(identity, DOCUMENT)
    doorman.write(None)
    doorman.live.changed(DOCUMENT)
    await settle()
    guest = Guest()
    doorman.live.begin(watch, access, guest)
    await settle()
    assert guest.news == [AccessDenied]


async def test_bursts_come_to_few_look_ups(doorman: Doorman) -> None:
    """[ID16] a thousand changes at once are two look-ups a connection, some at a time."""
    guests = [await doorman.let_in(doorman.identity(f"user{n}")) for n in range(30)]
    for _ in range(1000):
        doorman.live.changed(DOCUMENT)
    await asyncio.sleep(0)
    for _ in range(1000):
        doorman.live.changed(DOCUMENT)
    await settle(2)
    assert 30 <= doorman.lookups <= 60
    assert doorman.most_at_once == live.LOOKUPS
    assert not any(guest.news for guest, _ in guests)


async def test_those_whom_a_change_is_about_come_first(doorman: Doorman) -> None:
    """[ID15] in a crowd too: a user's or a link's own connections do not wait for the others."""
    doorman.seconds = 0.1
    crowd = [await doorman.let_in(doorman.identity(f"user{n}")) for n in range(400)]
    by_link = Identity("link-1", "Guest", link="l1", link_hash=b"x")
    guest, _ = await doorman.let_in(by_link)
    last, _ = crowd[-1]
    doorman.live.changed(DOCUMENT)
    doorman.write(None, "user399")
    doorman.write(None, "link-1")
    begin = asyncio.get_running_loop().time()
    for _ in range(100):
        doorman.live.changed(DOCUMENT, "user399")
        doorman.live.changed(DOCUMENT, "l1")
    await settle(10)
    assert last.at(AccessDenied) - begin < 0.5
    assert guest.at(AccessDenied) - begin < 0.5


async def test_a_hung_look_up_holds_up_no_one_for_long(doorman: Doorman) -> None:
    """[ID16] a look-up has a deadline, after which it has failed."""
    guest, _ = await doorman.let_in()
    doorman.hold()
    doorman.live.changed(DOCUMENT)
    await settle(live.LOOKUP_SECONDS + 1)
    assert doorman.lookups >= 2
    doorman.write(Role.VIEWER)
    doorman.live.changed(DOCUMENT)
    doorman.release()
    await settle()
    assert guest.news == [Role.VIEWER]


async def test_what_cannot_be_read_is_tried_again(doorman: Doorman) -> None:
    """[ID17] a store that fails for a while delays the news, and loses none."""
    guest, _ = await doorman.let_in()
    doorman.write(Role.VIEWER)
    doorman.error = StorageError("the disk is gone")
    doorman.live.changed(DOCUMENT)
    await settle(10)
    assert guest.news == []
    assert 5 <= doorman.lookups <= 20
    doorman.error = None
    await settle(2.1)
    assert guest.news == [Role.VIEWER]
    doorman.error = StorageError("again")
    doorman.live.changed(DOCUMENT)
    await settle(25)
    assert guest.news == [Role.VIEWER], "the time counts from the first failure of a streak"


@pytest.mark.parametrize("error", [StorageError("gone"), ValueError("a fault of the product's")])
async def test_rights_that_stay_unread_are_none(doorman: Doorman, error: Exception) -> None:
    """[ID17] after 30 seconds of failures the connection is refused with a retryable error."""
    guest, _ = await doorman.let_in()
    begin = asyncio.get_running_loop().time()
    doorman.error = error
    doorman.live.changed(DOCUMENT)
    await settle(60)
    assert guest.news == [StorageError]
    waited = guest.at(StorageError) - begin
    assert live.FAILING_SECONDS <= waited <= live.FAILING_SECONDS + 3


async def test_a_store_that_is_away_closes_no_one_whose_rights_are_the_same(
    doorman: Doorman,
) -> None:
    """[ID17] looks without a reason may fail for as long as they like."""
    guest, _ = await doorman.let_in()
    doorman.error = StorageError("gone")
    await settle(300)
    assert doorman.lookups >= 5
    assert guest.news == []


async def test_lost_news_are_found_anyway(doorman: Doorman) -> None:
    """[ID18] rights are looked at every 30 seconds, at different times for each."""
    guests = [(await doorman.let_in(doorman.identity(f"user{n}")))[0] for n in range(20)]
    for n in range(20):
        doorman.write(Role.VIEWER, f"user{n}")
    await settle(live.CHECK_SECONDS + 1)
    assert all(guest.news == [Role.VIEWER] for guest in guests)
    moments = sorted(guest.at(Role.VIEWER) for guest in guests)
    assert moments[-1] - moments[0] > live.CHECK_SECONDS / 3
    assert max(b - a for a, b in itertools.pairwise(moments)) < 4
    assert doorman.lookups <= 40


async def test_an_embedder_may_have_everything_looked_at(doorman: Doorman) -> None:
    """[ID18] recheck without a document is for rights that come from elsewhere."""
    one, _ = await doorman.let_in()
    two, _ = await doorman.let_in(document="two")
    doorman.write(None)
    doorman.write(None, document="two")
    doorman.live.recheck("two")
    await settle()
    assert (one.news, two.news) == ([], [AccessDenied])
    doorman.live.recheck()
    await settle()
    assert one.news == [AccessDenied]


async def test_nothing_comes_after_the_end(doorman: Doorman) -> None:
    """A connection that is over is not called, also by a look-up under way."""
    guest, watch = await doorman.let_in(doorman.identity(lifetime=5))
    doorman.hold()
    doorman.write(None)
    doorman.live.changed(DOCUMENT)
    await asyncio.sleep(0.01)
    watch.stop()
    watch.stop()
    doorman.release()
    doorman.live.changed(DOCUMENT)
    await settle(100)
    assert guest.news == []


async def test_a_fault_of_one_is_not_of_the_others(doorman: Doorman) -> None:
    """A connection that raises is logged; the rest goes on."""

    class Broken(Guest):
        def granted(self, access: Access) -> None:
            raise RuntimeError("broken")

    first = doorman.identity("first")
    doorman.write(Role.EDITOR, "first")
    watch = doorman.live.watch(DOCUMENT, first)
    doorman.live.begin(watch, await doorman.access(first, DOCUMENT), Broken())
    guest, _ = await doorman.let_in()
    doorman.write(Role.VIEWER, "first")
    doorman.write(Role.VIEWER)
    doorman.live.changed(DOCUMENT)
    await settle()
    assert guest.news == [Role.VIEWER]


@pytest.mark.parametrize("seed", range(15))
async def test_in_the_end_everyone_has_what_the_book_says(seed: int) -> None:
    """[ID16] changes, renewals, failures and slow look-ups in any order: the last word counts."""
    rng = random.Random(seed)
    doorman = Doorman()
    await doorman.live.start()
    guests, watches = {}, {}
    for n in range(6):
        user = f"user{n}"
        guests[user], watches[user] = await doorman.let_in(doorman.identity(user))
    for _ in range(60):
        user = rng.choice(sorted(guests))
        doorman.seconds = rng.choice([0.0, 0.001, 0.2])
        doorman.error = StorageError("now and then") if rng.random() < 0.2 else None
        if rng.random() < 0.3:
            watches[user].renew(doorman.identity(user))
        else:
            role = rng.choice([Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.OWNER])
            doorman.write(role, user)
            doorman.live.changed(DOCUMENT, rng.choice([None, user, "user1"]))
        await asyncio.sleep(rng.choice([0, 0, 0.001, 0.1, 0.3]))
    doorman.error = None
    await settle(5)
    for user, guest in guests.items():
        assert [Role.EDITOR, *guest.news][-1] == doorman.book[DOCUMENT, user]
    await doorman.live.aclose()
