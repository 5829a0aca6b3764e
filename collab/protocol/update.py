"""Structural validation of Yjs updates (v1): pure Python over the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
"""Half-open clock ranges `(start, end)`, ascending, not touching."""


@dataclass(frozen=True, slots=True)
class UpdateFacts:
    """What a valid update holds: per client id, the clock ranges of its structs (Skip left
    out) and of its delete set, and how many structs there are."""

    structs: Mapping[int, Ranges]
    deletes: Mapping[int, Ranges]
    struct_count: int
