"""y-sweet's REST calls in token mode: who may ask, and what the tokens handed out are good for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from collab.access import Credentials, Role
from collab.app import Service, create_app
from collab.auth.tokens import TokenIssuer
from collab.errors import AccessDenied
from collab.settings import load_settings
from tests.support.edits import Author

HOST = "http://127.0.0.1:8000"
SECRET = "a secret of at least thirty-two bytes, for tests"


class House:
    """A service in token mode, and the ways to call it."""

    def __init__(self, service: Service, client: httpx.AsyncClient) -> None:
        self.service = service
        self._client = client
        assert service.issuer is not None
        self.issuer: TokenIssuer = service.issuer

    def token(
        self, user: str, rights: Mapping[str, Role] | None = None, create: bool = False
    ) -> str:
        return self.issuer.issue(user, user.title(), rights or {}, 600, may_create=create)

    @property
    def product(self) -> str:
        return self.token("product", {"*": Role.OWNER}, create=True)

    async def call(
        self, token: str | None, method: str, path: str, body: object = None
    ) -> httpx.Response:
        """`body` is sent as it is if it is bytes, else as JSON."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if isinstance(body, bytes):
            return await self._client.request(method, path, headers=headers, content=body)
        return await self._client.request(method, path, headers=headers, json=body)

    async def auth(self, token: str, document: str = "doc", **body: object) -> httpx.Response:
        return await self.call(token, "POST", f"/doc/{document}/auth", body)

    async def handed(self, token: str, **body: object) -> str:
        response = await self.auth(token, "doc", **body)
        assert response.status_code == 200, response.text
        return str(response.json()["token"])

    async def role(self, token: str, document: str) -> Role | None:
        """What the bearer may do in a document, as the authorizer says."""
        gate = self.service.authorizer
        identity = await gate.identify(Credentials(token, None, "127.0.0.1:8000", ""))
        try:
            return (await gate.access(identity, document)).role
        except AccessDenied:
            return None


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = load_settings(
        data_dir=tmp_path / "data",
        document_workers=1,
        auth="token",
        jwt_secret=SECRET,
        jwt_issuer="the-product",
    )
    service = Service(settings)
    app = create_app(settings, service)
    async with app.router.lifespan_context(app), client_of(app) as client:
        house = House(service, client)
        await house.call(house.product, "POST", "/doc/new", {"docId": "doc"})
        yield house


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HOST)


async def test_nothing_is_done_without_a_token(house: House) -> None:
    """[YS8] 401 for who has none, 403 for who has no rights there."""
    stranger = house.token("stranger", {"other": Role.OWNER})
    update = Author(7).write("x")
    requests: tuple[tuple[str, str, object], ...] = (
        ("POST", "/doc/doc/auth", {}),
        ("GET", "/d/doc/as-update", b""),
        ("POST", "/d/doc/update", update),
        ("POST", "/doc/new", {"docId": "doc"}),
    )
    for method, path, body in requests:
        assert (await house.call(None, method, path, body)).status_code == 401, path
        refused = await house.call(stranger, method, path, body)
        assert refused.status_code == 403, path
    for method in ("GET", "POST"):
        assert (await house.call(None, method, "/check_store")).status_code == 401
    assert (await house.call(None, "GET", "/ready")).status_code == 200
    assert (await house.call(None, "GET", "/d/doc/as-update?token=x")).status_code == 401
    assert (await house.service.catalog.find("doc")).sequence == 0


async def test_a_token_is_for_one_document_and_one_role(house: House) -> None:
    """[YS9] full is an editor, read-only a viewer, and neither is anything elsewhere."""
    await house.call(house.product, "POST", "/doc/new", {"docId": "doc/2"})
    full = await house.handed(house.product, userId="ann")
    reader = await house.handed(house.product, userId="ann", authorization="read-only")
    assert [await house.role(full, name) for name in ("doc", "doc/2")] == [Role.EDITOR, None]
    assert [await house.role(reader, name) for name in ("doc", "doc/2")] == [Role.VIEWER, None]
    update = Author(7).write("x")
    assert (await house.call(reader, "POST", "/d/doc/update", update)).status_code == 403
    assert (await house.call(full, "POST", "/d/doc/update", update)).status_code == 200
    assert (await house.call(None, "GET", f"/d/doc/as-update?token={reader}")).status_code == 200
    assert (await house.call(full, "POST", "/doc/new", {})).status_code == 403
    assert (await house.call(full, "POST", "/doc/new", {"docId": "x"})).status_code == 403


async def test_a_token_holds_nothing_else_of_its_user(house: House) -> None:
    """[YS9] what the user owns or was granted does not count beside it."""
    ann = house.token("ann", create=True)
    own = (await house.call(ann, "POST", "/doc/new", {})).json()["docId"]
    await house.service.grants.put("doc", "ann", Role.OWNER, "product")
    assert await house.role(ann, "doc") is await house.role(ann, own) is Role.OWNER
    reader = await house.handed(house.product, userId="ann", authorization="read-only")
    assert await house.role(reader, "doc") is Role.VIEWER
    assert await house.role(reader, own) is None
    listed = (await house.call(reader, "GET", "/api/documents")).json()["documents"]
    assert [document["id"] for document in listed] == ["doc"]


async def test_nobody_hands_out_more_than_they_have(house: House) -> None:
    """[YS9] not a higher role, not what others can take back, not for longer."""
    reader = house.token("reader", {"doc": Role.VIEWER})
    assert (await house.auth(reader)).status_code == 403
    assert (await house.auth(reader, authorization="read-only")).status_code == 200
    granted = house.token("granted")
    await house.service.grants.put("doc", "granted", Role.EDITOR, "product")
    assert await house.role(granted, "doc") is Role.EDITOR
    for authorization in ("full", "read-only"):
        assert (await house.auth(granted, authorization=authorization)).status_code == 403


async def test_no_token_outlives_the_one_that_asked(house: House) -> None:
    """[YS9] however often tokens are asked for with tokens that were handed out."""

    async def end_of(token: str) -> float:
        credentials = Credentials(token, None, "127.0.0.1:8000", "")
        expires = (await house.service.authorizer.identify(credentials)).expires
        assert expires is not None
        return expires

    token = house.token("ann", {"doc": Role.EDITOR})
    end = await end_of(token)
    for _ in range(3):
        token = await house.handed(token, validForSeconds=86400)
        assert await end_of(token) <= end
    short = await house.handed(token, validForSeconds=60)
    assert await end_of(short) <= end - 500
    over = house.issuer.issue("ann", "", {"doc": Role.EDITOR}, 0)  # taken for its leeway
    assert (await house.auth(over)).status_code == 401


async def test_an_owner_hands_out_what_is_theirs(house: House) -> None:
    """[YS9] who created a document needs no claim for it."""
    ann = house.token("ann", create=True)
    own = (await house.call(ann, "POST", "/doc/new", {})).json()["docId"]
    response = await house.auth(ann, own, authorization="full")
    token = response.json()["token"]
    assert await house.role(token, own) is Role.EDITOR
    # What was handed out hands out no more than itself.
    again = (await house.auth(token, own, authorization="full")).json()["token"]
    assert await house.role(again, own) is Role.EDITOR
    assert (await house.auth(token, "doc", authorization="read-only")).status_code == 403


async def test_only_the_product_names_its_users(house: House) -> None:
    """[YS9] others get tokens in their own name; a user without an id is a guest."""

    async def user_of(token: str) -> str:
        credentials = Credentials(token, None, "127.0.0.1:8000", "")
        return (await house.service.authorizer.identify(credentials)).user

    assert await user_of(await house.handed(house.product, userId="ann")) == "ann"
    guests = {await user_of(await house.handed(house.product)) for _ in range(3)}
    assert len(guests) == 3
    assert all(guest.startswith("guest-") for guest in guests)
    ann = house.token("ann", {"doc": Role.OWNER})
    assert await user_of(await house.handed(ann)) == "ann"
    assert await user_of(await house.handed(ann, userId="ann")) == "ann"
    assert (await house.auth(ann, userId="bob")).status_code == 403


async def test_an_id_of_ones_choice_needs_rights_in_it(house: House) -> None:
    """[YS1] nobody takes the id of what others may create later."""
    team = house.token("team", {"team/*": Role.EDITOR}, create=True)
    for document, status in (("team/plan", 200), ("hr/salaries", 403), ("doc", 403)):
        response = await house.call(team, "POST", "/doc/new", {"docId": document})
        assert response.status_code == status, document
    writer = house.token("writer", {"team/*": Role.EDITOR})
    response = await house.call(writer, "POST", "/doc/new", {"docId": "team/other"})
    assert response.status_code == 403
    assert (await house.call(writer, "POST", "/doc/new")).status_code == 403


async def test_tokens_need_a_secret(house: House, tmp_path: Path) -> None:
    """[YS9] 501, with the setting to set; the product can sign its own."""
    keys = tmp_path / "keys.json"
    keys.write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", '
        '"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
    )
    settings = load_settings(
        data_dir=tmp_path / "other",
        document_workers=1,
        auth="token",
        jwks=str(keys),
        jwt_issuer="p",
    )
    service = Service(settings)
    service.authorizer = house.service.authorizer  # who speaks for the product
    app = create_app(settings, service)
    async with app.router.lifespan_context(app), client_of(app) as client:
        headers = {"Authorization": f"Bearer {house.product}"}
        await client.post("/doc/new", json={"docId": "doc"}, headers=headers)
        response = await client.post("/doc/doc/auth", json={}, headers=headers)
    assert response.status_code == 501
    assert response.json()["type"] == "urn:collab:problem:not-configured"
    assert "COLLAB_JWT_SECRET" in response.json()["detail"]
