"""Updates as a Yjs client makes them."""

from __future__ import annotations

from pycrdt import Array, Doc, Text

from collab.crdt.updates import merge, state_of


class Author:
    """A document of its own that turns edits into the updates that a client would send."""

    def __init__(self, client: int, *known: bytes) -> None:
        self.client = client
        self.doc: Doc[Text] = Doc(client_id=client)
        self.text = self.doc.get("text", type=Text)
        self.sent: list[bytes] = []
        if known:
            self.doc.apply_update(merge(known))
        self._held = self.doc.get_state()

    def write(self, text: str) -> bytes:
        """Append `text`; the update."""
        self.text += text
        return self._update()

    def erase(self, start: int, stop: int) -> bytes:
        """Delete a range of the text; the update."""
        del self.text[start:stop]
        return self._update()

    def everything(self) -> bytes:
        return self.doc.get_update()

    def _update(self) -> bytes:
        update = self.doc.get_update(self._held)
        self._held = self.doc.get_state()
        self.sent.append(update)
        return update


def text_of(*updates: bytes) -> str:
    """The text that a reader of all these updates sees."""
    doc: Doc[Text] = Doc()
    doc.apply_update(merge(updates))
    return str(doc.get("text", type=Text))


def tokens_of(*updates: bytes) -> list[str]:
    """The array of tokens that a reader of all these updates sees."""
    doc: Doc[Array[str]] = Doc()
    doc.apply_update(merge(updates))
    return list(doc.get("tokens", type=Array))


__all__ = ["Author", "merge", "state_of", "text_of", "tokens_of"]
