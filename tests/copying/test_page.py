"""docs/copy.md tells what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.copying.test_command import everything, fill
from tests.support.postgres import PASSWORD, PostgresServer
from tests.test_cli import ROOT

PAGE = (ROOT / "docs" / "copy.md").read_text("utf-8")
TARGET = "postgresql://collab@db.example.org/collab"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """Asks for a password, as one elsewhere does."""
    with PostgresServer(tcp=True) as server:
        yield server


def test_the_commands_move_all_documents(
    server: PostgresServer, template: Path, tmp_path: Path
) -> None:
    """[CP9] as they stand there, the password in the environment."""
    (tmp_path / "data").mkdir()
    file = shutil.copy(template, tmp_path / "data" / "collab.db")
    fill(f"sqlite:///{file}")
    url = server.tcp_url(server.create())
    without = url.replace(url[url.index("collab:") : url.index("@")], "collab")
    commands = [
        line
        for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
        if "collab migrate" in line or "collab copy" in line
    ]
    assert len(commands) == 2
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands:
        assert TARGET in command
        ran = subprocess.run(
            ["bash", "-euc", command.replace(TARGET, without)],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("5 copied, 0 brought up to date, 0 there already, 0 bad\n")
    assert everything(url) == everything(f"sqlite:///{file}")


def test_the_lines_that_it_shows_are_said() -> None:
    """[CP9] the beginnings of lines, and the summary."""
    from collab.copying import CHANGED, Done, Outcome, Progress

    progress = Progress(2)
    lines = [
        *progress.add(Outcome("team/plan", Done.COPIED, 31, 18220)),
        *progress.add(Outcome("minutes", Done.UPDATED, 7, 4011)),
        progress.summary(),
    ]
    assert "\n".join(lines) in PAGE
    shown = next(line for line in PAGE.splitlines() if line.startswith("BAD"))
    assert f"BAD     minutes  {CHANGED}".startswith(shown.removesuffix("..."))
