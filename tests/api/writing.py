"""Content for the tests of the REST interface, written as a peer writes it."""

from __future__ import annotations

import pycrdt
from fastapi import FastAPI

from collab.protocol.messages import Update
from tests.support.asgi import AsgiSocket


def note(words: str) -> bytes:
    """An update that holds a heading and a paragraph, as an editor writes them."""
    doc: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    root = doc.get("default", type=pycrdt.XmlFragment)
    with doc.transaction():
        heading = root.children.append(pycrdt.XmlElement("heading", {"level": "1"}))
        heading.children.append(pycrdt.XmlText("Plan"))
        paragraph = root.children.append(pycrdt.XmlElement("paragraph"))
        paragraph.children.append(pycrdt.XmlText(words))
    return doc.get_update()


async def written(app: FastAPI, document: str, *updates: bytes) -> str:
    """Write as a peer, until it is acknowledged; returns the URL of the content."""
    async with AsgiSocket(app, f"/ws/{document}") as peer:
        for update in updates:
            peer.send(Update(update))
        await peer.saved()
    return f"/api/documents/{document}/content"
