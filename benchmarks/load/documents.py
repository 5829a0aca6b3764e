"""Documents as an editor leaves them: paragraphs written a few letters at a time, here and
there, with some of it deleted again."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pycrdt

from benchmarks.places import CACHE

PART_BYTES: Final = 110_000
"""What one of its authors wrote: an update of its own."""
WORDS: Final = ("the", "shared", "note", "of", "every", "team", "meeting", "plan", "is", "open")
PARAGRAPH: Final = 40
DELETED: Final = 0.1
LEAST_CLIENT: Final = 10_000


def document(size: int) -> list[bytes]:
    """Updates that come to about `size` bytes; each stands alone. Kept on disk once made."""
    count = max(1, round(size / PART_BYTES))
    return [_part(number) for number in range(count)]


def _part(number: int) -> bytes:
    kept = Path(CACHE / "documents" / f"{PART_BYTES}-{number}")
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(_write(number))
    return kept.read_bytes()


def _write(number: int) -> bytes:
    random_ = random.Random(number)
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=LEAST_CLIENT + number)
    fragment = doc.get("default", type=pycrdt.XmlFragment)
    while len(doc.get_update()) < PART_BYTES:
        text = pycrdt.XmlText()
        fragment.children.append(pycrdt.XmlElement("paragraph", {}, [text]))
        length = 0
        for _ in range(PARAGRAPH):
            word = random_.choice(WORDS) + " "
            text.insert(random_.randint(0, length), word)
            length += len(word)
            if length > 3 and random_.random() < DELETED:
                start = random_.randint(0, length - 3)
                del text[start : start + 3]
                length -= 3
    return doc.get_update()
