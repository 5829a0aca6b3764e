"""Who migrates when, and what a database that is not current is told."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

import collab
from collab.errors import ConfigError
from collab.storage.engine import open_database
from collab.storage.schema import migrate, require_current

ROOT = Path(__file__).parents[2]
MIGRATE = """
import asyncio, sys
from collab.storage.engine import open_database
from collab.storage.schema import migrate, require_current

async def main(url):
    await migrate(url)
    database = open_database(url)
    await require_current(database)
    await database.aclose()

asyncio.run(main(sys.argv[1]))
"""


async def python(*arguments: str, cwd: Path = ROOT, url: str = "") -> tuple[int | None, str]:
    """The exit status and the output of a Python process."""
    env = {**os.environ, "COLLAB_DATABASE_URL": url}
    env.pop("PYTHONPATH", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=cwd, env=env, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def refusal(url: str) -> str:
    database = open_database(url)
    try:
        with pytest.raises(ConfigError) as caught:
            await require_current(database)
    finally:
        await database.aclose()
    return str(caught.value)


async def execute(url: str, statement: str) -> None:
    database = open_database(url)
    await database.write(lambda c: c.exec_driver_sql(statement).close())
    await database.aclose()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
async def test_migrate_makes_the_file_and_its_directory(tmp_path: Path, scheme: str) -> None:
    """[ST21] on a running loop, with any path, and again without effect."""
    url = f"{scheme}:///{tmp_path}/new/100%s/collab.db"
    await migrate(url)
    await migrate(url)
    database = open_database(url)
    await require_current(database)
    await database.aclose()


async def test_an_unmigrated_database_is_refused(empty_url: str) -> None:
    """[ST22] empty, or begun and not finished: one line that says what to run."""
    expected = "the database is not migrated: run `collab migrate`"
    assert await refusal(empty_url) == expected
    await migrate(empty_url)
    await execute(empty_url, "DELETE FROM alembic_version")
    assert await refusal(empty_url) == expected


async def test_a_newer_database_is_refused(empty_url: str) -> None:
    """[ST22] by the start and by `collab migrate`, in one line, and left alone."""
    await migrate(empty_url)
    await execute(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    refused = await refusal(empty_url)
    assert "newer than this Collab" in refused
    assert "'9999'" in refused
    assert "\n" not in refused
    with pytest.raises(ConfigError, match="newer than this Collab"):
        await migrate(empty_url)
    assert await refusal(empty_url) == refused


async def test_migrations_at_once_in_one_process(tmp_path: Path) -> None:
    """[ST21] of one database and of several."""
    urls = [f"sqlite:///{tmp_path}/{n % 3}.db" for n in range(9)]
    await asyncio.gather(*map(migrate, urls))
    for url in urls[:3]:
        database = open_database(url)
        await require_current(database)
        await database.aclose()


async def test_migrations_at_once_in_several_processes(empty_url: str) -> None:
    """[ST21] all succeed; one did the work."""
    results = await asyncio.gather(*(python("-c", MIGRATE, empty_url) for _ in range(4)))
    assert results == [(0, "")] * 4


async def test_an_installed_package_brings_its_migrations(tmp_path: Path) -> None:
    """[ST20] in a wheel they lie inside the package, and no alembic.ini is there."""
    package = Path(collab.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "_web", "node_modules")
    await asyncio.to_thread(shutil.copytree, package, tmp_path / "collab", ignore=ignored)
    shutil.copytree(ROOT / "migrations", tmp_path / "collab" / "_migrations", ignore=ignored)
    result = await python("-c", MIGRATE, f"sqlite:///{tmp_path}/data/c.db", cwd=tmp_path)
    assert result == (0, "")


async def test_the_alembic_command(empty_url: str) -> None:
    """[ST20] works with the URL from the environment or an argument, and finds no change."""
    assert (await python("-m", "alembic", "upgrade", "head", url=empty_url))[0] == 0
    status, output = await python("-m", "alembic", "-x", f"url={empty_url}", "check")
    assert (status, output) == (0, "No new upgrade operations detected.\n")
    database = open_database(empty_url)
    await require_current(database)
    await database.aclose()
    status, output = await python("-m", "alembic", "current")
    assert status != 0
    assert "name the database: COLLAB_DATABASE_URL" in output


async def test_the_statements_for_postgresql_can_be_printed() -> None:
    """[ST20] without a server, for whoever runs them by hand."""
    url = "url=postgresql://nowhere/collab"
    status, output = await python("-m", "alembic", "-x", url, "upgrade", "head", "--sql")
    assert status == 0
    assert 'id TEXT COLLATE "C" NOT NULL' in output
    assert "ON documents (updated, id) WHERE deleted IS NULL" in output
