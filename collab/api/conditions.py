"""Conditional requests: If-Match and If-None-Match (RFC 9110, section 13)."""

from __future__ import annotations


def etag_of(sequence: int) -> str:
    """The ETag of a document and of its content in every format: the sequence."""
    return f'"{sequence}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether a list of ETags, or `*`, names `etag`. A weak spelling of it counts: proxies
    that compress weaken the ETags they pass on."""
    if header is None:
        return False
    given = (part.strip().removeprefix("W/") for part in header.split(","))
    return any(part in ("*", etag) for part in given)
