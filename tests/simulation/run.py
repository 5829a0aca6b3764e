"""One seeded run, from first edit to the last oracle."""

from __future__ import annotations

import asyncio
import random

from pycrdt import Array, Doc, Text

from collab.crdt.updates import merge
from collab.interfaces import DocumentStore
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import validate_update
from tests.simulation.cluster import DOCUMENT, Cluster, MakeStore, PromiseBrokenError
from tests.simulation.rungs import forgetful
from tests.support.replica import RENEW, Replica
from tests.support.virtual import VirtualLoop

OUTDATED = 30.0
"""Virtual seconds after which Yjs clients drop a state that was not renewed."""
STEPS = 60
MOST_NODES = 4
RETURN = 8.0
"""Virtual seconds after the last fault in which peers are back."""
CALM = 36.0
"""Virtual seconds after the last fault in which everything has to be repaired."""


def simulate(seed: int, make_store: MakeStore | None = None) -> Cluster:
    """Run a seed to its end. Raises PromiseBrokenError, which names the seed."""

    def plain(store: DocumentStore) -> DocumentStore:
        return store

    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_run(seed, make_store or plain))
    except BaseException as error:
        error.add_note(f"seed {seed}: COLLAB_SEED={seed} pytest tests/simulation")
        raise
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _run(seed: int, make_store: MakeStore) -> Cluster:
    rng = random.Random(seed)
    cluster = Cluster(rng, nodes=rng.choice([1, 2, 2, 3]), make_store=make_store)
    with forgetful(cluster.stalls):
        return await _drive(cluster)


async def _drive(cluster: Cluster) -> Cluster:
    rng = cluster.rng
    await cluster.start()
    try:
        for _ in range(rng.randrange(2, 6)):
            cluster.add_peer()
        for _ in range(STEPS):
            await asyncio.sleep(rng.expovariate(10))
            await _step(cluster)
        await _end(cluster)
    finally:
        await cluster.stop()
    return cluster


async def _step(cluster: Cluster) -> None:
    rng = cluster.rng
    peer = rng.choice(cluster.peers) if cluster.peers else cluster.add_peer()
    match rng.choices(range(11), [60, 8, 8, 4, 4, 3, 3, 3, 3, 3, 1])[0]:
        case 0:
            _edit(peer, rng)
        case 1:
            peer.cut(rng.random() * 3)
        case 2:
            cluster.set_offline(peer, rng.random() < 0.5)
        case 3:
            cluster.kill_peer(peer)
        case 4:
            cluster.add_peer()
        case 5:
            cluster.faults.outage = rng.random() < 0.5
        case 6:
            await _replace_node(cluster, rng.randrange(len(cluster.nodes)), crash=True)
        case 7:
            await _replace_node(cluster, rng.randrange(len(cluster.nodes)), crash=False)
        case 8:
            cluster.set_trap(rng.randrange(len(cluster.nodes)))
        case 9:
            _disturb(cluster)
        case _:
            if 1 < len(cluster.nodes) < MOST_NODES:
                await cluster.add_node()


def _disturb(cluster: Cluster) -> None:
    """Change how nodes hear each other."""
    rng, air = cluster.rng, cluster.air
    if air.orderly:
        return
    ends = list(air.ends.values())
    match rng.randrange(5):
        case 0:
            air.loss = rng.choice([0.0, 0.1, 0.5])
        case 1:
            air.part()
        case 2:
            air.parted.clear()
        case 3 if ends:
            rng.choice(ends).cut()
        case _:
            for end in ends:
                end.join()


def _edit(peer: Replica, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        kind = rng.random()
        if kind < 0.5:
            peer.add_token(rng.random())
        elif kind < 0.75:
            peer.insert_text(rng.random(), rng.choice(["x", "yz", "word " * rng.randrange(1, 30)]))
        else:
            peer.delete_text(rng.random(), rng.randrange(1, 20))
    if rng.random() < 0.5:
        peer.ask_receipt()
    if rng.random() < 0.1:
        peer.resync()


async def _replace_node(cluster: Cluster, number: int, crash: bool) -> None:
    if cluster.nodes[number] is None:
        return
    if crash:
        await cluster.crash_node(number)
    else:
        await cluster.drain_node(number)
    await cluster.start_node(number)


# --- Oracles ---------------------------------------------------------------------------


async def _end(cluster: Cluster) -> None:
    """Heal everything, let it settle, and look."""
    cluster.faults.end()
    cluster.weather.slow_links = cluster.weather.stalls = 0.0
    cluster.air.calm()
    for node in cluster.nodes:
        if node is not None:
            node.trap = None
    for peer in cluster.peers:
        cluster.set_offline(peer, False)
    await asyncio.sleep(RETURN)
    # The last words of all are mostly lost between nodes, and then nobody connects again and
    # nobody writes: what a node missed it must find out by itself, and its peers are told.
    cluster.air.loss = 0.7
    for peer in cluster.peers:
        peer.add_token(0.5)
        peer.ask_receipt()
    await asyncio.sleep(1.0)
    cluster.air.loss = 0.0
    await asyncio.sleep(CALM)
    await _check(cluster)


async def _check(cluster: Cluster) -> None:
    if cluster.promises.broken:
        raise PromiseBrokenError("; ".join(cluster.promises.broken))
    await _settle_presence(cluster)
    _check_presence(cluster)
    await _check_leftovers(cluster)
    for number in range(len(cluster.nodes)):
        if not await cluster.drain_node(number):
            raise PromiseBrokenError("a drain in calm weather did not save everything")
    stored = await cluster.memory.load(DOCUMENT)
    base = [stored.snapshot.data] if stored.snapshot else []
    log = merge([*base, *(row.data for row in stored.updates)])
    fresh: Doc[Array[str] | Text] = Doc()
    fresh.apply_update(log)
    _check_tokens(cluster, [t.encode() for t in fresh.get("tokens", type=Array)])
    _check_equal(cluster, log, fresh)


async def _settle_presence(cluster: Cluster) -> None:
    """Where all nodes that told a client's clock are gone, and it never heard how high it was,
    peers who did see it once its renewals get there."""
    renewals = 12 if cluster.forgot else 0
    for _ in range(renewals):
        if not any(set(p.present) != _expected(cluster, p) for p in cluster.peers):
            return
        await asyncio.sleep(RENEW)


def _expected(cluster: Cluster, peer: Replica) -> set[int]:
    return {other.client for other in cluster.companions(peer)}


def _check_presence(cluster: Cluster) -> None:
    """Everybody sees everybody else, on whatever node, and nobody who left; and nobody was left
    so long without news that Yjs clients would drop them."""
    now = asyncio.get_running_loop().time()
    for peer in cluster.peers:
        expected = _expected(cluster, peer)
        if set(peer.present) != expected:
            raise PromiseBrokenError(f"{peer.name} sees {set(peer.present)}, not {expected}")
        for client, (_, at) in peer.present.items():
            if now - at > OUTDATED:
                raise PromiseBrokenError(f"{peer.name} heard of {client} {now - at:.0f} s ago")


async def _check_leftovers(cluster: Cluster) -> None:
    """Oracle D: who is gone leaves nothing in any node."""
    for peer in cluster.peers:
        cluster.set_offline(peer, True)
    await asyncio.sleep(cluster.limits.idle_unload + RETURN)
    for node in cluster.nodes:
        assert node is not None
        if node.registry.rooms or node.registry.stats().pending_bytes:
            raise PromiseBrokenError("rooms are left, though nobody is there")
        if node.registry.stats().task_failures:
            raise PromiseBrokenError("a task failed in a way that nothing foresaw")


def _check_tokens(cluster: Cluster, final: list[bytes]) -> None:
    """Oracles A and B."""
    if lost := cluster.promises.kept - set(final):
        raise PromiseBrokenError(f"seen or acknowledged, and lost: {sorted(lost)}")
    if len(set(final)) != len(final):
        raise PromiseBrokenError("a token is there twice")
    for peer in cluster.peers:
        if lost := set(peer.created) - set(final):
            raise PromiseBrokenError(f"{peer.name} is here, and its edits are not: {sorted(lost)}")


def _check_equal(cluster: Cluster, log: bytes, fresh: Doc[Array[str] | Text]) -> None:
    """Oracle C."""
    state = _clocks(fresh)
    structs = validate_update(log).structs
    if any(ranges[-1][1] > state.get(client, 0) for client, ranges in structs.items()):
        raise PromiseBrokenError("the log holds updates that cannot be placed")
    tokens, text = list(fresh.get("tokens", type=Array)), str(fresh.get("text", type=Text))
    for peer in cluster.peers:
        if _clocks(peer.doc) != state:
            raise PromiseBrokenError(f"{peer.name} has another state than the log")
        if list(peer.tokens) != tokens or str(peer.text) != text:
            raise PromiseBrokenError(f"{peer.name} has another content than the log")


def _clocks(doc: Doc[Array[str] | Text]) -> dict[int, int]:
    return {c: clock for c, clock in decode_state_vector(doc.get_state()).items() if clock}
