"""Names of documents."""

from __future__ import annotations

from random import Random, SystemRandom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import InvalidDocumentId
from collab.protocol.ids import mint_document_id, parse_document_id


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "Z9",
        "a" * 255,
        "room-1_2.3~4:5@6",
        "team/notes/2024.01",
        "...",
        "a/.../b",
        ".hidden",
        "a..b",
        "user@host:1234/doc",
        "-",
        "~",
    ],
)
def test_names(text: str) -> None:
    """[PR14] what existing products use as room names is accepted as it is."""
    assert parse_document_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 256,
        "a b",
        "a\n",
        "\na",
        "a%2Fb",
        "a\\b",
        "a?b",
        "a#b",
        "é",
        "\u0430",  # a Cyrillic letter that looks like a Latin one
        "\u0661",  # a digit, but not one of ASCII
        "a\0",
        "a+b",
        "a,b",
    ],
)
def test_characters(text: str) -> None:
    """[PR14] other lengths and characters are refused, and the message says what is expected."""
    with pytest.raises(InvalidDocumentId, match="1 to 255 ASCII letters, digits"):
        parse_document_id(text)


@pytest.mark.parametrize(
    "text",
    ["/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "../a", "a/..", "a/./b", "a/../b", "..\n"],
)
def test_segments(text: str) -> None:
    """[PR15] no segment is empty, `.` or `..`."""
    with pytest.raises(InvalidDocumentId):
        parse_document_id(text)


def test_one_spelling() -> None:
    """[PR16] ids that differ in case, or by spaces, are not the same."""
    assert parse_document_id("Note") != parse_document_id("note")
    for text in (" note", "note ", "note\t", "NOTE\u0301"):
        with pytest.raises(InvalidDocumentId):
            parse_document_id(text)


@given(st.text(max_size=20))
def test_any_text(text: str) -> None:
    """[PR16] a text is an id as it is or none at all."""
    try:
        assert parse_document_id(text) == text
    except InvalidDocumentId:
        return
    segments = text.split("/")
    assert all(segment not in ("", ".", "..") for segment in segments)
    assert text.isascii()


def test_minted_ids() -> None:
    """[PR17] minted ids are ids, short, of letters and digits, and differ."""
    source = SystemRandom()
    minted = {mint_document_id(source) for _ in range(500)}
    assert len(minted) == 500
    for each in minted:
        assert parse_document_id(each) == each
        assert each.isalnum()
        assert len(each) == 18
    assert len({character for each in minted for character in each}) == 62


def test_the_source_decides() -> None:
    """[PR17] nothing but the source goes into a minted id."""
    assert mint_document_id(Random(1)) == mint_document_id(Random(1))
    assert mint_document_id(Random(1)) != mint_document_id(Random(2))
