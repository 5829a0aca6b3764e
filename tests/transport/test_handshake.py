"""Handshakes that are answered in one step: as the library would, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request
from websockets.server import ServerProtocol

from collab.transport.handshake import LONGEST, plain_handshake

PLAIN = (
    b"GET /ws/a%2Fb?token=x HTTP/1.1\r\n"
    b"Host: 127.0.0.1:8000\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: http://localhost\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""For that key, by RFC 6455."""


def judged(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes] | None:
    """Path, headers and accept key as the library has them; None if it does not accept."""
    library = ServerProtocol()
    library.receive_data(data)
    events = library.events_received()
    if not events or not isinstance(request := events[0], Request):
        return None
    response = library.accept(request)
    if response.status_code != 101:
        return None
    headers = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in request.headers.raw_items()
    ]
    return request.path.encode(), headers, response.headers["Sec-WebSocket-Accept"].encode()


def test_a_plain_one_is_read_as_the_library_reads_it() -> None:
    handshake = plain_handshake(PLAIN)
    assert handshake is not None
    assert tuple(handshake) == judged(PLAIN)
    assert handshake.accept == ACCEPT


def test_its_answer_has_the_server_s_headers() -> None:
    handshake = plain_handshake(PLAIN)
    assert handshake is not None
    head, *lines = handshake.answer([(b"date", b"today")]).split(b"\r\n")
    assert head == b"HTTP/1.1 101 Switching Protocols"
    assert lines == [
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + ACCEPT,
        b"date: today",
        b"",
        b"",
    ]


def test_it_can_be_judged_after_all() -> None:
    handshake = plain_handshake(PLAIN)
    assert handshake is not None
    assert judged(handshake.request()) == judged(PLAIN)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b"GET", b"POST"),
        (b"GET /ws", b"GET http://x/ws"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Upgrade: websocket", b"Upgrade: h2c"),
        (b"Upgrade: websocket", b"Upgrade: websocket\r\nUpgrade: websocket"),
        (b"Connection: keep-alive, Upgrade", b"Connection: close"),
        (b"Version: 13", b"Version: 12"),
        (b"Sec-WebSocket-Version: 13\r\n", b""),
        (b"ZQ==", b"Z==="),
        (b"Key: d", b"Key: -"),
        (b"Origin: ", b"Content-Length: 3\r\nOrigin: "),
        (b"Origin: ", b"Transfer-Encoding: chunked\r\nOrigin: "),
        (b"Origin: ", b"Sec-WebSocket-Protocol: one\r\nOrigin: "),
        (b"Origin: ", b"Host: other\r\nOrigin: "),
        (b"Origin: ", b" folded\r\nOrigin: "),
        (b"Origin: ", b"No colon\r\nOrigin: "),
        (b"Origin: ", b"X: \x00\r\nOrigin: "),
        (b"Origin: ", b"X: a\nY: b\r\nOrigin: "),
        (b"Origin: ", b"X: " + b"x" * LONGEST + b"\r\nOrigin: "),
        (b"\r\n\r\n", b"\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n\x82\x80\0\0\0\0"),
        (b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    ],
)
def test_any_other_is_left_to_the_library(part: bytes, instead: bytes) -> None:
    assert part in PLAIN
    assert plain_handshake(PLAIN.replace(part, instead, 1)) is None


@given(
    at=st.integers(0, len(PLAIN) - 1),
    removed=st.integers(0, 3),
    put=st.sampled_from(
        [b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b"\x00", b"\xff", b"A"]
    ),
)
def test_what_is_taken_for_plain_the_library_accepts_just_so(
    at: int, removed: int, put: bytes
) -> None:
    data = PLAIN[:at] + put + PLAIN[at + removed :]
    handshake = plain_handshake(data)
    if handshake is not None:
        assert tuple(handshake) == judged(data)


def test_a_head_is_read_in_time_whatever_is_in_it() -> None:
    """No regular expression goes back and forth over it."""
    start = b"GET /ws/a HTTP/1.1\r\nX:"
    for piece in (b" ", b"\t ", b"a:", b"X: y\r\n"):
        data = start + piece * ((LONGEST - len(start)) // len(piece))
        assert plain_handshake(data) is None
