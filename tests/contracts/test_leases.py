"""What every `Leases` promises, and what a lease protects."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collab.errors import CompactionConflict, LeaseLost
from collab.interfaces import Lease
from collab.storage.leases import LONGEST, PRUNE_EVERY
from tests.contracts.leases import Nodes, memory_nodes, sql_nodes
from tests.contracts.stores import rows, sequences_of, snapshot


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def nodes(
    request: pytest.FixtureRequest, migrated: Path, tmp_path: Path
) -> AsyncIterator[Nodes]:
    if request.param == "memory":
        yield memory_nodes()
        return
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{shutil.copy(migrated, tmp_path / 'collab.db')}"
    async with sql_nodes(url) as made:
        yield made


async def taken(nodes: Nodes, node: int = 0, name: str = "work", seconds: float = 30) -> Lease:
    lease = await nodes.leases[node].take(name, f"node {node}", seconds)
    assert lease is not None
    return lease


async def test_one_holds_it_and_others_do_not(nodes: Nodes) -> None:
    """[LS1] of one name; other names are others' business."""
    lease = await taken(nodes)
    assert lease.name == "work"
    assert await nodes.leases[1].take("work", "node 1", 30) is None
    assert await taken(nodes, 1, "other work") is not None


async def test_what_is_released_can_be_taken(nodes: Nodes) -> None:
    """[LS1] at once, and it leaves nothing behind."""
    lease = await taken(nodes)
    await nodes.leases[0].release(lease)
    await nodes.leases[0].release(lease)
    assert await nodes.count() == 0
    assert (await taken(nodes, 1)).fence > lease.fence


async def test_a_lease_passes_on_when_its_time_is_over(nodes: Nodes) -> None:
    """[LS1] not before; then whoever had it has lost it."""
    old = await taken(nodes, seconds=30)
    await nodes.pass_time(29)
    assert await nodes.leases[1].take("work", "node 1", 30) is None
    await nodes.pass_time(1.1)
    new = await taken(nodes, 1)
    assert new.fence > old.fence
    with pytest.raises(LeaseLost):
        await nodes.leases[0].renew(old, 30)
    await nodes.leases[0].release(old)  # what another has now is not touched
    await nodes.leases[1].renew(new, 30)
    assert await nodes.leases[0].take("work", "node 0", 30) is None


async def test_renewal_counts_from_now(nodes: Nodes) -> None:
    """[LS3] it lasts as long as it is renewed in time, with the fence that it has."""
    lease = await taken(nodes, seconds=30)
    for _ in range(4):
        await nodes.pass_time(20)
        await nodes.leases[0].renew(lease, 30)
    assert await nodes.leases[1].take("work", "node 1", 30) is None
    await nodes.leases[0].renew(lease, 5)
    await nodes.pass_time(5.1)
    assert (await taken(nodes, 1)).fence > lease.fence


async def test_what_is_over_is_not_renewed(nodes: Nodes) -> None:
    """[LS3] expired, released, or never given; nobody took it meanwhile."""
    lease = await taken(nodes, seconds=5)
    await nodes.pass_time(5.1)
    with pytest.raises(LeaseLost, match="'work'"):
        await nodes.leases[0].renew(lease, 30)
    lease = await taken(nodes)
    await nodes.leases[0].release(lease)
    for never in (lease, Lease("nothing", 1), Lease("work", lease.fence + 1)):
        with pytest.raises(LeaseLost):
            await nodes.leases[0].renew(never, 30)
    assert await nodes.count() == 0


async def test_a_holder_may_take_it_anew(nodes: Nodes) -> None:
    """[LS4] who does not know whether a take went through asks again; the one before is over."""
    first = await taken(nodes)
    second = await taken(nodes)
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        await nodes.leases[0].renew(first, 30)
    await nodes.leases[0].renew(second, 30)


async def test_of_many_at_once_one_gets_it(nodes: Nodes) -> None:
    """[LS1] whether it is free, or its time has just run out."""
    for round_ in range(6):
        if round_ % 2:
            await nodes.pass_time(31)
        answers = await asyncio.gather(
            *(nodes.leases[n % 3].take("work", f"taker {n}", 30) for n in range(24))
        )
        (lease,) = [answer for answer in answers if answer is not None]
        if round_ % 2:
            await nodes.leases[0].release(lease)


async def test_fences_grow_for_good(nodes: Nodes) -> None:
    """[LS2] whoever takes, releases, dies, at once or in turn: no name sees a fence again, or a
    lower one."""
    rng = random.Random(7)
    highest: dict[str, int] = {}

    async def work(node: int) -> None:
        for _ in range(25):
            name = rng.choice(["x", "y", "z"])
            lease = await nodes.leases[node].take(name, f"node {node}", 30)
            if lease is None:
                continue
            assert lease.fence > highest.get(name, 0)
            highest[name] = lease.fence
            if rng.random() < 0.7:
                await nodes.leases[node].release(lease)
            else:
                await nodes.pass_time(31)

    await asyncio.gather(*map(work, range(3)))
    assert len(highest) == 3


async def test_the_leases_of_the_dead_go(nodes: Nodes) -> None:
    """[LS5] there is no row for each document that a node was killed at."""
    for number in range(20):
        await taken(nodes, name=f"compaction:{number}", seconds=1)
    await nodes.pass_time(2)
    for _ in range(PRUNE_EVERY):
        await nodes.leases[1].release(await taken(nodes, 1))
    assert await nodes.count() == 0


async def test_a_lease_of_no_time_or_name_is_refused(nodes: Nodes) -> None:
    """[LS1] a mistake of the caller."""
    lease = await taken(nodes)
    for seconds in (0, -1, LONGEST + 1, float("nan")):
        with pytest.raises(ValueError, match="lasts over 0"):
            await nodes.leases[0].take("work", "node", seconds)
        with pytest.raises(ValueError, match="lasts over 0"):
            await nodes.leases[0].renew(lease, seconds)
    with pytest.raises(ValueError, match="has a name"):
        await nodes.leases[0].take("", "node", 30)


async def test_a_clock_that_was_set_back_holds_nothing_up(nodes: Nodes) -> None:
    """[LS6] a lease that ends further away than any lasts is over."""
    lease = await taken(nodes)
    await nodes.pass_time(-3600)
    with pytest.raises(LeaseLost):
        await nodes.leases[0].renew(lease, 30)
    assert (await taken(nodes, 1)).fence > lease.fence


async def test_the_clocks_of_nodes_do_not_count(postgres_url: str) -> None:
    """[LS6] on PostgreSQL, whose own does."""
    async with sql_nodes(postgres_url) as nodes:
        lease = await taken(nodes)
        for now in (0.0, 1e12):
            nodes.clocks[1].now = now
            assert await nodes.leases[1].take("work", "node 1", 30) is None
            nodes.clocks[0].now = now
            await nodes.leases[0].renew(lease, 30)


# --- Compaction under a lease ----------------------------------------------------------


async def test_compaction_under_a_lease_ends_it(nodes: Nodes) -> None:
    """[LS7] in the transaction that it protects: the next may go at once."""
    await nodes.document(b"1", b"2")
    lease = await taken(nodes)
    await nodes.stores[0].compact("a", None, [1, 2], snapshot(2), lease)
    assert (await nodes.stores[1].load("a")).snapshot == snapshot(2)
    assert await nodes.count() == 0
    assert (await taken(nodes, 1)).fence > lease.fence


@pytest.mark.parametrize("end", ["expired", "taken", "released", "taken and done"])
async def test_a_late_write_is_refused(nodes: Nodes, end: str) -> None:
    """[LS7] although the rows that it would replace are all there: nothing changes."""
    await nodes.document(b"1", b"2", b"3")
    lease = await taken(nodes)
    if end == "released":
        await nodes.leases[0].release(lease)
    else:
        await nodes.pass_time(31)
    if end == "taken":
        await taken(nodes, 1)
    if end == "taken and done":
        await nodes.stores[1].compact("a", None, [1], snapshot(1), await taken(nodes, 1))
    before = await nodes.stores[1].load("a")
    base = 1 if before.snapshot else None
    with pytest.raises(LeaseLost):
        await nodes.stores[0].compact("a", base, [2, 3], snapshot(3), lease)
    assert await nodes.stores[1].load("a") == before


async def test_a_conflict_leaves_the_lease(nodes: Nodes) -> None:
    """[LS7] nothing is changed, the lease included."""
    await nodes.document(b"1", b"2")
    lease = await taken(nodes)
    with pytest.raises(CompactionConflict):
        await nodes.stores[0].compact("a", 1, [2], snapshot(2), lease)
    await nodes.leases[0].renew(lease, 30)


async def test_late_writes_that_race_with_takers(nodes: Nodes) -> None:
    """[LS7] a lease that has just run out: either the write comes first, or the taker's does."""
    await nodes.document(b"1")
    for sequence in range(1, 15):
        late = await taken(nodes)
        await nodes.pass_time(29.99 if sequence % 2 else 30.01)
        base = None if sequence == 1 else sequence - 1
        mine, taker = await asyncio.gather(
            nodes.stores[0].compact("a", base, [sequence], snapshot(sequence), late),
            nodes.leases[1].take("work", "node 1", 30),
            return_exceptions=True,
        )
        assert mine is None or isinstance(mine, LeaseLost)
        assert taker is None or isinstance(taker, Lease)
        if isinstance(mine, LeaseLost):
            lease = taker or await taken(nodes, 1)
            assert isinstance(lease, Lease)
            await nodes.stores[1].compact("a", base, [sequence], snapshot(sequence), lease)
        elif isinstance(taker, Lease):
            await nodes.leases[1].release(taker)
        stored = await nodes.stores[2].load("a")
        assert stored.snapshot == snapshot(sequence)
        assert sequences_of(stored) == []
        await nodes.stores[2].append([rows("a", b"more")])
