"""Paths of ASGI requests, as they were sent: for routes whose ids may hold slashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes


def sent_path(scope: Mapping[str, Any]) -> bytes:
    """The path below the one that the application is served under (mounted in another, or by a
    proxy), undecoded and without the query."""
    root: str = scope.get("root_path", "")
    sent: bytes | None = scope.get("raw_path")
    if sent is None:
        # The server kept only the decoded path, which is the one decoding.
        return quote(str(scope["path"]).removeprefix(root)).encode("ascii")
    sent = sent.partition(b"?")[0]
    if not root:
        return sent
    # The host of a mount matches decoded paths: its own may have been spelled in any way.
    *above, below = sent.split(b"/", root.count("/") + 1)
    return b"/" + below if unquote_to_bytes(b"/".join(above)) == root.encode() else sent
