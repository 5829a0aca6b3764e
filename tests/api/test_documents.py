"""The catalog over REST."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from tests.api.writing import note, written
from tests.support.asgi import AsgiSocket

URL = "/api/documents"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def made(client: httpx.AsyncClient, **body: str) -> dict[str, str]:
    response = await client.post(URL, json=body)
    assert response.status_code == 201, response.text
    document: dict[str, str] = response.json()
    return document


async def test_a_new_document_has_a_short_unguessable_id(client: httpx.AsyncClient) -> None:
    """[HT1] POST answers 201 with the document and its Location."""
    response = await client.post(URL, json={"title": " Plan  for\nMay ", "kind": "text"})
    body = response.json()
    assert set(body) == {"id", "title", "kind", "sequence", "created", "updated", "role"}
    assert (body["title"], body["kind"], body["sequence"]) == ("Plan for May", "text", 0)
    assert response.headers["Location"] == f"{URL}/{body['id']}"
    assert re.fullmatch(r"[A-Za-z0-9]{12,24}", body["id"])
    assert MOMENT.fullmatch(body["created"])
    assert MOMENT.fullmatch(body["updated"])
    assert (await client.get(response.headers["Location"])).json() == body
    assert (await made(client))["id"] != body["id"]


async def test_a_document_needs_nothing_said(client: httpx.AsyncClient) -> None:
    body = await made(client)
    assert (body["title"], body["kind"]) == ("", "note")


async def test_the_list_is_paged_without_a_gap_or_a_repeat(client: httpx.AsyncClient) -> None:
    """[HT2] newest edit first; `next` leads through all of them."""
    ids = [(await made(client, title=f"Note {number}"))["id"] for number in range(7)]
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        page = (await client.get(URL, params=query)).json()
        assert len(page["documents"]) <= 3
        found += [document["id"] for document in page["documents"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == sorted(ids)
    moments = [d["updated"] for d in (await client.get(URL)).json()["documents"]]
    assert moments == sorted(moments, reverse=True)


async def test_the_list_is_searched_by_title(client: httpx.AsyncClient) -> None:
    await made(client, title="Groceries")
    await made(client, title="100% sure")
    found = (await client.get(URL, params={"query": "GROC"})).json()
    assert [document["title"] for document in found["documents"]] == ["Groceries"]
    found = (await client.get(URL, params={"query": "0%"})).json()
    assert [document["title"] for document in found["documents"]] == ["100% sure"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"query": "q" * 201}, "query"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: httpx.AsyncClient, query: dict[str, str], parameter: str
) -> None:
    """[HT3] 422 says which parameter is wrong."""
    response = await client.get(URL, params=query)
    assert response.status_code == 422
    assert [fault["parameter"] for fault in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "a\u0000b"}, "#/title"),
        ({"title": "a\u001bb"}, "#/title"),
        ({"title": "a\u202eb"}, "#/title"),
        ({"title": "t" * 201}, "#/title"),
        ({"title": 3}, "#/title"),
        ({"kind": "sheet"}, "#/kind"),
        ({"titel": "typo"}, "#/titel"),
        ([], "#"),
    ],
)
async def test_a_wrong_body_is_pointed_at(
    client: httpx.AsyncClient, body: object, pointer: str
) -> None:
    """[HT3] 422 points into the body, and does not repeat it."""
    response = await client.post(URL, json=body)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]
    assert "t" * 50 not in response.text


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"title": "\\ud800"}', b"NaN"])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post(URL, content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_title_is_changed_without_touching_the_content(
    client: httpx.AsyncClient,
) -> None:
    """[HT4] PATCH sets the title; neither sequence nor `updated` moves."""
    body = await made(client, title="Old")
    response = await client.patch(f"{URL}/{body['id']}", json={"title": "New"})
    assert response.json() == {**body, "title": "New"}
    assert (await client.get(f"{URL}/{body['id']}")).json()["title"] == "New"


async def test_a_title_can_depend_on_the_content_seen(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    """[HT5] If-Match with an old ETag is 412, and nothing is changed."""
    url = f"{URL}/{(await made(client, title='Old'))['id']}"
    seen = {"If-Match": (await client.get(url)).headers["ETag"]}
    assert (await client.patch(url, json={"title": "A"}, headers=seen)).status_code == 200
    await written(app, url.rpartition("/")[2], note("an edit"))
    assert (await client.patch(url, json={"title": "B"}, headers=seen)).status_code == 412
    assert (await client.get(url)).json()["title"] == "A"
    now = {"If-Match": (await client.get(url)).headers["ETag"]}
    assert (await client.patch(url, json={"title": "C"}, headers=now)).status_code == 200


async def test_a_document_is_sent_anew_each_time(client: httpx.AsyncClient) -> None:
    """[HT6] its ETag is the sequence, which a title does not move: so it is never 304."""
    url = f"{URL}/{(await made(client, title='Old'))['id']}"
    first = await client.get(url)
    assert first.headers["ETag"] == f'"{first.json()["sequence"]}"'
    assert first.headers["Cache-Control"] == "no-store"
    await client.patch(url, json={"title": "New"})
    again = await client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.json()["title"] == "New"


async def test_a_deleted_document_is_gone_for_good(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[HT7] DELETE closes live peers; afterwards everything is 404."""
    url = f"{URL}/{(await made(client))['id']}"
    document = url.rpartition("/")[2]
    async with AsgiSocket(app, f"/ws/{document}") as peer:
        assert (await client.delete(url)).status_code == 204
        assert (await peer.closed())[0] == 4404
    answers = [
        await client.get(url),
        await client.get(f"{url}/content"),
        await client.patch(url, json={"title": "x"}),
        await client.delete(url),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["type"] for answer in answers} == {"urn:collab:problem:not-found"}
    assert document not in [d["id"] for d in (await client.get(URL)).json()["documents"]]


async def test_an_id_with_slashes_is_one_segment(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[HT8] ids are percent-encoded in REST paths and decoded once, `/content` included."""
    for document in ("team/plan", "team/content", "content"):
        async with AsgiSocket(app, f"/ws/{document}"):
            pass
        encoded = document.replace("/", "%2F")
        assert (await client.get(f"{URL}/{encoded}")).json()["id"] == document
        assert (await client.get(f"{URL}/{encoded}/content")).status_code == 200
    assert (await client.get(f"{URL}/team/plan")).status_code == 404


@pytest.mark.parametrize(
    "path", ["a%252Fb", "..%2Fb", "%2Fa", "a%2F%2Fb", "a%00", "%ff", "a%20b", "a" * 256]
)
async def test_another_spelling_is_no_id(client: httpx.AsyncClient, path: str) -> None:
    """[HT8] what is not an id after one decoding is 400, never another document."""
    for url in (f"{URL}/{path}", f"{URL}/{path}/content"):
        response = await client.get(url)
        assert response.status_code == 400
        assert response.json()["type"] == "urn:collab:problem:invalid-document-id"
