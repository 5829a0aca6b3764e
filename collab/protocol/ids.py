"""Names of documents: one spelling each, checked before anything else is done with it."""

from __future__ import annotations

import re
import string
from random import Random
from typing import Final

from collab.errors import InvalidDocumentId

MAX_LENGTH: Final = 255

_SEGMENT: Final = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~:@-]+"
_ID: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")

_ALPHABET: Final = string.ascii_letters + string.digits
_MINTED_LENGTH: Final = 18  # 107 bits


def parse_document_id(text: str) -> str:
    """`text` itself, if it names a document. Raises InvalidDocumentId."""
    if len(text) > MAX_LENGTH or not _ID.fullmatch(text):
        raise InvalidDocumentId(
            f"A document id is 1 to {MAX_LENGTH} ASCII letters, digits and -._~:@/ "
            "with no empty, . or .. segment between slashes."
        )
    return text


def mint_document_id(source: Random) -> str:
    """A new id of letters and digits that no one can guess if `source` is a SystemRandom."""
    return "".join(source.choices(_ALPHABET, k=_MINTED_LENGTH))
