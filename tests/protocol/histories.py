"""Random editing by real replicas, as a source of real updates.

A history is what a few pycrdt documents write while they edit every shared type and exchange
updates now and then, out of order and with repeats.

    python -m tests.protocol.histories > tests/protocol/pycrdt_updates.json

records some, for what needs the very same bytes each time: the seed gives the same edits, but
pycrdt writes maps and the ids of subdocuments anew in every process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pycrdt

WORDS = ("a", "word", "über", "naïve", "日本", "😀", "👩‍👩‍👧", "x" * 40, " ", "\n")
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**40,
    2**53,
    -(2**53),
    2**60,
    1.5,
    float("nan"),
    "text",
    "😀",
    b"\x00\xff",
    [1, [2, {"k": []}]],
    {"a": {"b": [None, "c"]}},
)
FORMATS: tuple[dict[str, Any], ...] = (
    {"bold": True},
    {"bold": None},
    {"link": {"href": "https://example.org/", "target": None}},
    {"comment": ["ü", 1.25]},
)


class Replica:
    """One document, the updates it wrote and those it has not sent yet."""

    def __init__(self, rng: Random, client: int, *, collect: bool) -> None:
        self._rng = rng
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client, skip_gc=not collect)
        self.text = self.doc.get("text", type=pycrdt.Text)
        self.rich = self.doc.get("rich", type=pycrdt.Text)
        self.list = self.doc.get("list", type=pycrdt.Array)
        self.map = self.doc.get("map", type=pycrdt.Map)
        self.tree = self.doc.get("tree", type=pycrdt.XmlFragment)
        self._undo = pycrdt.UndoManager(scopes=[self.text, self.map], capture_timeout_millis=0)
        self.written: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self.written.append(event.update))
        self._edits: tuple[Callable[[], object], ...] = (
            self._type,
            self._type,
            self._type,
            self._erase,
            self._format,
            self._embed,
            self._set,
            self._unset,
            self._nest,
            self._push,
            self._pull,
            self._grow_tree,
            self._prune_tree,
            self._attribute,
        )

    def edit(self) -> None:
        """One transaction of one to three random edits."""
        with self.doc.transaction():
            for _ in range(self._rng.randint(1, 3)):
                self._rng.choice(self._edits)()

    def undo(self) -> None:
        self._rng.choice((self._undo.undo, self._undo.redo))()

    def _span(self, text: str) -> tuple[int, int]:
        """Two places of a text, in the UTF-8 offsets that pycrdt counts by."""
        first, last = sorted(self._rng.randint(0, len(text)) for _ in range(2))
        return len(text[:first].encode()), len(text[:last].encode())

    def _type(self) -> None:
        place, _ = self._span(str(self.text))
        self.text.insert(place, self._rng.choice(WORDS))

    def _erase(self) -> None:
        first, last = self._span(str(self.text))
        if first < last:
            del self.text[first:last]

    def _format(self) -> None:
        self.rich.insert(0, "plain", self._rng.choice((None, *FORMATS)))
        first = self._rng.randint(0, 3)
        self.rich.format(first, first + 2, self._rng.choice(FORMATS))

    def _embed(self) -> None:
        self.rich.insert_embed(0, {"image": self._rng.choice(WORDS)})

    def _set(self) -> None:
        self.map[self._rng.choice("abc")] = self._rng.choice(VALUES)

    def _unset(self) -> None:
        self.map.pop(self._rng.choice("abc"), None)

    def _nest(self) -> None:
        inner: Any = self._rng.choice(
            (
                pycrdt.Map({"n": pycrdt.Array([1, "2"])}),
                pycrdt.Text("nested"),
                pycrdt.Array([pycrdt.Map({})]),
                pycrdt.XmlFragment([pycrdt.XmlElement("e")]),
                pycrdt.Doc(),
            )
        )
        self.map[self._rng.choice("xyz")] = inner

    def _push(self) -> None:
        values = [self._rng.choice(VALUES) for _ in range(self._rng.randint(1, 4))]
        place = self._rng.randint(0, len(self.list))
        for value in values:
            self.list.insert(place, value)

    def _pull(self) -> None:
        if len(self.list):
            self.list.pop(self._rng.randrange(len(self.list)))

    def _grow_tree(self) -> None:
        children = self.tree.children
        place = self._rng.randint(0, len(children))
        children.insert(place, pycrdt.XmlElement("p", {"k": "v"}, [pycrdt.XmlText("in a tree")]))

    def _prune_tree(self) -> None:
        if len(self.tree.children):
            del self.tree.children[self._rng.randrange(len(self.tree.children))]

    def _attribute(self) -> None:
        if len(self.tree.children):
            element = self.tree.children[0]
            element.attributes[self._rng.choice("ab")] = self._rng.choice(WORDS)


class History:
    """Replicas that edit and exchange; `updates` is all that was ever written or merged."""

    def __init__(self, seed: int, *, steps: int = 30) -> None:
        self._rng = Random(seed)
        clients = [*self._rng.sample(range(1, 2**53), 2), self._rng.randint(1, 2**31)]
        self.replicas = [Replica(self._rng, client, collect=bool(seed % 2)) for client in clients]
        self.updates: list[bytes] = []
        for _ in range(steps):
            self._rng.choice((self._edit, self._edit, self._undo, self._send, self._merge))()
        for replica in self.replicas:
            self.updates += replica.written
            self.updates.append(replica.doc.get_update())

    def _edit(self) -> None:
        self._rng.choice(self.replicas).edit()

    def _undo(self) -> None:
        self._rng.choice(self.replicas).undo()

    def _send(self) -> None:
        """Give one replica what it lacks of another."""
        giver, taker = self._rng.sample(self.replicas, 2)
        update = giver.doc.get_update(taker.doc.get_state())
        self.updates.append(update)
        taker.doc.apply_update(update)

    def _merge(self) -> None:
        """Merge a random part of what was written: with gaps, repeats and in any order."""
        written = [update for replica in self.replicas for update in replica.written]
        if len(written) < 3:
            return
        some = self._rng.choices(written, k=self._rng.randint(2, 6))
        merged = pycrdt.merge_updates(*some)
        known = pycrdt.get_state(self._rng.choice(written))
        self.updates += [merged, pycrdt.get_update(merged, known)]


def main() -> None:
    recorded = {data.hex() for seed in range(20) for data in History(seed, steps=14).updates}
    sys.stdout.write(json.dumps(sorted(recorded), indent=1) + "\n")


if __name__ == "__main__":
    main()
