"""`/metrics` on the main port, for those who may see it."""

from __future__ import annotations

import hmac

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collab.auth.origins import is_loopback
from collab.observing.exposition import Exposition
from collab.service import Service


def route(service: Service) -> Route:
    exposition = Exposition(service)

    async def metrics(request: Request) -> Response:
        _require(service, request)
        text, content_type = await exposition.text(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})

    return Route("/metrics", metrics, include_in_schema=False)


def _require(service: Service, request: Request) -> None:
    """Raises HTTPException, which says nothing to who is not to know that there is something."""
    settings = service.settings
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}".encode()
        given = request.headers.get("authorization", "").encode()
        seen = hmac.compare_digest(given, wanted)
    else:
        # Where an application that this one is mounted in listens is not known here.
        ours = not service.mounted and not service.product.authenticates
        seen = ours and settings.auth != "token" and is_loopback(settings.host)
    if not seen:
        raise HTTPException(404)
    if settings.workers > 1:
        raise HTTPException(
            404, "Each process has metrics of its own: set COLLAB_METRICS_PORT to read them."
        )
