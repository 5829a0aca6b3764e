"""Typing is told by its first bytes, and joined, as reading and merging would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from collab.crdt.updates import merge, state_of
from collab.protocol.keystrokes import (
    LONGEST,
    Typist,
    joined,
    joined_size,
    length_of,
)
from collab.protocol.update import validate_update
from tests.support.edits import text_of

TEXTS = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("aé😀"),
        min_size=1,
        max_size=6,
    ),
    min_size=2,
    max_size=12,
)
CLIENTS = st.sampled_from([0, 1, 127, 128, 4_000_000_000, 2**53 - 1])
BEFORE = st.sampled_from([0, 1, 120, 127, 128, 16_380, 16_384])


class Writer:
    """Types at one place of a text, in front of what another wrote or of nothing."""

    def __init__(self, client: int, before: int, after: str) -> None:
        self.doc: Doc[Text] = Doc(client_id=client)
        self.text = self.doc.get("text", type=Text)
        if after:
            other: Doc[Text] = Doc(client_id=5)
            other["text"] = Text(after)
            self.doc.apply_update(other.get_update())
        self.known = self.doc.get_update()
        self._at = 0
        self.first = self.type("x" * before) if before else b""

    def type(self, text: str) -> bytes:
        held = self.doc.get_state()
        self.text.insert(self._at, text)
        self._at += len(text.encode())
        return self.doc.get_update(held)


@given(CLIENTS, BEFORE, st.sampled_from(["", "after"]), TEXTS)
def test_typing_is_told_and_joined(client: int, before: int, after: str, texts: list[str]) -> None:
    """[UP33] what goes on is what reading finds, and one update says the same as all."""
    writer = Writer(client, before, after)
    updates = [writer.type(text) for text in texts]
    typist = Typist.after(updates[0], validate_update(updates[0]))
    assert typist is not None
    head, found, clock = typist.head, [], typist.clock
    for update in updates[1:]:
        text = typist.text_of(update)
        assert text is not None
        facts = validate_update(update)
        length = length_of(text)
        assert facts.structs == {client: ((typist.clock, typist.clock + length),)}
        assert (facts.struct_count, facts.deletes) == (1, {})
        assert set(facts.needs) <= {5}
        found.append(text)
        typist.move(length)
    size = sum(map(len, found))
    together = joined(head, found, size)
    assert len(together) == len(head) + joined_size(size)
    assert validate_update(together).structs == {client: ((clock, typist.clock),)}
    apart = [writer.known, writer.first, *updates] if before else [writer.known, *updates]
    whole = [*apart[: -len(found)], together]
    assert text_of(*whole) == text_of(*apart) == str(writer.text)
    assert state_of(merge(whole)) == state_of(merge(apart))


@given(TEXTS, st.integers(0, 12), st.booleans())
def test_what_is_joined_takes_what_others_put_between(
    texts: list[str], place: int, first: bool
) -> None:
    """[UP33] an edit between two keystrokes ends up where it would among the single ones."""
    writer = Writer(7, 0, "")
    updates = [writer.type(text) for text in texts]
    other: Doc[Text] = Doc(client_id=3)
    text = other.get("text", type=Text)
    other.apply_update(merge(updates[: place + 1]))
    held = other.get_state()
    text += "!"
    between = other.get_update(held)
    typist = Typist.after(updates[0], validate_update(updates[0]))
    assert typist is not None
    head, found = typist.head, []
    for update in updates[1:]:
        came = typist.text_of(update)
        assert came is not None
        found.append(came)
        typist.move(length_of(came))
    whole = [updates[0], joined(head, found, sum(map(len, found)))]
    apart = [*updates, between]
    assert text_of(*([between, *whole] if first else [*whole, between])) == text_of(*apart)
    one_by_one: Doc[Text] = Doc(client_id=9)
    for update in apart:
        one_by_one.apply_update(update)
    assert str(one_by_one.get("text", type=Text)) == text_of(*whole, between)


@given(st.binary(max_size=200), st.integers(0, 40), st.integers(0, 255))
def test_nothing_else_is_taken_for_typing(tail: bytes, place: int, byte: int) -> None:
    """[UP33] whatever goes on in place of a keystroke is one, or is left to be read."""
    writer = Writer(300, 130, "")
    typist = Typist.after(writer.first, validate_update(writer.first))
    assert typist is not None
    keystroke = bytearray(writer.type("y"))
    if place < len(keystroke):
        keystroke[place] = byte
    for update in (bytes(keystroke), typist.head + tail, typist.head + bytes([len(tail)]) + tail):
        text = typist.text_of(update)
        if text is not None and (length := length_of(text)):
            facts = validate_update(update)
            assert facts.structs == {300: ((130, 130 + length),)}
            assert (facts.struct_count, facts.deletes, facts.needs) == (1, {}, {})


def test_what_begins_no_typing() -> None:
    """[UP33] deletes, other content, several structs and other spellings do not."""
    writer = Writer(1, 0, "")
    update = writer.type("ab")
    held = writer.doc.get_state()
    del writer.text[0:1]
    erased = writer.doc.get_update(held)
    spelled = b"\x81\x00" + update[1:]
    for other in (erased, merge([update, erased]), spelled, b"\0\0"):
        assert Typist.after(other, validate_update(other)) is None


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_long_texts_are_read(length: int) -> None:
    """[UP33] only what is short enough for one byte of length is told without reading."""
    writer = Writer(1, 1, "")
    typist = Typist.after(writer.first, validate_update(writer.first))
    assert typist is not None
    text = typist.text_of(writer.type("x" * length))
    assert (text is not None) == (length <= LONGEST)
