"""What real editors write, recorded by `tests/node/record.js`; its lines, typed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from typing import Any

from collab.protocol.ranges import Ranges
from tests.support.node import run_node

EDITORS = ("tiptap", "prosemirror", "codemirror", "quill", "raw")
SEED = 20_26


@dataclass(frozen=True)
class RecordedUpdate:
    """An update, and what Yjs reads in it; `closed` counts the items with one and the same
    origin on both sides."""

    source: str
    data: bytes
    structs: dict[int, Ranges]
    deletes: dict[int, Ranges]
    closed: int
    state_vector: dict[int, int]


@dataclass(frozen=True)
class RecordedDocument:
    """A whole document as one update, and what the editor showed at that moment."""

    root: str
    data: bytes
    shown: Any


@dataclass(frozen=True)
class Recording:
    updates: list[RecordedUpdate]
    documents: list[RecordedDocument]
    state_vectors: list[tuple[bytes, dict[int, int]]]
    awareness: list[tuple[bytes, dict[int, Any]]]

    def data(self, how: str) -> list[bytes]:
        """The updates of one sort: local, merged, gap, diff or full."""
        return [update.data for update in self.updates if update.source.endswith(f"/{how}")]


@cache
def recording(editor: str, seed: int = SEED, steps: int = 300) -> Recording:
    """Drive the editor with seeded choices; the same arguments give the same edits."""
    result = Recording([], [], [], [])
    for line in run_node("record.js", editor, str(seed), str(steps)):
        data = base64.b64decode(line["data"])
        match line["record"]:
            case "update":
                result.updates.append(_update(line, data))
            case "document":
                result.documents.append(RecordedDocument(line["root"], data, line["shown"]))
            case "state-vector":
                result.state_vectors.append((data, dict(line["clocks"])))
            case "awareness":
                result.awareness.append((data, dict(line["states"])))
    return result


def _update(line: dict[str, Any], data: bytes) -> RecordedUpdate:
    return RecordedUpdate(
        line["source"],
        data,
        _ranges(line["structs"]),
        _ranges(line["deletes"]),
        line["closed"],
        dict(line["stateVector"]),
    )


def _ranges(listed: list[dict[str, Any]]) -> dict[int, Ranges]:
    return {
        entry["client"]: tuple((start, end) for start, end in entry["ranges"]) for entry in listed
    }
