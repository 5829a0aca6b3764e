"""What a document worker does, as plain functions over bytes.

They run inside a worker process: they take a CRDT document where one is needed, hold the
interpreter for as long as they take, and may end the process on bytes that slip past the
validator.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pycrdt

from collab.crdt import updates as byte_functions
from collab.crdt.digest import digest
from collab.crdt.updates import library_guard, merge, state_of
from collab.errors import DocumentUnreadable, ProtocolError, WorkerError
from collab.interfaces import Compacted
from collab.protocol.delete_set import encode_delete_set
from collab.protocol.repair import repaired
from collab.protocol.roots import root_kinds
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import (
    Ranges,
    UpdateFacts,
    UpdateLimits,
    stored_facts,
    validate_update,
)

INSPECT_LIMITS: Final = UpdateLimits(max_bytes=64 * 1024 * 1024, max_structs=5_000_000)
"""For updates too large for the event loop; the wires have their own, smaller caps."""

READ_EXACTLY: Final = 16 * 1024
"""Bytes of a stored row whose every struct is read."""


def inspect(update: bytes, limits: UpdateLimits = INSPECT_LIMITS) -> UpdateFacts:
    """Validate an update too large for the event loop. Raises ProtocolError."""
    return validate_update(update, limits)


def stored(row: bytes) -> UpdateFacts:
    """What a row of the log holds: read, as by `stored_facts`.

    Of a large one the library reads the structs up to each client's first gap, in a tenth of the
    time: how many they are, and what they were put next to, is then not told, just as a snapshot
    does not tell it. Raises ProtocolError.
    """
    if len(row) <= READ_EXACTLY:
        return stored_facts(row)
    try:
        state = state_of(row)
        rest = stored_facts(byte_functions.missing(row, state))
    except DocumentUnreadable as error:
        raise ProtocolError(str(error)) from error
    structs: dict[int, Ranges] = {c: ((0, end),) for c, end in decode_state_vector(state).items()}
    for client, ranges in rest.structs.items():
        structs[client] = (*structs.get(client, ()), *ranges)
    return UpdateFacts(structs, rest.deletes, rest.struct_count, rest.needs)


def missing(updates: Sequence[bytes], state_vector: bytes) -> bytes:
    """What a replica with `state_vector` lacks of `updates`. Raises DocumentUnreadable."""
    merged = merge(updates)
    if state_vector == byte_functions.EMPTY_STATE:
        return merged  # all of it: comparing it takes as long as merging
    return byte_functions.missing(merged, state_vector)


def compact(updates: Sequence[bytes]) -> Compacted:
    """`updates` as one, without the content that was deleted, proven to reload equal.

    A document leaves out what it cannot place yet (structs whose dependencies are missing,
    deletes of structs it has not seen): that is put back from the merged bytes.
    Raises DocumentUnreadable if the updates cannot be read, WorkerError if the result is not
    equal to them.
    """
    merged = readable(merge(updates))
    with library_guard("load the document"):
        collected = load(merged)
        state = collected.get_state()
        data = collected.get_update()
    data = _with_waiting(data, byte_functions.missing(merged, state))
    facts = _facts(data)
    if data != merged:
        _check_equal(merged, data)
    made = state_of(data)
    said: dict[int, Ranges] = {c: ((0, end),) for c, end in decode_state_vector(made).items()}
    return Compacted(data, made, encode_delete_set(facts.deletes), facts.structs == said)


def readable(update: bytes) -> bytes:
    """All of a document as the library may load it: it refuses or misreads some of what
    browsers read, see `collab.protocol.repair`. Raises DocumentUnreadable."""
    try:
        return repaired(update)
    except ProtocolError as error:
        raise DocumentUnreadable(f"cannot read the document: {error}") from error


def load(update: bytes, *, collect: bool = True) -> pycrdt.Doc[Any]:
    """A fresh document that holds what `readable` gave, deleted content dropped unless told
    otherwise."""
    document: pycrdt.Doc[Any] = pycrdt.Doc(client_id=0, skip_gc=not collect)
    document.apply_update(update)
    return document


def _with_waiting(data: bytes, waiting: bytes) -> bytes:
    """`data` with the structs and deletes of `waiting` that it does not hold."""
    held, rest = _facts(data), _facts(waiting)
    if not rest.structs and _within(rest.deletes, held.deletes):
        return data
    return merge([data, waiting])


def _within(inner: Mapping[int, Ranges], outer: Mapping[int, Ranges]) -> bool:
    """Whether every clock of `inner` is in `outer`."""
    for client, ranges in inner.items():
        holding = outer.get(client, ())
        starts = [start for start, _ in holding]
        for start, end in ranges:
            at = bisect_right(starts, start) - 1
            if at < 0 or holding[at][1] < end:
                return False
    return True


def _facts(update: bytes) -> UpdateFacts:
    try:
        return stored(update)
    except ProtocolError as error:
        raise WorkerError(f"the CRDT library wrote an update that is not valid: {error}") from error


def _check_equal(merged: bytes, data: bytes) -> None:
    """Load both, the original with everything deleted still in it, and compare.

    Raises WorkerError if they differ, or if loading `data` again would change it.
    """
    with library_guard("compare the compacted document"):
        original, compacted = load(merged, collect=False), load(readable(data))
        if decode_state_vector(state_of(merged)) != decode_state_vector(state_of(data)):
            raise WorkerError("compaction would change which edits the document holds")
        if decode_state_vector(original.get_state()) != decode_state_vector(compacted.get_state()):
            raise WorkerError("compaction would change which edits the document shows")
        kinds = root_kinds(merged)
        if digest(original, kinds) != digest(compacted, kinds):
            raise WorkerError("compaction would change the content of the document")
