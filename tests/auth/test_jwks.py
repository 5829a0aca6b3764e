"""Key sets: from files and from a real server, cached, rotated, and away."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from collab.auth import jwks
from collab.auth.jwks import FileSource, KeySet, UrlSource, key_source
from collab.auth.keys import parse_key_set
from collab.errors import ConfigError, ProtocolError, Unavailable
from tests.auth.key_server import KeyServer
from tests.auth.signing import StillClock, ec, ed, key_set, rsa

OLD, NEW = ed("old"), ed("new")


@pytest.fixture
def server() -> Iterator[KeyServer]:
    running = KeyServer(key_set(OLD))
    yield running
    running.close()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


async def opened(server: KeyServer, clock: StillClock) -> KeySet:
    keys = KeySet(UrlSource(server.url), clock, seconds=300)
    await keys.start()
    return keys


async def names(keys: KeySet, kid: str | None) -> list[str | None]:
    return [key.kid for key in await keys.find(kid, "EdDSA")]


async def test_keys_are_read_once_in_a_while(server: KeyServer, clock: StillClock) -> None:
    """[ID10] keys are kept for the seconds of the settings."""
    keys = await opened(server, clock)
    for _ in range(3):
        assert await names(keys, "old") == ["old"]
    assert server.requests == 1
    server.answer = server.body(key_set(NEW))
    clock.now = 299
    assert await names(keys, "old") == ["old"]
    clock.now = 300
    assert await names(keys, "old") == []
    assert await names(keys, "new") == ["new"]
    await keys.aclose()


async def test_a_rotated_key_is_found_at_once(server: KeyServer, clock: StillClock) -> None:
    """[ID10] a token with an unknown kid has the set read again before it is refused."""
    keys = await opened(server, clock)
    clock.now = 10
    server.answer = server.body(key_set(OLD, NEW))
    assert await names(keys, "new") == ["new"]
    assert await names(keys, "old") == ["old"]
    assert server.requests == 2
    assert clock.slept == []
    await keys.aclose()


async def test_unknown_keys_do_not_hammer_the_source(server: KeyServer, clock: StillClock) -> None:
    """[ID10] attempts are seconds apart and never overlap, whoever asks for what."""
    keys = await opened(server, clock)
    clock.now = 10
    found = await asyncio.gather(*(names(keys, f"forged-{n}") for n in range(50)))
    assert found == [[]] * 50
    # One for the first, and one for all who came during that.
    assert server.requests == 3
    assert clock.slept == [jwks.PAUSE_SECONDS]
    # Then a rotation, right away: it waits for the pause, and is found.
    server.answer = server.body(key_set(OLD, NEW))
    assert await names(keys, "new") == ["new"]
    assert clock.slept == [jwks.PAUSE_SECONDS] * 2
    assert server.requests == 4
    await keys.aclose()


async def test_who_asks_during_an_attempt_gets_the_next(clock: StillClock) -> None:
    """[ID10] what was published while an attempt was under way is not missed."""

    class Slow:
        def __init__(self) -> None:
            self.go = asyncio.Event()
            self.reading = asyncio.Event()
            self.answers = [key_set(OLD), key_set(OLD), key_set(OLD, NEW)]

        async def read(self) -> bytes:
            data = self.answers.pop(0)
            if len(self.answers) == 1:
                self.reading.set()
                await self.go.wait()
            return data

        async def aclose(self) -> None:
            pass

    source = Slow()
    keys = KeySet(source, clock, 300)
    await keys.start()
    clock.now = 10
    forged = asyncio.create_task(names(keys, "forged"))
    await source.reading.wait()
    clock.now = 11
    late = asyncio.create_task(names(keys, "new"))
    await asyncio.sleep(0)
    source.go.set()
    assert await forged == []
    assert await late == ["new"]


async def test_keys_go_on_while_the_source_is_away(
    server: KeyServer, clock: StillClock, caplog: pytest.LogCaptureFixture
) -> None:
    """[ID11] keys that cannot be read again are used for a day, with a warning, and no more."""
    keys = await opened(server, clock)
    server.answer = server.body(b"oops", status=500)
    clock.now = 400
    with caplog.at_level(logging.WARNING):
        assert await names(keys, "old") == ["old"]
    assert "the key set cannot be read" in caplog.text
    # Not again for each token.
    asked = server.requests
    assert await names(keys, "old") == ["old"]
    assert server.requests == asked
    clock.now = jwks.STALE_SECONDS - 1
    assert await names(keys, "old") == ["old"]
    clock.now += 1
    with pytest.raises(Unavailable):
        await names(keys, "old")
    server.answer = server.body(key_set(OLD))
    clock.now += 60
    assert await names(keys, "old") == ["old"]
    await keys.aclose()


def redirect(request: BaseHTTPRequestHandler) -> None:
    request.send_response(302)
    request.send_header("Location", "/keys")
    request.send_header("Content-Length", "0")
    request.end_headers()


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(1000):
            request.wfile.write(b" " * 65536)
    except OSError:
        pass


def cut_off(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "500")
    request.end_headers()
    request.wfile.write(b"{")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (redirect, "status 302"),
        (endless, "more than"),
        (cut_off, "."),
        (KeyServer.body(b"{}", 404), "status 404"),
        (KeyServer.body(b"x", Content_Encoding="gzip"), "compressed"),
        (KeyServer.body(b"not json"), "not strict JSON"),
        (KeyServer.body(b'{"keys": []}'), "no key"),
    ],
)
async def test_what_is_no_key_set_keeps_the_service_from_starting(
    server: KeyServer, clock: StillClock, answer: Any, reason: str
) -> None:
    """[ID11] redirects, other statuses, endless and broken answers are refused in one line."""
    server.answer = answer
    keys = KeySet(UrlSource(server.url), clock, 300)
    with pytest.raises(ConfigError, match=f"^COLLAB_JWKS cannot be read: .*{reason}") as caught:
        await keys.start()
    assert "\n" not in str(caught.value)
    await keys.aclose()


async def test_a_source_that_does_not_answer_is_left(
    server: KeyServer, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[ID11] one attempt has a deadline, however the answer trickles."""
    monkeypatch.setattr(jwks, "READ_SECONDS", 0.05)
    done = threading.Event()

    def wait(_request: BaseHTTPRequestHandler) -> None:
        done.wait(20)

    server.answer = wait
    keys = KeySet(UrlSource(server.url), clock, 300)
    with pytest.raises(ConfigError, match=r"in time|Timeout"):
        await keys.start()
    done.set()
    await keys.aclose()


async def test_a_file_is_read_again(tmp_path: Path, clock: StillClock) -> None:
    """[ID10] a key set in a file rotates by being replaced."""
    path = tmp_path / "keys.json"
    path.write_bytes(key_set(OLD))
    keys = KeySet(key_source(str(path)), clock, 300)
    await keys.start()
    assert await names(keys, "old") == ["old"]
    path.write_bytes(key_set(NEW))
    assert await names(keys, "new") == ["new"]
    path.write_bytes(b" " * (jwks.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="more than"):
        await KeySet(FileSource(path), clock, 300).start()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        await KeySet(key_source(str(tmp_path / "none")), clock, 300).start()


@pytest.mark.parametrize(
    "place",
    ["http://keys.example/", "ftp://127.0.0.1/x", "https://", "http://127.0.0.1.evil.example/",
     "file:///etc/passwd", "http://[::1", "http://10.0.0.1/keys", "https://a:b/"],
)  # fmt: skip
def test_only_tls_and_loopback_are_places_of_keys(place: str) -> None:
    """[ID11] whoever could change an answer on the way could sign tokens."""
    with pytest.raises(ConfigError, match="COLLAB_JWKS must be a file or an https URL"):
        key_source(place)


def test_only_keys_for_our_algorithms_are_taken() -> None:
    """[ID2] other kinds, sizes, curves and uses are passed over, whatever they claim."""
    good = ec("good")
    others: list[dict[str, Any]] = [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "mac"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "alg": "RS256"},
        ec("p384", "P-384").as_dict(private=False),
        {**ec().as_dict(private=False), "use": "enc"},
        {**ec().as_dict(private=False), "key_ops": ["encrypt"]},
        {**ec().as_dict(private=False), "key_ops": "verify"},
        {**ec().as_dict(private=False), "alg": "HS256"},
        {**ec().as_dict(private=False), "alg": 5},
        {**ec().as_dict(private=False), "x": "AA"},
        {**ec().as_dict(private=False), "x": 7},
        {**ec().as_dict(private=False), "kid": "x" * 300},
        {**ec().as_dict(private=False), "kid": 7},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": ["EC"]},
        {},
    ]
    entries: list[object] = [*others, good.as_dict(private=False), None, "key", 5, []]
    (found,) = parse_key_set(json.dumps({"keys": entries}).encode())
    assert found.kid == "good"
    assert found.algorithms == {"ES256"}


@pytest.mark.filterwarnings("ignore:Key size")
def test_weak_rsa_keys_are_passed_over() -> None:
    """[ID2] under 2048 bits is too little."""
    with pytest.raises(ProtocolError, match="no key"):
        parse_key_set(key_set(rsa("weak", 1024)))


def test_a_private_key_is_used_as_public_only(caplog: pytest.LogCaptureFixture) -> None:
    """[ID2] what should not be there is not kept, and said."""
    (found,) = parse_key_set(json.dumps({"keys": [OLD.as_dict(private=True)]}).encode())
    assert not found.key.is_private
    assert "private key" in caplog.text


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b'{"keys": [], "keys": []}', b"null", b"[" * 999],
)
def test_what_is_no_key_set_is_refused(data: bytes) -> None:
    """[ID11] strict JSON with a list of keys, or nothing."""
    with pytest.raises(ProtocolError):
        parse_key_set(data)
    many = json.dumps({"keys": [OLD.as_dict(private=False)] * 101}).encode()
    with pytest.raises(ProtocolError, match="at most 100"):
        parse_key_set(many)
