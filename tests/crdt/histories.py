"""Random histories of several replicas, and what their documents show."""

from __future__ import annotations

from random import Random
from typing import Any

import pycrdt

from collab.crdt.updates import EMPTY_STATE

ROOTS = {
    "text": pycrdt.Text,
    "map": pycrdt.Map,
    "array": pycrdt.Array,
    "xml": pycrdt.XmlFragment,
}
WORDS = ("a", "bc", "déf", "🎈", "x y", "\n")


class Replica:
    """A document that records the updates of its own edits."""

    def __init__(self, client_id: int, seed: int) -> None:
        self.updates: list[bytes] = []
        self.random = Random(seed)
        self.document: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        for name, kind in ROOTS.items():
            self.document.get(name, type=kind)
        self._subscription = self.document.observe(self._record)
        self._receiving = False

    def _record(self, event: Any) -> None:
        if not self._receiving:
            self.updates.append(event.update)

    def receive(self, *updates: bytes) -> None:
        self._receiving = True
        for update in updates:
            self.document.apply_update(update)
        self._receiving = False

    def edit(self) -> None:
        choice = self.random.choice((self._text, self._text, self._map, self._array, self._xml))
        choice()

    def _text(self) -> None:
        text = self.document.get("text", type=pycrdt.Text)
        size, at = self._spot(text)
        match self.random.randrange(4):
            case 0 if size:
                del text[at : at + min(3, size - at)]
            case 1 if size:
                text.format(at, min(size, at + 3), {"bold": {}})
            case _ if size or self.document.get_state() == EMPTY_STATE:
                # The library writes an update that refers to itself when it inserts into a
                # text of which only formatting is left.
                text.insert(at, self.random.choice(WORDS))

    def _map(self) -> None:
        entries = self.document.get("map", type=pycrdt.Map)
        key = self.random.choice("kqz")
        match self.random.randrange(3):
            case 0 if key in entries:
                del entries[key]
            case 1:
                entries[key] = pycrdt.Array([self.random.randrange(9)])
            case _:
                entries[key] = self.random.choice(WORDS)

    def _array(self) -> None:
        array = self.document.get("array", type=pycrdt.Array)
        size = len(array)
        if size and self.random.random() < 0.3:
            del array[self.random.randrange(size)]
        else:
            array.insert(self.random.randrange(size + 1), self.random.choice((1, "s", None, [2])))

    def _xml(self) -> None:
        children = self.document.get("xml", type=pycrdt.XmlFragment).children
        size = len(children)
        match self.random.randrange(4):
            case 0 if size:
                del children[self.random.randrange(size)]
            case 1 | 2 if size:
                element = children[self.random.randrange(size)]
                if isinstance(element, pycrdt.XmlElement):
                    element.attributes["level"] = self.random.randrange(4)
            case _:
                words = pycrdt.XmlText(self.random.choice(WORDS))
                at = self.random.randrange(size + 1)
                children.insert(at, pycrdt.XmlElement("p", {}, [words]))

    def _spot(self, text: pycrdt.Text) -> tuple[int, int]:
        """Size and a random place in bytes, at a border between characters."""
        characters = str(text)
        at = self.random.randrange(len(characters) + 1)
        return len(characters), len(characters[:at].encode())


def history(seed: int, replicas: int = 3, edits: int = 40) -> list[bytes]:
    """The updates of replicas that edit at the same time and now and then catch up, in the
    order in which they were made."""
    random = Random(seed)
    peers = [Replica(100 + number, seed * 31 + number) for number in range(replicas)]
    updates: list[bytes] = []
    for _ in range(edits):
        peer = random.choice(peers)
        known = len(peer.updates)
        peer.edit()
        updates += peer.updates[known:]
        if random.random() < 0.2:
            random.choice(peers).receive(*updates)
    return updates


def loaded(update: bytes) -> pycrdt.Doc[Any]:
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    document.apply_update(update)
    return document


def shown(document: pycrdt.Doc[Any]) -> dict[str, Any]:
    """All that the roots of a history show."""
    return {
        "text": document.get("text", type=pycrdt.Text).diff(),
        "map": document.get("map", type=pycrdt.Map).to_py(),
        "array": document.get("array", type=pycrdt.Array).to_py(),
        "xml": [
            (node.tag, sorted(dict(node.attributes).items()), str(node))
            for node in document.get("xml", type=pycrdt.XmlFragment).children
        ],
    }
