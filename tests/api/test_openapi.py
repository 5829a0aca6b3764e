"""The OpenAPI document, from which the web app's client is generated."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.api import openapi, problems

ROOT = Path(__file__).parents[2]


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in openapi.document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_the_file_is_current() -> None:
    """[HT19] web/openapi.json is what `python -m collab.api.openapi` prints."""
    written = (ROOT / "web" / "openapi.json").read_text(encoding="utf-8")
    assert written == openapi.text()


def test_the_command_prints_it() -> None:
    command = [sys.executable, "-m", "collab.api.openapi"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(printed.stdout) == openapi.document()
    assert printed.stderr == ""


async def test_the_server_gives_the_same(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/openapi.json")).json() == openapi.document()


@pytest.mark.parametrize(("name", "operation"), list(operations()))
def test_every_route_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["operationId"]
    assert operation["description"]
    for status, response in operation["responses"].items():
        if name.endswith(("/healthz", "/readyz", "/ready")) or int(status) < 400:
            continue
        schema = response["content"][problems.MEDIA_TYPE]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


def test_every_shape_has_an_example() -> None:
    schemas = openapi.document()["components"]["schemas"]
    documents = ("Document", "DocumentList", "NewDocument", "DocumentChange", "Problem")
    rights = ("GrantChange", "UserGrant", "GrantList", "NewLink", "ShareLink", "MadeLink", "Me")
    for name in (*documents, *rights, "LinkList"):
        assert schemas[name]["examples"]


def test_every_problem_is_documented() -> None:
    """docs/api.md lists the type of each problem that the service can answer."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    kinds = [kind for _, kind in problems.KINDS]
    kinds += [problems.INTERNAL, problems.INVALID, problems.UNACCEPTABLE, problems.CONDITION]
    for kind in kinds:
        assert f"`{kind.name}` | {kind.status} |" in page
