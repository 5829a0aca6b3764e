"""Which addresses an export may hold: nothing that runs, nothing that a page fetches."""

from __future__ import annotations

import html
import re

_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_IMAGE_SCHEMES = frozenset({"http", "https"})
_INLINE_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}\Z")
# Browsers leave out tabs and newlines inside an address, and controls around it.
_IGNORED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufffd-\uffff]"
)


def safe_link(address: object) -> str | None:
    """The address as a link may carry it, or None if it is empty or might run something."""
    return _with_scheme(address, _LINK_SCHEMES)


def safe_image(address: object) -> str | None:
    """The address of an image: as of a link, but of the web or inline."""
    return inline_image(address) or _with_scheme(address, _IMAGE_SCHEMES)


def inline_image(address: object) -> str | None:
    """The address, if the image lies in it whole, so that showing it fetches nothing."""
    if isinstance(address, str) and _INLINE_IMAGE.match(address):
        return address
    return None


def _with_scheme(address: object, schemes: frozenset[str]) -> str | None:
    if not isinstance(address, str):
        return None
    cleaned = _IGNORED.sub("", address).strip()
    # A reader that decodes references once too often must not find a scheme there either.
    for spelling in (cleaned, _IGNORED.sub("", html.unescape(cleaned)).strip()):
        head = re.split(r"[/?#]", spelling, maxsplit=1)[0]
        scheme, colon, _ = head.partition(":")
        if colon and scheme.lower() not in schemes:
            return None
    return cleaned or None
