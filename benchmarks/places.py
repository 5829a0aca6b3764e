"""Where the benchmarks keep what they fetch and make."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
NODE: Final = HERE / "node"
CACHE: Final = HERE / ".cache"
