"""kill -9 of the server, fifty times, while ten clients type."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.durable import stored_documents, text_of, tokens_of, update_of
from tests.faults.killable import killable_server
from tests.faults.typists import Typists, check_end, let_type, start_typists
from tests.support.yjs_peers import yjs_peers

KILLS = 50
SEED = 9
DOCUMENTS = {"kill/many": 7, "kill/few": 3}
PATIENCE = 30.0

SETTINGS = {"COLLAB_COMPACT_AFTER_ROWS": "25"}
"""So that compactions are under way at some kills, and done before others."""


async def let_compact(data_dir: Path, groups: list[Typists], chance: random.Random) -> None:
    """Until a new snapshot has taken the place of rows of the log."""

    async def sequence() -> int:
        (stored,) = await stored_documents(data_dir, groups[0].document)
        return 0 if stored.snapshot is None else stored.snapshot.sequence

    before = await sequence()
    async with asyncio.timeout(PATIENCE):
        while await sequence() == before:
            await let_type(groups, chance, 3)


@pytest.mark.node
@pytest.mark.timeout(240)
async def test_no_kill_loses_what_was_acknowledged_or_seen(tmp_path: Path) -> None:
    """[RM1] [ST1] at any instant, compactions included."""
    chance = random.Random(SEED)
    data_dir = tmp_path / "data"
    async with killable_server(data_dir, SETTINGS) as server, yjs_peers() as yjs:
        await server.start()
        groups = await start_typists(yjs, server.url, DOCUMENTS)
        for kill in range(KILLS):
            if kill % 10 == 9:
                await let_compact(data_dir, groups, chance)
            await let_type(groups, chance, chance.choice([0, 1, 1, 2, 3, 5, 25]))
            await server.kill()
            # Before the clients are back, and could bring again what the server had lost.
            stored = await stored_documents(data_dir, *DOCUMENTS) if kill else []
            for group, document in zip(groups, stored, strict=False):
                await group.take_account()
                group.check(tokens_of(text_of(update_of(document))), f"kill {kill}, seed {SEED}")
            await server.start()
        for group in groups:
            await check_end(yjs, server.url, data_dir, group)
            assert len(group.safe) > KILLS
