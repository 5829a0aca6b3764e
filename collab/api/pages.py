"""The web app's files, as the build left them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The editor sets styles of its own: widths of columns, colours of carets.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob: https:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_PAGE: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_FOREVER: Final = "public, max-age=31536000, immutable"

_MISSING: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Collab</title>
<h1>Collab is running</h1>
<p>The web app has not been built. In a checkout, <code>make serve</code> builds it and starts
the server; an installed package brings it along.</p>
<p>The rest works without it: documents over WebSocket at <code>/ws/{document}</code>, and
<a href="/api/documents">the REST interface</a>, described in
<a href="/api/openapi.json">openapi.json</a>.</p>
</html>
"""


def built_app() -> Path | None:
    """The directory of the built web app: in the package if installed, else in the checkout."""
    package = Path(__file__).parent.parent
    places = (package / "_web", package.parent / "web" / "dist")
    return next((place for place in places if (place / "index.html").is_file()), None)


def routes(directory: Path | None) -> list[BaseRoute]:
    """Routes for `/`, for the notes, for every file of the build, and for whoever asks for a
    page that there is not: the last of all routes, since it takes every path."""
    if directory is None:
        return [_route(path, _missing) for path in ("/", "/notes/{id:path}")]
    index = _file(directory / "index.html")
    found: list[BaseRoute] = [_route(path, index) for path in ("/", "/notes/{id:path}")]
    for item in sorted(directory.iterdir()):
        if item.is_file() and item.name != "index.html":
            found.append(_route(f"/{item.name}", _file(item)))
    if (directory / "assets").is_dir():
        files = _Immutable(directory=directory / "assets")
        found.append(Mount("/assets", GZipMiddleware(files, minimum_size=1024)))
    found.append(_route("/{path:path}", _astray(directory / "index.html")))
    return found


Endpoint = Callable[[Request], Response]
"""Runs in a thread: it may look at files."""


def _route(path: str, endpoint: Endpoint) -> Route:
    return Route(path, _at_the_root(endpoint), methods=["GET"], include_in_schema=False)


def _at_the_root(endpoint: Endpoint) -> Endpoint:
    """The app asks for its files, REST and sockets by absolute paths: it is not served below
    another path, where it would be lost."""

    def serve(request: Request) -> Response:
        if request.scope.get("root_path"):
            raise HTTPException(404)
        return endpoint(request)

    return serve


def _file(path: Path) -> Endpoint:
    def serve(_request: Request) -> Response:
        if not path.is_file():
            raise HTTPException(404)  # a new build took its place
        return FileResponse(path, headers=_PAGE)

    return serve


def _astray(index: Path) -> Endpoint:
    """People get the app, which says that there is no such page; programs get the error."""

    def serve(request: Request) -> Response:
        people = "text/html" in request.headers.get("accept", "")
        if not people or request.url.path.startswith("/api/") or not index.is_file():
            raise HTTPException(404)
        return FileResponse(index, status_code=404, headers=_PAGE)

    return serve


def _missing(_request: Request) -> Response:
    return HTMLResponse(_MISSING, headers=_PAGE)


class _Immutable(StaticFiles):
    """Files whose names hold a hash of what is in them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = _FOREVER
        # Workers among them go by the policy of their own response.
        response.headers["Content-Security-Policy"] = POLICY
        return response
