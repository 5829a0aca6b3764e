"""The Hocuspocus wire: frames, addresses, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.hocuspocus import (
    MAX_ADDRESS,
    MAX_REASON,
    MAX_STATELESS,
    MAX_TOKEN,
    MAX_VERSION,
    Address,
    Authenticated,
    Close,
    Control,
    PermissionDenied,
    Scope,
    Token,
    TokenRequest,
    decode,
    decode_message,
    encode,
    encode_control,
    prefix_of,
    read_address,
    split,
)
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.just(SyncStep1(b"\x00")),
    st.binary(max_size=50).map(SyncStep2),
    st.binary(max_size=50).map(Update),
    st.just(AwarenessUpdate(())),
    st.just(AwarenessUpdate((AwarenessEntry(7, 1, '{"a":1}'), AwarenessEntry(8, 2, None)))),
    st.just(QueryAwareness()),
    st.booleans().map(Receipt),
    st.text(max_size=50).map(Stateless),
)
CONTROLS: st.SearchStrategy[Control] = st.one_of(
    st.builds(Token, st.text(max_size=50), st.none() | st.text(max_size=10)),
    st.just(TokenRequest()),
    st.sampled_from(Scope).map(Authenticated),
    st.text(max_size=50).map(PermissionDenied),
    st.builds(Close, st.none() | st.text(max_size=20)),
)
ADDRESSES = st.text(max_size=100)

# What providers 2.15, 3.4 and 4.8 were seen to send and to read.
KNOWN: list[tuple[str, Message | Control, str]] = [
    ("step 1", SyncStep1(b"\x00"), "00 00 01 00"),
    ("step 2", SyncStep2(b"\x00\x00"), "00 01 02 00 00"),
    ("update", Update(b"\x00\x00"), "00 02 02 00 00"),
    ("nobody", AwarenessUpdate(()), "01 01 00"),
    ("query", QueryAwareness(), "03"),
    ("token", Token("ab"), "02 00 02 61 62"),
    ("token of 4", Token("ab", "4.8.0"), "02 00 02 61 62 05 34 2e 38 2e 30"),
    ("empty token", Token(""), "02 00 00"),
    ("token request", TokenRequest(), "02 00"),
    ("denied", PermissionDenied("no"), "02 01 02 6e 6f"),
    ("read-write", Authenticated(Scope.READ_WRITE), "02 02 0a 72 65 61 64 2d 77 72 69 74 65"),
    ("readonly", Authenticated(Scope.READ_ONLY), "02 02 08 72 65 61 64 6f 6e 6c 79"),
    ("stateless", Stateless("hi"), "05 02 68 69"),
    ("close of a client", Close(), "07"),
    ("close of the server", Close("bye"), "07 03 62 79 65"),
    ("saved", Receipt(True), "08 01"),
    ("refused", Receipt(False), "08 00"),
]


def body_of(message: Message | Control) -> bytes:
    if isinstance(message, Token | TokenRequest | Authenticated | PermissionDenied | Close):
        return encode_control(message)
    return encode(message)


@pytest.mark.parametrize(("message", "body"), [k[1:] for k in KNOWN], ids=[k[0] for k in KNOWN])
def test_known_bodies(message: Message | Control, body: str) -> None:
    """[HP1] types and payloads are those of the providers."""
    assert body_of(message).hex(" ") == body
    assert decode(bytes.fromhex(body)) == message


@given(MESSAGES | CONTROLS, ADDRESSES)
def test_frames_come_back(message: Message | Control, address: str) -> None:
    """[HP1] [HP2] a frame is an address and one message, and is read as it was written."""
    prefix, body = split(prefix_of(address) + body_of(message))
    assert prefix == prefix_of(address)
    assert decode(body) == message


@given(MESSAGES | CONTROLS, st.binary(min_size=1, max_size=5))
def test_bytes_after_a_message(message: Message | Control, tail: bytes) -> None:
    """[HP1] a frame holds one message; but a token may have a version behind it, and a close
    or a request for a token turn into what they are with a payload."""
    body = body_of(message) + tail
    if isinstance(message, TokenRequest) or message in (Close(), Token("")):
        return
    if isinstance(message, Token) and message.version is None:
        return
    with pytest.raises(ProtocolError):
        decode(body)


@given(st.binary(max_size=60))
def test_any_bytes(frame: bytes) -> None:
    """[HP3] any bytes are a frame of one message, or a ProtocolError."""
    try:
        prefix, body = split(frame)
        address = read_address(prefix)
        message = decode(body)
    except ProtocolError:
        return
    assert address.prefix + body == frame
    assert decode(body_of(message)) == message


@given(st.binary(max_size=12), st.sampled_from([2, 4, 5, 6, 7, 8, 9, 10]))
def test_any_payload(payload: bytes, kind: int) -> None:
    """[HP3] whatever follows a type."""
    try:
        message = decode(bytes((kind,)) + payload)
    except ProtocolError:
        return
    assert decode(body_of(message)) == message


@pytest.mark.parametrize(
    "body", ["04 00 01 00", "06 02 68 69", "09", "0a", "66 01 00", "0b", "82 00 00 00", "02 03"]
)
def test_unknown_types(body: str) -> None:
    """[HP4] what servers say among themselves, and what nobody says, is refused."""
    with pytest.raises(ProtocolError):
        decode(bytes.fromhex(body))


@pytest.mark.parametrize("body", ["08 02", "08 40", "02 02 01 78", "05 01 ff", "02 00 01 ff"])
def test_malformed_payloads(body: str) -> None:
    """[HP4] a status that is neither, a scope that is none, a text that is not UTF-8."""
    with pytest.raises(ProtocolError):
        decode(bytes.fromhex(body))


@given(CONTROLS)
def test_an_open_document_has_no_controls(control: Control) -> None:
    """[HP4] a session is given what is about its document."""
    with pytest.raises(ProtocolError, match="not about the document"):
        decode_message(encode_control(control))


@given(MESSAGES)
def test_an_open_document_has_all_messages(message: Message) -> None:
    assert decode_message(encode(message)) == message


@pytest.mark.parametrize("message", [Denied("no"), SyncStatus(b"x")])
def test_what_the_wire_cannot_say(message: Message) -> None:
    """[HP1] refusals are statuses here."""
    with pytest.raises(ValueError, match="this wire has no"):
        encode(message)


def test_addresses_name_a_document_and_perhaps_a_session() -> None:
    """[HP2] a session stands behind the first NUL; replies begin with the bytes received."""
    plain = prefix_of("notes/a")
    assert read_address(plain) == Address(plain, "notes/a", None)
    aware = prefix_of("notes/a\0x7\0y")
    assert read_address(aware) == Address(aware, "notes/a", "x7\0y")
    assert read_address(prefix_of("a\0")) == Address(prefix_of("a\0"), "a", "")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x01a",
        b"\x09",
        b"\x0a",
        b"\x02a\x07",
        b"\x81\x00a\x07",
        b"\x81\x80\x00a\x07",
    ],
)
def test_frames_without_an_address_or_a_type(frame: bytes) -> None:
    """[HP2] an address has one spelling and something behind it."""
    with pytest.raises(ProtocolError):
        split(frame)


def test_an_address_is_text() -> None:
    prefix, _ = split(b"\x01\xff\x07")
    with pytest.raises(ProtocolError):
        read_address(prefix)


def test_limits() -> None:
    """[HP5] addresses, tokens, versions, reasons and texts are limited."""
    assert split(prefix_of("x" * MAX_ADDRESS) + b"\x07") == (prefix_of("x" * MAX_ADDRESS), b"\x07")
    with pytest.raises(LimitExceeded):
        split(prefix_of("x" * (MAX_ADDRESS + 1)) + b"\x07")
    with pytest.raises(LimitExceeded):
        split(b"\xff\xff\xff\xff\x0f\x07")
    over: list[Message | Control] = [
        Token("x" * (MAX_TOKEN + 1)),
        Token("", "x" * (MAX_VERSION + 1)),
        PermissionDenied("x" * (MAX_REASON + 1)),
        Close("x" * (MAX_REASON + 1)),
        Stateless("x" * (MAX_STATELESS + 1)),
    ]
    for message in over:
        with pytest.raises(LimitExceeded):
            decode(body_of(message))
    assert decode(body_of(Token("x" * MAX_TOKEN))) == Token("x" * MAX_TOKEN)
    assert decode(encode(Stateless("x" * MAX_STATELESS))) == Stateless("x" * MAX_STATELESS)
