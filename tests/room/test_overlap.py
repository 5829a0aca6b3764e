"""Updates that repeat structs which the document holds, with the same content or with another."""

from __future__ import annotations

import pytest

from collab.protocol.messages import SyncStep2
from collab.protocol.update import stored_facts
from tests.room.house import House, settle
from tests.support.edits import Author, merge, text_of

AUTHOR = 7


async def clocks_of_rows(house: House) -> list[tuple[int, int]]:
    """The clock ranges of the author's structs, row by row."""
    facts = [stored_facts(data) for data in await house.saved()]
    return [span for fact in facts for span in fact.structs.get(AUTHOR, ())]


async def test_a_repetition_is_cut_to_what_is_new(house: House) -> None:
    """[RM27] a client that sends all it has again adds only what it wrote since."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(AUTHOR)
    await ann.write(author.write("abc"))
    await settle()
    author.write("def")
    await ann.say(SyncStep2(author.everything()))
    await settle()
    assert await clocks_of_rows(house) == [(0, 3), (3, 6)]
    assert text_of(*await house.saved()) == text_of(*bob.updates()) == "abcdef"


@pytest.mark.parametrize("inline", [64 * 1024, 1])
async def test_the_first_struct_under_an_id_is_the_one_that_counts(
    house: House, inline: int
) -> None:
    """[RM27] other structs under used ids are left out, so that the rows merge and load."""
    await house.restart(inspect_inline_bytes=inline)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    await ann.write(Author(AUTHOR).write("abc"))
    await bob.write(Author(AUTHOR).write("xyzdef"))
    await settle()
    assert ann.code is None
    assert bob.code is None
    assert await clocks_of_rows(house) == [(0, 3), (3, 6)]
    assert text_of(*await house.saved()) == text_of(merge(ann.updates())) == "abcdef"
    assert house.worker.calls["trim"] == (0 if inline > 1 else 1)


async def test_what_is_pending_counts_as_known(house: House) -> None:
    """[RM27] two updates under one id in the same commit do not overlap either."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    with house.store.hold("append"):
        await ann.write(Author(AUTHOR).write("a"))
        await settle()
        await ann.write(Author(2).write("-"))
        await ann.write(Author(AUTHOR).write("xyz"))
        await bob.write(Author(AUTHOR).write("12345"))
    await settle()
    assert sorted(await clocks_of_rows(house)) == [(0, 1), (1, 3), (3, 5)]
    assert sorted(text_of(*await house.saved())) == sorted("a-yz45")
