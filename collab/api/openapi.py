"""The OpenAPI document: `python -m collab.api.openapi > web/openapi.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from collab.api import content, documents, grants, health, links, me, ysweet
from collab.api.schemas import Fault, Problem

VERSION = "0.1.0"
DESCRIPTION = """\
Documents and their content. Edits travel over WebSocket (`/ws/{document}`, any Yjs client);
this interface is for scripts and for the list of documents.

Every error is `application/problem+json`; the types are listed in docs/api.md.
"""


def routers() -> tuple[APIRouter, ...]:
    return (
        documents.router,
        content.router,
        grants.router,
        links.router,
        me.router,
        health.router,
        ysweet.router,
    )


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`, built once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Collab",
            version=VERSION,
            description=DESCRIPTION,
            routes=app.routes,
            servers=app.servers or None,  # below a mount, FastAPI has put that there
            tags=[
                {"name": "documents", "description": "The catalog."},
                {"name": "content", "description": "What a document holds, in many formats."},
                {"name": "access", "description": "Who may do what in a document."},
                {"name": "y-sweet", "description": "What y-sweet's SDK and client call."},
                {"name": "health", "description": "For supervisors and load balancers."},
            ],
        )
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        for model in (Problem, Fault):
            schemas[model.__name__] = model.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            schemas[model.__name__].pop("$defs", None)
        app.openapi_schema = schema
    return app.openapi_schema


def document() -> dict[str, Any]:
    """The OpenAPI document without a running service."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    for router in routers():
        app.include_router(router)
    return describe(app)


def text() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
