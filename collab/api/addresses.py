"""Where clients reach the service."""

from __future__ import annotations

from starlette.requests import Request

from collab.auth.origins import split_host


def base_url(request: Request, public_url: str | None) -> str | None:
    """`public_url`, or else the address that was called, without a slash at the end; None if
    the request does not say which that is."""
    if public_url is not None:
        return public_url.rstrip("/")
    host = request.headers.get("host", "")
    try:
        split_host(host)
    except ValueError:
        return None
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}"
