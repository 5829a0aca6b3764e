"""Commits on their way to `on_change`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from collab.embedding.calls import CALL_SECONDS, Calls
from collab.embedding.changes import CALLS_AT_ONCE, Changes
from collab.hooks import Change
from collab.interfaces import NewRow
from tests.support.edits import Author, text_of
from tests.support.virtual import LoopClock


class Product:
    """Keeps what it is told; each call takes `seconds`, and raises `error` if there is one."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.told: list[Change] = []
        self.under_way: list[str] = []
        self.most_at_once = 0
        self.seconds = seconds
        self.error = error

    async def on_change(self, change: Change) -> None:
        assert change.document not in self.under_way, "one call at a time for each document"
        self.under_way.append(change.document)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way.remove(change.document)
        self.told.append(change)
        if self.error is not None:
            raise self.error

    def of(self, document: str) -> list[Change]:
        return [change for change in self.told if change.document == document]


class Committed:
    """Commits of one document, each with its sequence."""

    def __init__(self, changes: Changes, document: str) -> None:
        self._changes = changes
        self._document = document
        self.author = Author(1)
        self.sequence = 0

    def write(self, text: str, user: str = "ann") -> None:
        self.sequence += 1
        row = NewRow(self.author.write(text), user, (1,))
        self._changes.committed(self._document, self.sequence, [row])


@asynccontextmanager
async def telling(product: Product, **options: int) -> AsyncIterator[Changes]:
    changes = Changes(product.on_change, Calls(), LoopClock(), **options)
    yield changes
    await changes.aclose()


def updates_of(told: list[Change]) -> list[bytes]:
    return [change.update for change in told if change.update is not None]


async def test_every_commit_is_told_in_order() -> None:
    """[HK6] a hook that keeps up hears of each commit, with its sequence and who wrote."""
    product = Product()
    async with telling(product) as changes:
        document = Committed(changes, "a")
        for letter in "hello":
            document.write(letter, user=letter)
            await asyncio.sleep(0.01)
    assert [change.sequence for change in product.told] == [1, 2, 3, 4, 5]
    assert [change.users for change in product.told] == [(letter,) for letter in "hello"]
    assert text_of(*updates_of(product.told)) == "hello"


async def test_what_is_committed_during_a_call_is_the_next_one() -> None:
    """[HK6] a slow hook hears of many commits at once, merged, and never of two at a time."""
    product = Product(seconds=1.0)
    async with telling(product) as changes:
        document = Committed(changes, "a")
        document.write("0", user="zoe")
        for number in range(1, 400):
            document.write(str(number % 10), user="ann" if number % 2 else "bob")
        assert await changes.drain(10)
    assert [change.sequence for change in product.told] == [1, 400]
    assert product.told[1].users == ("ann", "bob")
    assert text_of(*updates_of(product.told)) == "".join(str(n % 10) for n in range(400))


async def test_documents_do_not_wait_for_each_other() -> None:
    """[HK6] so many documents are told of at one time; a stuck one holds up one place."""
    product = Product(seconds=1.0)
    async with telling(product) as changes:
        for number in range(CALLS_AT_ONCE * 2):
            Committed(changes, f"document {number}").write("x")
        await asyncio.sleep(1.5)
        assert len(product.told) == CALLS_AT_ONCE
        assert await changes.drain(10)
    assert len(product.told) == CALLS_AT_ONCE * 2
    assert product.most_at_once == CALLS_AT_ONCE


async def test_a_hook_that_raises_is_called_again(caplog: pytest.LogCaptureFixture) -> None:
    """[HK8] the next change is told all the same; the failure is logged and counted."""
    product = Product(error=RuntimeError("the product is broken"))
    calls = Calls()
    changes = Changes(product.on_change, calls, LoopClock())
    document = Committed(changes, "a")
    for _ in range(3):
        document.write("x")
        await asyncio.sleep(0.01)
    await changes.aclose()
    assert [change.sequence for change in product.told] == [1, 2, 3]
    assert calls.failures == 3
    assert "the product is broken" in caplog.text


async def test_a_hook_that_hangs_is_ended() -> None:
    """[HK8] after its time the call is cancelled, and the next one made."""
    product = Product(seconds=CALL_SECONDS * 10)
    calls = Calls()
    changes = Changes(product.on_change, calls, LoopClock())
    document = Committed(changes, "a")
    document.write("x")
    await asyncio.sleep(CALL_SECONDS + 1)
    product.seconds = 0.0
    document.write("y")
    await asyncio.sleep(0.01)
    await changes.aclose()
    assert [change.sequence for change in product.told] == [2]
    assert calls.failures == 1


async def test_many_small_updates_that_wait_become_one() -> None:
    """[HK7] keystrokes that wait are merged as they come."""
    product = Product(seconds=CALL_SECONDS / 2)
    async with telling(product) as changes:
        document = Committed(changes, "a")
        document.write("0")
        await asyncio.sleep(0)
        for _ in range(2000):
            document.write("x")
        assert changes.waiting_bytes < sum(map(len, document.author.sent)) * 0.6
        assert changes.overflows == 0
        assert await changes.drain(60)
        assert changes.waiting_bytes == 0
    assert text_of(*updates_of(product.told)) == "0" + "x" * 2000


async def test_over_the_bound_the_news_stays() -> None:
    """[HK7] an update that is too much is left out; the sequence and the users are not."""
    product = Product(seconds=1.0)
    async with telling(product, waiting_bytes=10_000) as changes:
        large, small = Committed(changes, "large"), Committed(changes, "small")
        large.write("begin")
        small.write("begin")
        await asyncio.sleep(0)
        large.write("x" * 9_000, user="bob")
        large.write("y" * 9_000, user="cas")
        large.write("z", user="ann")
        small.write(" end")
        assert changes.waiting_bytes <= 10_000
        assert changes.overflows == 1
        assert await changes.drain(10)
        assert changes.waiting_bytes == 0
        large.write("again")
        assert await changes.drain(10)
    last = product.of("large")[1]
    assert (last.sequence, last.update, last.users) == (4, None, ("bob", "cas", "ann"))
    assert product.of("large")[2].update is not None
    assert text_of(*updates_of(product.of("small"))) == "begin end"


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_lost_or_told_out_of_order(seed: int) -> None:
    """[HK6] [HK7] whatever the hook's pace: sequences grow, the last one is told, and the
    updates told make up the text where none was left out."""
    rng = random.Random(seed)
    product = Product()
    async with telling(product, waiting_bytes=rng.choice([200, 2_000, 1_000_000])) as changes:
        documents = {name: Committed(changes, name) for name in "abcdefghij"}
        for _ in range(500):
            product.seconds = rng.choice([0.0, 0.01, 0.5])
            name = rng.choice("aaabcdefghij")
            documents[name].write(rng.choice("xyz") * rng.randint(1, 30), rng.choice("pqr"))
            if rng.random() < 0.2:
                await asyncio.sleep(rng.choice([0.0, 0.01, 0.3]))
        assert await changes.drain(1000)
        assert changes.waiting_bytes == 0
    for name, document in documents.items():
        told = product.of(name)
        sequences = [change.sequence for change in told]
        assert sequences == sorted(set(sequences))
        assert (sequences[-1] if sequences else 0) == document.sequence
        if all(change.update is not None for change in told):
            assert text_of(*updates_of(told)) == str(document.author.text)


async def test_what_waits_at_the_end_is_told_if_there_is_time() -> None:
    """[HK11] a drain waits for the hook, up to its deadline; closing ends what is left."""
    product = Product(seconds=3.0)
    async with telling(product) as changes:
        Committed(changes, "a").write("x")
        assert not await changes.drain(1.0)
        assert await changes.drain(5.0)
        Committed(changes, "b").write("x")
        await asyncio.sleep(0)
    await asyncio.sleep(10)
    assert [change.document for change in product.told] == ["a"]
