"""The clients of `tests/node` are checked as strictly as everything else."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.node import FOLDER, node_command

pytestmark = pytest.mark.node


def test_their_types_hold() -> None:
    compiler = FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node_command(), compiler, "-p", FOLDER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_all_of_them_share_one_yjs() -> None:
    """A second one says so on stderr, and its documents are not those of the first."""
    done = subprocess.run(
        [node_command(), "--input-type=module", "-"],
        input="import './peers/peer.js'",
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len([*FOLDER.glob("node_modules/**/yjs/package.json")]) == 1


def test_their_lock_file_names_no_host() -> None:
    """Packages come from wherever npm is told to take them."""
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
