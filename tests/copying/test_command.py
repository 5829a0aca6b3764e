"""`collab copy` as it is called, interrupted, and called again."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from collab.copying import Done, Outcome, Progress
from tests.copying.filled import side
from tests.support.postgres import PASSWORD
from tests.test_cli import ROOT, Result, collab, environment, one_line

Database = Callable[[str], str]


@pytest.fixture
def new(template: Path, tmp_path: Path) -> Database:
    """Makes an empty database of this name; its URL."""

    def make(name: str) -> str:
        return f"sqlite:///{shutil.copy(template, tmp_path / name)}"

    return make


def fill(url: str, documents: int = 0) -> None:
    async def work() -> None:
        async with side(url) as source:
            await source.fill()
            for number in range(documents):
                await source.create(f"many/{number:03}", *(b"x" * 200 for _ in range(30)))

    asyncio.run(work())


def everything(url: str) -> object:
    async def work() -> object:
        async with side(url) as one:
            return await one.everything()

    return asyncio.run(work())


def copy(source: str, target: str, tmp_path: Path) -> Result:
    return collab("copy", "--from", source, "--to", target, data=tmp_path)


def test_a_run_says_what_it_did(new: Database, tmp_path: Path) -> None:
    """[CP9] a line a document, a summary, and 0 when all of it is there and verified."""
    source, target = new("a.db"), new("b.db")
    fill(source)
    result = copy(source, target, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[-1].endswith("5 copied, 0 brought up to date, 0 there already, 0 bad")
    assert lines[-1].startswith("5 documents, ")
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["copied", name] for name in ("compacted", "deleted", "empty", "shared", "some/rows")
    ]
    again = copy(source, target, tmp_path)
    assert again.returncode == 0
    (line,) = again.stdout.splitlines()
    assert line.endswith("0 copied, 0 brought up to date, 5 there already, 0 bad")


def test_what_differs_fails_the_run(new: Database, tmp_path: Path) -> None:
    """[CP6] [CP9] exit code 1, and the document is named."""
    source, target = new("a.db"), new("b.db")
    fill(source)
    copy(source, target, tmp_path)
    with closing(sqlite3.connect(target.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE documents SET title = 'mine' WHERE id = 'empty'")
        connection.commit()
    result = copy(source, target, tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    bad, summary = result.stdout.splitlines()
    assert bad.startswith("BAD     empty  it differs at the target")
    assert summary.endswith("4 there already, 1 bad")


def test_databases_that_are_not_ready(new: Database, tmp_path: Path) -> None:
    """[CP9] exit code 2, one line that says which, and what to do; nothing is made."""
    source, missing, bare = new("a.db"), f"sqlite:///{tmp_path}/none.db", tmp_path / "bare.db"
    sqlite3.connect(bare).close()
    assert "--to: there is no database" in one_line(copy(source, missing, tmp_path), 2)
    assert "--from: there is no database" in one_line(copy(missing, source, tmp_path), 2)
    assert not Path(missing.removeprefix("sqlite:///")).exists()
    bare.touch()
    refused = one_line(copy(source, f"sqlite:///{bare}", tmp_path), 2)
    assert "--to: the database is not migrated: run `collab migrate`" in refused
    assert "same database" in one_line(copy(source, source, tmp_path), 2)
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    assert "same database" in one_line(
        copy(source, f"sqlite+aiosqlite:///{tmp_path}/link.db", tmp_path), 2
    )
    assert "--to: no support" in one_line(copy(source, "mysql://me:secret@host/x", tmp_path), 2)
    assert collab("copy", "--from", source, data=tmp_path).returncode == 2


def test_no_password_is_told(new: Database, tmp_path: Path) -> None:
    """[CP9] of a database that does not answer."""
    nowhere = "postgresql://collab:hunter2@127.0.0.1:1/collab"
    result = copy(new("a.db"), nowhere, tmp_path)
    assert result.returncode == 1
    assert "hunter2" not in result.stdout + result.stderr
    assert PASSWORD not in result.stdout + result.stderr


def test_a_long_run_says_how_far_it_is() -> None:
    """[CP9] where there is nothing to tell but that documents are there already."""
    progress = Progress(2500)
    said = [
        line
        for number in range(2500)
        for line in progress.add(Outcome(f"{number}", Done.SAME, 2, 10))
    ]
    assert said == ["...     1000 of 2500 documents", "...     2000 of 2500 documents"]
    assert progress.summary().startswith("2500 documents, 5000 rows, 25000 bytes: 0 copied")


@pytest.mark.parametrize("target_kind", ["sqlite", "postgresql"])
def test_a_run_that_is_killed_is_taken_up_again(
    new: Database, tmp_path: Path, request: pytest.FixtureRequest, target_kind: str
) -> None:
    """[CP4] kill -9: what is there is whole, and the next run does what is left."""
    source = new("a.db")
    if target_kind == "sqlite":
        target = new("b.db")
    else:
        target = str(request.getfixturevalue("postgres_url"))
    fill(source, documents=150)
    for lines in (10, 60):
        process = subprocess.Popen(
            [sys.executable, "-m", "collab", "copy", "--from", source, "--to", target],
            env=environment(tmp_path),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline().startswith("copied")
        process.kill()
        process.communicate()
        here, there = everything(source), everything(target)
        assert isinstance(here, dict)
        assert isinstance(there, dict)
        ids = {row[0] for row in there["documents"]}
        assert lines <= len(ids) < 155
        assert there["documents"] == [row for row in here["documents"] if row[0] in ids]
        assert there["updates"] == [row for row in here["updates"] if row[0] in ids]
    result = copy(source, target, tmp_path)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].endswith("0 bad")
    assert " 0 there already" not in result.stdout
    assert everything(target) == everything(source)
