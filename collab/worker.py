"""The document worker's process, started as `python -m collab.worker` by the worker pool.

It joins what works on CRDT documents with what writes content out, and stays lean: someone
may be waiting while it starts. So what writes content out is imported when first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from collab.crdt import calls, child, operations
from collab.interfaces import Format, Kind
from collab.protocol.trimming import without_known


def render(update: bytes, root: str, kind: Kind, form: Format, title: str = "") -> str:
    """The named root in the given format; a text as plain text is exactly its characters.

    Raises DocumentUnreadable.
    """
    from collab import content
    from collab.crdt import tree

    opened = tree.open_root(update, root, kind)
    if form is Format.TEXT and opened.is_text:
        return opened.text()
    return content.render(opened.tree(), form, title)


def _inspect(parts: Sequence[bytes]) -> Sequence[bytes]:
    (update,) = parts
    return calls.pack_facts(operations.inspect(update))


def _inspect_stored(parts: Sequence[bytes]) -> Sequence[bytes]:
    (update,) = parts
    return calls.pack_facts(operations.stored(update))


def _trim(parts: Sequence[bytes]) -> Sequence[bytes]:
    update, known = parts
    return [without_known(update, calls.unpack_known(known))]


def _compact(parts: Sequence[bytes]) -> Sequence[bytes]:
    return calls.pack_compacted(operations.compact(parts))


def _missing(parts: Sequence[bytes]) -> Sequence[bytes]:
    state_vector, *updates = parts
    return [operations.missing(updates, state_vector)]


def _render(parts: Sequence[bytes]) -> Sequence[bytes]:
    return [calls.pack_text(render(*calls.unpack_render(parts)))]


OPERATIONS: Mapping[str, child.Operation] = {
    "inspect": _inspect,
    "inspect_stored": _inspect_stored,
    "trim": _trim,
    "compact": _compact,
    "missing": _missing,
    "render": _render,
}

if __name__ == "__main__":
    child.main(OPERATIONS, sys.argv[1:])
