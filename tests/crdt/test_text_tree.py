"""Trees read from text roots, and from the texts that Lexical, Slate and Quill build."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest

from collab.crdt.tree import read_text, read_tree
from collab.interfaces import Kind


def a_text(*runs: tuple[Any, dict[str, Any] | None]) -> bytes:
    """The text `content` of formatted runs; what is no string is embedded."""
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    text = document.get("content", type=pycrdt.Text)
    for value, formatting in runs:
        if isinstance(value, str):
            text.insert(len(text), value, formatting)
        else:
            text.insert_embed(len(text), value, formatting)
    return document.get_update()


def content(update: bytes, root: str = "content") -> list[Any]:
    found: list[Any] = read_tree(update, root, Kind.TEXT)["content"]
    return found


def paragraph(*inner: Any) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(inner)} if inner else {"type": "paragraph"}


def words(text: str, *marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"marks": list(marks)} if marks else {})


def test_one_paragraph_a_line() -> None:
    """[WK11] line ends split paragraphs, empty lines are empty paragraphs."""
    update = a_text(("one\n\ntwo\n", None))
    assert content(update) == [
        paragraph(words("one")),
        paragraph(),
        paragraph(words("two")),
        paragraph(),
    ]
    assert read_text(update, "content") == "one\n\ntwo\n"


def test_formatting_spans_lines() -> None:
    """[WK20] a run over a line end is marked in both paragraphs."""
    bold = {"type": "bold"}
    update = a_text(("a", None), ("b\nc", {"bold": True}), ("d", {"bold": None}))
    assert content(update) == [
        paragraph(words("a"), words("b", bold)),
        paragraph(words("c", bold), words("d")),
    ]


def test_scalar_formatting() -> None:
    """[WK20] formatting by a plain value keeps it: of a link it is the target."""
    update = a_text(("x", {"link": "https://example.org", "color": "red", "strike": False}))
    assert content(update) == [
        paragraph(
            words(
                "x",
                {"type": "color", "attrs": {"value": "red"}},
                {"type": "link", "attrs": {"href": "https://example.org"}},
            )
        )
    ]


@pytest.mark.parametrize(
    ("embedded", "node"),
    [
        ({"image": "a.png"}, {"type": "image", "attrs": {"src": "a.png"}}),
        ({"formula": "e=mc"}, {"type": "formula", "attrs": {"value": "e=mc"}}),
        ({"mention": {"id": 1}}, {"type": "mention", "attrs": {"id": 1}}),
        ({"type": "image", "src": "b"}, {"type": "image", "attrs": {"src": "b"}}),
        ({"a": 1, "b": 2}, {"type": "embed", "attrs": {"value": {"a": 1, "b": 2}}}),
        (7, {"type": "embed", "attrs": {"value": 7}}),
    ],
)
def test_embeds_are_nodes(embedded: Any, node: dict[str, Any]) -> None:
    """[WK21] an embedded value stands where it was, and is no part of the exact text."""
    update = a_text(("a", None), (embedded, None), ("b", None))
    assert content(update) == [paragraph(words("a"), node, words("b"))]
    assert read_text(update, "content") == "ab"


def test_shared_types_in_a_text_are_read() -> None:
    """[WK21] a map embedded in a text root is the node that it names."""
    document: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    text = document.get("content", type=pycrdt.Text)
    text.insert(0, "ab")
    text.insert_embed(1, pycrdt.Map({"type": "box", "size": 2}))
    box = {"type": "box", "attrs": {"size": 2}}
    assert content(document.get_update()) == [paragraph(words("a"), box, words("b"))]


def _lexical() -> bytes:
    """A text `root` with a paragraph as Lexical keeps it: a text with attributes, in which a
    map announces each run of characters."""
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    root = document.get("root", type=pycrdt.XmlFragment)
    block = root.children.append(pycrdt.XmlText(""))
    block.attributes["__type"] = "paragraph"
    block.attributes["__indent"] = 0
    block.insert_embed(0, pycrdt.Map({"__type": "text", "__format": 0}))
    block.insert(1, "hello")
    inner = pycrdt.XmlText("")
    block.insert_embed(6, inner)
    inner.attributes["__type"] = "link"
    inner.insert(0, "there")
    block.insert_embed(7, pycrdt.Map({"__type": "linebreak"}))
    return document.get_update()


def test_texts_that_are_nodes() -> None:
    """[WK21] where texts are the nodes (Lexical, Slate), attributes name them, and all words
    are kept."""
    assert content(_lexical(), "root") == [
        {
            "type": "paragraph",
            "attrs": {"__indent": 0},
            "content": [
                words("hello"),
                {"type": "link", "content": [words("there")]},
                {"type": "linebreak"},
            ],
        }
    ]


def test_arrays_in_texts_do_not_break_reading() -> None:
    """[WK21] a shared type that holds no text leaves a mark, and the words around it."""
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    block = document.get("root", type=pycrdt.XmlFragment).children.append(pycrdt.XmlText("ab"))
    block.insert_embed(1, pycrdt.Array([1, 2]))
    assert content(document.get_update(), "root") == [
        words("a"),
        {"type": "unknown"},
        words("b"),
    ]
