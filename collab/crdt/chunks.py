"""Shared types as the CRDT library reads them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, cast

import pycrdt

Formatting = dict[str, Any]
Chunks = list[tuple[Any, Formatting | None]]
"""Strings, embedded values and embedded shared types, each with its formatting."""


def joined(chunks: Chunks) -> Chunks:
    """Strings with equal formatting as one, empty ones left out: where the library cuts
    depends on how the text was typed."""
    runs: Chunks = []
    for (is_text, formatting), group in groupby(chunks, _run):
        if not is_text:
            runs.extend(group)
        elif text := "".join(value for value, _ in group):
            runs.append((text, formatting or None))
    return runs


def attributes_of(value: pycrdt.XmlElement | pycrdt.XmlText) -> Formatting:
    """The attributes of an element or a text, in any order."""
    # The library's view is annotated as if iterating it did not give an iterator.
    return dict(cast("Iterable[tuple[str, Any]]", value.attributes))


def _run(chunk: tuple[Any, Formatting | None]) -> tuple[bool, Formatting]:
    value, formatting = chunk
    return isinstance(value, str), formatting or {}
