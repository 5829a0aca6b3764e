"""One status for each update and step 2, and none before its commit."""

from __future__ import annotations

import asyncio
import random

import pycrdt

from collab.access import Role
from collab.protocol.hocuspocus import Close, PermissionDenied, Token
from collab.protocol.messages import AwarenessUpdate, Receipt, SyncStep1, SyncStep2, Update
from tests.hocuspocus.house import STEP_1, HocuspocusSocket, House, Said
from tests.support.stores import When


class Author:
    """A replica whose every edit is an update of its own."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)

    def types(self, words: str) -> Update:
        before = self.doc.get_state()
        self.text += words
        return Update(self.doc.get_update(before))

    @property
    def all(self) -> bytes:
        return self.doc.get_update()


async def joined(ann: HocuspocusSocket, address: str, token: str = "ann") -> None:
    """Signed in, with its own step 2 sent and receipted."""
    await ann.sign_in(address, token)
    ann.say(address, SyncStep2(b"\0\0"))
    assert await ann.receipts(address) == [True]


async def test_no_status_before_the_commit(house: House) -> None:
    """[HP14] [RM1] nothing is told of an update that waits for the store, to anyone."""
    author = Author()
    async with house.provider() as ann, house.provider() as bob:
        await joined(ann, "a")
        await joined(bob, "a", "bob")
        with house.store.hold("append"):
            for words in ("one", "two", "three"):
                ann.say("a", author.types(words))
            ann.say("a", SyncStep2(author.all))  # adds nothing to what is pending
            await house.store.waiting()
            assert await ann.heard("a") == []
            assert await bob.heard("a") == []
        assert await ann.receipts("a") == [True] * 4
        assert any(isinstance(said, Update) for said in await bob.heard("a"))


async def test_no_status_for_a_commit_that_failed(house: House) -> None:
    """[HP14] it comes once, when the commit was made again."""
    author = Author()
    async with house.provider() as ann:
        await joined(ann, "a")
        house.store.fail("append", When.BEFORE)
        house.store.fail("append", When.AFTER)
        ann.say("a", author.types("words"))
        assert await ann.heard("a") == []
        await ann.settle(2)
        assert await ann.receipts("a") == [True]


async def test_every_kind_of_update_has_one_status(house: House) -> None:
    """[HP14] what adds something, what repeats, what overlaps, what is empty, what is large."""
    author = Author()
    async with house.provider() as ann:
        await joined(ann, "a")
        first = author.types("first")
        second = author.types("second")
        frames: list[Said] = [
            first,
            first,
            Update(author.all),
            second,
            Update(b"\0\0"),
            SyncStep2(b"\0\0"),
            SyncStep2(author.all),
            author.types("x" * 80_000),
            Update(author.all),
            author.types("last"),
        ]
        ann.say("a", *frames)
        assert await ann.receipts("a") == [True] * len(frames)
        assert house.worker.calls["inspect"] >= 2


async def test_an_update_that_waits_for_its_past_has_one_too(house: House) -> None:
    """[HP14] typed while connecting: it waits, unreceipted, until the step 2 is in."""
    author = Author()
    first, second = author.types("first"), author.types("second")
    async with house.provider() as ann:
        await ann.sign_in("a")
        ann.say("a", second)
        assert await ann.heard("a") == []
        assert await house.saved("a") == []
        ann.say("a", first)
        assert await ann.heard("a") != []
        assert len(await house.saved("a")) >= 1
        third, fourth = author.types("third"), author.types("fourth")
        ann.say("a", fourth, SyncStep2(author.all))
        assert await ann.receipts("a") == [True] * 4
        ann.say("a", third)
        assert await ann.receipts("a") == [True]


async def test_no_status_goes_before_that_of_the_step_2(house: House) -> None:
    """[HP14] a provider counts from one when it begins to synchronise, whatever it sends of what
    it typed offline: the first status makes it take everything for saved."""
    author = Author()
    async with house.provider() as ann:
        await ann.sign_in("a")
        typed = [author.types(words) for words in ("one", "two", "three")]
        ann.say("a", typed[0], typed[1], typed[0])
        await ann.settle(1)
        assert await ann.receipts("a") == []
        with house.store.hold("append"):
            ann.say("a", typed[2], SyncStep2(author.all))
            await ann.settle()
            assert await ann.receipts("a") == []
        assert await ann.receipts("a") == [True] * 5
        ann.say("a", STEP_1, typed[0], SyncStep2(author.all), typed[1])
        assert await ann.receipts("a") == [True] * 3


async def test_the_same_document_twice_on_a_socket(house: House) -> None:
    """[HP2] [HP14] two sessions: each has its own statuses, and sees the other's edits."""
    author = Author()
    async with house.provider() as ann:
        await joined(ann, "a\0one")
        await joined(ann, "a\0two")
        assert house.sessions() == 2
        ann.say("a\0one", author.types("words"))
        one, two = await ann.heard("a\0one"), await ann.heard("a\0two")
        assert one.count(Receipt(True)) == 1
        assert [type(said) for said in two] == [Update]
        ann.present("a\0one", 7)
        for address in ("a\0one", "a\0two"):
            (shown,) = await ann.heard(address)
            assert isinstance(shown, AwarenessUpdate)


async def test_who_may_not_write_is_refused_by_status(house: House) -> None:
    """[HP15] an update is refused, a step 2 only if it holds anything new; nothing is logged."""
    author, other = Author(), Author()
    house.door.roles["eve", "a"] = Role.VIEWER
    async with house.provider() as ann, house.provider() as eve:
        await joined(ann, "a")
        ann.say("a", author.types("words"))
        await ann.settle()
        await eve.sign_in("a", "eve")
        eve.say("a", Update(author.all))
        assert await eve.receipts("a") == [False]
        eve.say("a", SyncStep2(author.all), SyncStep2(b"\0\0"))
        assert await eve.receipts("a") == [True, True]
        eve.say("a", SyncStep2(other.types("new").update), Update(other.all))
        assert await eve.receipts("a") == [False, False]
        eve.say("a", Update(Author().types("y" * 80_000).update))
        assert await eve.receipts("a") == [False]
        assert len(await house.saved("a")) == 1
        eve.present("a", 9)
        assert [type(said) for said in await ann.heard("a") if type(said) is AwarenessUpdate]


async def test_what_was_typed_before_a_close_is_saved(house: House) -> None:
    """[HP17] leaving a document does not undo what was sent to it."""
    author = Author()
    async with house.provider() as ann:
        await joined(ann, "a")
        ann.say("a", author.types("words"), Close())
        await ann.settle()
    assert len(await house.saved("a")) == 1


async def test_a_large_update_holds_up_its_own_document_alone(house: House) -> None:
    """[HP16] while a worker looks at it, the others go on."""
    author, small = Author(), Author()
    gate = asyncio.Event()

    async def hold(operation: str) -> None:
        if operation == "inspect":
            await gate.wait()

    async with house.provider() as ann:
        await joined(ann, "a")
        await joined(ann, "b")
        house.worker.hook = hold
        ann.say("a", author.types("x" * 80_000), author.types("behind"))
        ann.say("b", small.types("words"))
        assert await ann.receipts("b") == [True]
        assert await ann.receipts("a") == []
        gate.set()
        assert await ann.receipts("a") == [True, True]


async def test_statuses_balance_whatever_happens(house: House) -> None:
    """[HP14] 20 seeds of edits, repeats, leaps and commits that are held or fail: in the end
    every update and step 2 that was sent has one status, and the log has every word."""
    for seed in range(20):
        choose = random.Random(seed)
        document = "abcdefghijklmnopqrstuvwxyz"[seed]
        author = Author()
        async with house.provider() as ann:
            await joined(ann, document)
            sent, words = 0, 0
            history: list[Update] = []
            for _ in range(30):
                match choose.randrange(6):
                    case 0 if history:
                        ann.say(document, choose.choice(history))
                    case 1:
                        ann.say(document, SyncStep2(author.all))
                    case 2:
                        house.store.fail("append", choose.choice(list(When)))
                        continue
                    case _:
                        history.append(author.types(f"<{words}>"))
                        words += 1
                        ann.say(document, history[-1])
                sent += 1
                if choose.random() < 0.3:
                    await asyncio.sleep(choose.random() * 0.2)
            await ann.settle(60)
            assert await ann.receipts(document) == [True] * sent, seed
        replica: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
        for row in await house.saved(document):
            replica.apply_update(row)
        assert str(replica.get("content", type=pycrdt.Text)) == str(author.text), seed


async def test_a_newcomer_is_shown_everybody(house: House) -> None:
    """[HP13] after its admission, and each change to all, its author too."""
    async with house.provider() as ann, house.provider() as bob:
        await ann.sign_in("a")
        ann.present("a", 7)
        (echo,) = await ann.heard("a")
        assert isinstance(echo, AwarenessUpdate)
        bob.say("a", Token("bob"))
        heard = await bob.heard("a")
        assert [type(said) for said in heard][1:] == [AwarenessUpdate]
        bob.say("a", STEP_1)
        assert [type(said) for said in await bob.heard("a")] == [SyncStep1, SyncStep2]
        bob.say("a", Token("ann"))
        heard = await bob.heard("a")
        assert isinstance(heard[0], PermissionDenied)
