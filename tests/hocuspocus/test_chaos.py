"""Providers that do anything in any order: nothing fails, nothing stays, others go on."""

from __future__ import annotations

import asyncio
import random

import pytest

from collab.errors import AccessDenied
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import PING, PONG, Close, Token, prefix_of
from collab.protocol.messages import QueryAwareness, Stateless, SyncStep2, Update
from tests.hocuspocus.house import STEP_1, HocuspocusSocket, House
from tests.hocuspocus.test_receipts import Author
from tests.support.stores import When

SEEDS = 60
PEERS_FAULT = {
    CloseCode.MALFORMED,
    CloseCode.TOO_BIG,
    CloseCode.EARLY,
    CloseCode.TIMEOUT,
    CloseCode.TRY_LATER,
    CloseCode.INTERNAL,
}


class Chaos:
    """One seed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.choose = random.Random(seed)
        self.author = Author()

    def frame(self, address: str, socket: HocuspocusSocket) -> None:
        choose = self.choose
        match choose.randrange(14):
            case 0 | 1 | 2:
                version = choose.choice([None, "4.8.0"])
                tokens = ["ann", "bob", "bad", "", "ann until 40"]
                socket.say(address, Token(choose.choice(tokens), version))
            case 3 | 4:
                socket.say(address, STEP_1)
            case 5:
                socket.say(address, Close())
            case 6:
                socket.say(address, SyncStep2(self.author.all))
            case 7 | 8:
                socket.say(address, self.author.types("word "))
            case 9:
                socket.present(address, choose.randrange(1, 5))
            case 10:
                socket.say(address, QueryAwareness(), Stateless("hi"))
            case 11:
                socket.bytes_(choose.choice([PING, PONG]))
            case 12:
                socket.say(address, Update(Author().types("y" * 70_000).update))
            case _ if choose.random() < 0.2:
                socket.bytes_(prefix_of(address) + choose.randbytes(choose.randrange(6)))

    def weather(self) -> None:
        """What happens around the socket."""
        choose, house = self.choose, self.house
        match choose.randrange(8):
            case 0:
                error = choose.choice([None, AccessDenied("no more")])
                house.store.fail("load", When.BEFORE, error=error)
            case 1:
                house.store.fail("append", choose.choice(list(When)))
            case 2:
                house.door.gate.clear()
            case 3:
                house.door.gate.set()
            case 4:
                house.door.roles["ann", "a"] = None
                house.live.changed("a")
            case 5:
                house.door.roles.clear()

    async def run(self) -> int | None:
        choose = self.choose
        provider = self.house.provider(
            join_seconds=20, documents=choose.choice([2, 4]), waiting_bytes=200_000
        )
        async with provider as socket:
            addresses = ["a", "b", "a\0s", "none", "c", "not an id"]
            for _ in range(choose.randrange(5, 80)):
                self.frame(choose.choice(addresses), socket)
                if choose.random() < 0.15:
                    self.weather()
                if choose.random() < 0.3:
                    await socket.settle(choose.random() * 3)
            await socket.settle(choose.random() * 10)
            return socket.code


async def served(house: House) -> None:
    """Somebody comes now, and edits."""
    async with house.provider() as late:
        await late.sign_in("z")
        late.say("z", SyncStep2(Author().types("fine").update))
        assert await late.receipts("z") == [True]


async def test_anything_in_any_order(caplog: pytest.LogCaptureFixture) -> None:
    """[HP3] [HP11] [HP17] 60 seeds: every socket ends, if it does, by a documented code; no
    failure is logged; what it left is as if it had never been; who comes then is served."""
    codes: set[int | None] = set()
    for seed in range(SEEDS):
        house = House()
        await house.start()
        codes.add(await Chaos(house, seed).run())
        house.door.gate.set()
        for faults in house.store._faults.values():
            faults.clear()
        await asyncio.sleep(15)
        assert house.sessions() == 0, seed
        assert house.live._watches == {}, seed
        names = [task.get_name() for task in asyncio.all_tasks()]
        assert not [name for name in names if "hocuspocus" in name], seed
        failed = [r for r in caplog.records if r.name.startswith("collab.transport") and r.exc_info]
        assert failed == [], seed
        house.door.roles.clear()
        await served(house)
        await house.aclose()
    assert codes - {None} <= PEERS_FAULT
    assert None in codes
