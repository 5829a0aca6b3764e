"""Backups taken while the server runs, as docs/deploy.md says, and what is restored from them."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.deploy.files import ROOT
from tests.faults.durable import stored_documents, text_of, update_of
from tests.support.peer import peer
from tests.support.postgres import binaries
from tests.support.postgres_fixtures import NewPostgresUrl
from tests.support.server import ServerProcess

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
DOCUMENT = "backup/doc"


async def write_during(server: ServerProcess, backup: list[str]) -> tuple[str, str]:
    """Edits before, while and after the command runs: what was saved before it, and all."""
    async with peer(server.ws_url, DOCUMENT) as ann:
        await ann.join()
        for number in range(30):
            await ann.type(f"before {number}. ")
        await ann.saved()
        before = str(ann.text)
        running = await asyncio.create_subprocess_exec(*backup)
        number = 0
        while running.returncode is None and number < 1000:
            await ann.type(f"meanwhile {number}. ")
            await ann.saved()
            number += 1
        assert await running.wait() == 0
        await ann.type("after. ")
        await ann.saved()
        return before, str(ann.text)


def compare(restored: str, before: str, everything: str) -> None:
    """It is what there was at one moment of the backup."""
    assert restored.startswith(before)
    assert everything.startswith(restored)
    assert "after" not in restored


def tools() -> Path:
    """Where pg_dump is: beside the server's own programs."""
    return (binaries() / "initdb").resolve().parent


async def test_sqlite_while_it_is_written_to(tmp_path: Path) -> None:
    """[ST1] the statement of the docs gives a whole file, which a server starts on."""
    ((statement, name),) = re.findall(r"(VACUUM INTO '([^']+)')", PAGE)
    data, restored = tmp_path / "data", tmp_path / "restored"
    restored.mkdir()
    with ServerProcess(data) as server:
        program = f"import sqlite3; sqlite3.connect('data/collab.db').execute(\"{statement}\")"
        before, everything = await write_during(
            server, [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {program}"]
        )
    shutil.move(tmp_path / name, restored / "collab.db")
    with closing(sqlite3.connect(restored / "collab.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with ServerProcess(restored) as server:
        async with peer(server.ws_url, DOCUMENT) as bob:
            await bob.join()
            compare(str(bob.text), before, everything)
            await bob.type("and on. ")
            await bob.saved()


async def test_postgresql_while_it_is_written_to(
    new_postgres_url: NewPostgresUrl, tmp_path: Path
) -> None:
    """[ST1] pg_dump's custom format, restored into an empty database."""
    assert "pg_dump --format=custom" in PAGE
    assert "pg_restore --no-owner --exit-on-error" in PAGE
    source, target = new_postgres_url(), new_postgres_url(migrated=False)
    dump = str(tmp_path / "collab.dump")
    with ServerProcess(tmp_path / "data", {"COLLAB_DATABASE_URL": source}) as server:
        command = [f"{tools()}/pg_dump", "--format=custom", f"--file={dump}", source]
        before, everything = await write_during(server, command)
    restore = [f"{tools()}/pg_restore", "--no-owner", "--exit-on-error", f"--dbname={target}", dump]
    await asyncio.to_thread(subprocess.run, restore, check=True, timeout=60)
    (stored,) = await stored_documents(target, DOCUMENT)
    compare(text_of(update_of(stored)), before, everything)
