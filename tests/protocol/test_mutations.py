"""Damaged updates in great number: what the validator passes must not hurt pycrdt."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .victim import FILE_SIZE

CHUNKS = 8
CHUNK_SIZE = 25_000
MIN_PASSED = CHUNK_SIZE // 5


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(CHUNKS))
def test_damaged_updates(seed: int, tmp_path: Path) -> None:
    """[UP27] of 200,000 damaged updates none that passes fails in pycrdt, ends the process,
    is read differently, or takes a second of CPU time."""
    note = tmp_path / "under-way"
    note.write_bytes(bytes(FILE_SIZE))
    command = [sys.executable, "-m", "tests.protocol.victim", str(seed), str(CHUNK_SIZE), str(note)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.fail(describe(run, note.read_bytes()))
    passed, refused = map(int, run.stdout.split())
    assert passed + refused == CHUNK_SIZE
    # Damage that is always refused, or never, would show nothing.
    assert passed > MIN_PASSED
    assert refused > MIN_PASSED


def describe(run: subprocess.CompletedProcess[str], note: bytes) -> str:
    cause = signal.Signals(-run.returncode).name if run.returncode < 0 else run.stderr[-2000:]
    length = int.from_bytes(note[:4], "big")
    return f"at {note[4 : 4 + length].hex()}:\n{cause}"
