"""A process that damages real updates and gives pycrdt those that the validator passes.

    python -m tests.protocol.victim SEED COUNT FILE

It is a process of its own because what is looked for ends processes. The update under way is
kept in FILE, so that it can be told after an abort; an update that takes more than a second
of CPU time ends the process with SIGVTALRM. Prints how many were passed and how many refused.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import signal
import sys
from pathlib import Path
from random import Random
from typing import Any

import pycrdt

from collab.errors import ProtocolError
from collab.protocol.ranges import Ranges
from collab.protocol.repair import repaired
from collab.protocol.roots import root_kinds
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.trimming import without_known
from collab.protocol.update import UpdateFacts, stored_facts, validate_update

from .mutation import Mutator

LONGEST_CALL = 1.0
FILE_SIZE = 1 << 20


def corpus() -> list[bytes]:
    """Recorded updates: pycrdt writes maps in another order in every process, and a failure
    must come back with its seed."""
    here = Path(__file__).parent
    yjs = json.loads((here / "yjs_updates.json").read_text())
    texts = [text for history in yjs for text, _ in history]
    texts += json.loads((here / "pycrdt_updates.json").read_text())
    return [bytes.fromhex(text) for text in texts]


def expected_state(facts: UpdateFacts) -> dict[int, int]:
    """What a replica has that knows only this update: the structs from clock zero on."""
    return {
        client: ranges[0][1]
        for client, ranges in facts.structs.items()
        if ranges and ranges[0][0] == 0
    }


def joined(ranges: Ranges) -> Ranges:
    result: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if result and result[-1][1] == start:
            start = result.pop()[0]
        result.append((start, end))
    return tuple(result)


def use(update: bytes, damaged: bytes, facts: UpdateFacts) -> None:
    """All that the service does with an update, alone and beside the one it was made from."""
    state = decode_state_vector(pycrdt.get_state(damaged))
    if state != expected_state(facts):
        raise AssertionError(f"read as {state}, expected {expected_state(facts)}")
    root_kinds(damaged)
    healed = repaired(damaged)
    load(healed)
    if healed is not damaged:
        apply(damaged)
    cut = without_known(damaged, validate_update(update).structs)
    merged = pycrdt.merge_updates(update, cut)
    known, new, both = (stored_facts(each).structs for each in (update, cut, merged))
    for client in {*known, *new}:
        expected = joined((*known.get(client, ()), *new.get(client, ())))
        if both.get(client, ()) != expected:
            raise AssertionError(f"merged into {both}, expected {expected} of client {client}")
    pycrdt.get_update(merged, pycrdt.get_state(update))
    load(repaired(merged))
    # Uncut and unrepaired pycrdt may refuse both together, but it has to live on.
    with contextlib.suppress(RuntimeError):
        if cut != damaged:
            apply(pycrdt.merge_updates(update, damaged))
    with contextlib.suppress(RuntimeError):
        apply(update, damaged)


def apply(*updates: bytes) -> pycrdt.Doc[Any]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return doc


def load(update: bytes) -> None:
    """Apply to an empty document, and its content to another."""
    doc = apply(update)
    apply(doc.get_update()).get_update(doc.get_state())


def main(seed: int, count: int, path: Path) -> None:
    mutator = Mutator(Random(seed), corpus())
    passed = 0
    with path.open("r+b") as file, mmap.mmap(file.fileno(), FILE_SIZE) as note:
        for _ in range(count):
            update, damaged = mutator.next()
            note[: len(damaged) + 4] = len(damaged).to_bytes(4, "big") + damaged
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_CALL)
            try:
                facts = validate_update(damaged)
            except ProtocolError:
                continue
            use(update, damaged, facts)
            passed += 1
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    sys.stdout.write(f"{passed} {count - passed}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
