"""The clients of `tests/node` are checked as strictly as everything else."""

from __future__ import annotations

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
