"""Sets of clocks as ascending ranges."""

from __future__ import annotations

Ranges = tuple[tuple[int, int], ...]
"""Half-open clock ranges `(start, end)`, ascending, not touching."""
