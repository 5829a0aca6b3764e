"""The command line on real databases."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import httpx
import pycrdt
import pytest

from collab.cli import main
from collab.protocol.messages import Update
from tests.support.peer import peer
from tests.support.server import ServerProcess

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


def environment(data: Path, **environ: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COLLAB_")}
    return {**inherited, "COLLAB_DATA_DIR": str(data), **environ}


def collab(*arguments: str, data: Path, **environ: str) -> Result:
    """Run the command to its end on the data directory, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    changed = mock.patch.dict(os.environ, environment(data, **environ), clear=True)
    try:
        with changed, redirect_stdout(out), redirect_stderr(err):
            code = main(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else -1
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Result(code, *texts)


def one_line(result: Result, code: int) -> str:
    """What it complained about: one line on stderr, nothing on stdout."""
    assert result.returncode == code, result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("collab: ")
    return line


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a note, a text with a slash in its id, and a deleted document."""
    directory = tmp_path_factory.mktemp("cli") / "data"
    asyncio.run(fill(directory))
    return directory


async def fill(directory: Path) -> None:
    with ServerProcess(directory) as server:
        async with peer(server.ws_url, "team/plan") as ann:
            await ann.join()
            root = ann.doc.get("default", type=pycrdt.XmlFragment)
            with ann.doc.transaction():
                paragraph = root.children.append(pycrdt.XmlElement("paragraph"))
                paragraph.children.append(pycrdt.XmlText("Buy bread"))
            await ann.send(Update(ann.doc.get_update()))
            await ann.saved()
        async with peer(server.ws_url, "code") as bob:
            await bob.join()
            await bob.type("let x = 1")
            await bob.saved()
        async with peer(server.ws_url, "gone") as bob:
            await bob.join()
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.delete("/api/documents/gone")).status_code == 204
        server.terminate()


def test_help_names_the_commands(tmp_path: Path) -> None:
    result = collab("--help", data=tmp_path)
    assert result.returncode == 0
    for command in ("serve", "migrate", "export", "check"):
        assert command in result.stdout
        assert collab(command, "--help", data=tmp_path).returncode == 0
    assert not (tmp_path / "collab.db").exists()


@pytest.mark.parametrize("arguments", [(), ("dance",), ("export",), ("export", "x", "--all", "y")])
def test_a_wrong_command_line_is_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = collab(*arguments, data=tmp_path)
    assert result.returncode == 2
    assert "usage: collab" in result.stderr


def test_a_wrong_setting_is_2_and_one_line(tmp_path: Path) -> None:
    line = one_line(collab("serve", data=tmp_path, COLLAB_PORT="http"), 2)
    assert "COLLAB_PORT" in line
    line = one_line(collab("serve", data=tmp_path, COLLAB_HOST="0.0.0.0"), 2)
    assert "COLLAB_AUTH=open" in line
    line = one_line(collab("serve", data=tmp_path, COLLAB_DATABASE_URL="oracle://me:hush@x"), 2)
    assert "hush" not in line


def test_a_port_in_use_is_2_and_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = one_line(collab("serve", "--port", port, data=tmp_path), 2)
    assert "COLLAB_PORT" in line


def test_a_data_directory_that_cannot_be_is_2_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = one_line(collab("serve", "--port", "0", data=tmp_path / "file" / "data"), 2)
    assert "COLLAB_DATA_DIR" in line


def test_a_database_that_is_none_is_1_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "collab.db").write_bytes(b"not a database" * 1000)
    one_line(collab("serve", "--port", "0", data=tmp_path), 1)


def test_an_unmigrated_or_newer_database_is_refused(tmp_path: Path) -> None:
    """A start on another schema says what to do, and changes nothing."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    line = one_line(collab("serve", "--port", "0", data=tmp_path, COLLAB_DATABASE_URL=url), 2)
    assert "collab migrate" in line
    assert collab("migrate", data=tmp_path, COLLAB_DATABASE_URL=url).returncode == 0
    assert collab("check", data=tmp_path, COLLAB_DATABASE_URL=url).returncode == 0
    with sqlite3.connect(tmp_path / "own.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffff'")
    database.close()
    line = one_line(collab("serve", "--port", "0", data=tmp_path, COLLAB_DATABASE_URL=url), 2)
    assert "newer" in line
    one_line(collab("migrate", data=tmp_path, COLLAB_DATABASE_URL=url), 2)


def test_a_start_that_fails_ends_the_process(tmp_path: Path) -> None:
    """Nothing that was opened before the failure keeps it."""
    (tmp_path / "own.db").touch()
    url = f"sqlite:///{tmp_path / 'own.db'}"
    result = subprocess.run(
        [sys.executable, "-m", "collab", "serve", "--port", "0"],
        env=environment(tmp_path, COLLAB_DATABASE_URL=url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    line = one_line(Result(result.returncode, result.stdout, result.stderr), 2)
    assert "collab migrate" in line


def test_export_of_one(data: Path, tmp_path: Path) -> None:
    result = collab("export", "team/plan", data=data)
    assert (result.returncode, result.stdout) == (0, "Buy bread\n")
    out = tmp_path / "plan.json"
    result = collab("export", "team/plan", "--format", "json", "--output", str(out), data=data)
    assert (result.returncode, result.stdout) == (0, "")
    assert json.loads(out.read_text())["content"][0]["type"] == "paragraph"
    result = collab("export", "code", "--root", "content", "--format", "text", data=data)
    assert result.stdout.strip() == "let x = 1"


def test_export_of_an_update_can_be_applied(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "code.yjs"
    assert (
        collab("export", "code", "--format", "update", "--output", str(out), data=data).returncode
        == 0
    )
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.apply_update(out.read_bytes())
    assert str(doc.get("content", type=pycrdt.Text)) == "let x = 1"


@pytest.mark.parametrize("document", ["nothing", "gone"])
def test_export_of_what_is_not_there_is_1(data: Path, document: str) -> None:
    line = one_line(collab("export", document, data=data), 1)
    assert f"there is no document {document}" in line


def test_export_of_no_id_is_1(data: Path) -> None:
    one_line(collab("export", "../x", data=data), 1)


def test_export_of_all(data: Path, tmp_path: Path) -> None:
    result = collab("export", "--all", str(tmp_path / "out"), "--format", "html", data=data)
    assert result.returncode == 0, result
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["code.html", "team%2Fplan.html"]
    assert "Buy bread" in (tmp_path / "out" / "team%2Fplan.html").read_text()


def test_reading_makes_no_database(tmp_path: Path) -> None:
    for arguments in (("export", "x"), ("check",)):
        assert "COLLAB_DATA_DIR" in one_line(collab(*arguments, data=tmp_path / "no"), 2)
    assert not (tmp_path / "no").exists()


def test_check_names_every_document(data: Path) -> None:
    result = collab("check", data=data, COLLAB_PROT="1")
    assert result.returncode == 0, result
    assert "did you mean COLLAB_PORT?" in result.stdout
    assert "ok    team/plan" in result.stdout
    assert "2 documents checked, 0 bad" in result.stdout


def test_check_finds_a_broken_document(data: Path, tmp_path: Path) -> None:
    """One undecodable document is named, the others are still checked, and the exit is 1."""
    copy = tmp_path / "collab.db"
    copy.write_bytes((data / "collab.db").read_bytes())
    with sqlite3.connect(copy) as database:
        changed = database.execute(
            "UPDATE updates SET data = X'0101' WHERE document = 'team/plan'"
        ).rowcount
        changed += database.execute(
            "UPDATE snapshots SET data = X'0101' WHERE document = 'team/plan'"
        ).rowcount
    database.close()
    assert changed
    result = collab("check", data=tmp_path)
    assert result.returncode == 1
    assert "BAD   team/plan" in result.stdout
    assert "ok    code" in result.stdout
    assert collab("export", "--all", str(tmp_path / "out"), data=tmp_path).returncode == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["code.md"]


async def test_export_works_beside_a_running_server(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as server:
        async with peer(server.ws_url, "live") as ann:
            await ann.join()
            await ann.type("fresh")
            await ann.saved()
            command = [sys.executable, "-m", "collab", "export", "live", "--root", "content"]
            process = await asyncio.create_subprocess_exec(
                *command, env=environment(server.data_dir), cwd=ROOT, stdout=subprocess.PIPE
            )
            out, _ = await process.communicate()
            assert out.strip() == b"fresh"
            await ann.type("er")
            await ann.saved()
