"""Trees read from documents as y-prosemirror and Tiptap write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pycrdt
import pytest

from collab.crdt.tree import MAX_DEPTH, open_root, read_text, read_tree
from collab.crdt.updates import EMPTY_UPDATE, merge
from collab.errors import DocumentUnreadable
from collab.interfaces import Kind
from tests.crdt.test_compact import nested

Spec = Any
"""A text; `[(text, formatting), ...]`; or `(name, attributes, [child, ...])`."""


def xml(*children: Spec, root: str = "default") -> bytes:
    """A document whose root holds the children, attributes typed as editors type them."""
    document: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    _fill(document.get(root, type=pycrdt.XmlFragment), children)
    return document.get_update()


def _fill(parent: pycrdt.XmlFragment | pycrdt.XmlElement, children: tuple[Spec, ...]) -> None:
    for child in children:
        if isinstance(child, tuple):
            name, attributes, content = child
            element = parent.children.append(pycrdt.XmlElement(name))
            for key, value in attributes.items():
                element.attributes[key] = value
            _fill(element, tuple(content))
            continue
        text = parent.children.append(pycrdt.XmlText(""))
        for words, formatting in [(child, {})] if isinstance(child, str) else child:
            text.insert(len(text), words, formatting)


def content(*children: Spec) -> list[Any]:
    found: list[Any] = read_tree(xml(*children), "default", Kind.NOTE)["content"]
    return found


def node(name: str, attrs: Mapping[str, Any] | None = None, *inner: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": name}
    if attrs:
        found["attrs"] = dict(attrs)
    if inner:
        found["content"] = list(inner)
    return found


def words(text: str, *marks: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"marks": list(marks)} if marks else {})


def test_headings_and_paragraphs() -> None:
    """[WK10] elements are nodes, and numbers are whole where they were."""
    assert content(("heading", {"level": 2}, ["Title"]), ("paragraph", {}, [])) == [
        node("heading", {"level": 2}, words("Title")),
        node("paragraph"),
    ]


def test_nested_lists_and_tasks() -> None:
    """[WK10] lists in lists, booleans as booleans."""
    task: Spec = ("taskItem", {"checked": True}, [("paragraph", {}, ["done"])])
    inner: Spec = ("taskList", {}, [task])
    item: Spec = ("listItem", {}, [("paragraph", {}, ["one"]), inner])
    assert content(("orderedList", {"start": 3}, [item])) == [
        node(
            "orderedList",
            {"start": 3},
            node(
                "listItem",
                None,
                node("paragraph", None, words("one")),
                node(
                    "taskList",
                    None,
                    node("taskItem", {"checked": True}, node("paragraph", None, words("done"))),
                ),
            ),
        )
    ]


def test_tables() -> None:
    """[WK10] cells with spans and lists of widths."""
    attributes = {"colspan": 2, "rowspan": 1, "colwidth": [100, 50.5]}
    cell: Spec = ("tableCell", attributes, [("paragraph", {}, ["x"])])
    assert content(("table", {}, [("tableRow", {}, [cell])])) == [
        node(
            "table",
            None,
            node(
                "tableRow", None, node("tableCell", attributes, node("paragraph", None, words("x")))
            ),
        )
    ]


def test_marks() -> None:
    """[WK20] formatting becomes marks, in a fixed order, with their attributes."""
    href = {"href": "https://example.org", "target": "_blank"}
    runs = [("a", {}), ("b", {"italic": {}, "bold": {}}), ("c", {"link": href})]
    assert content(("paragraph", {}, [runs])) == [
        node(
            "paragraph",
            None,
            words("a"),
            words("b", {"type": "bold"}, {"type": "italic"}),
            words("c", {"type": "link", "attrs": href}),
        )
    ]


def test_overlapping_marks_lose_their_hash() -> None:
    """[WK20] `comment--hash` is the mark `comment`, as often as it stands there."""
    formatting = {"comment--AbCd1234": {"id": 1}, "comment--+/yz567=": {"id": 2}}
    (paragraph,) = content(("paragraph", {}, [[("x", formatting)]]))
    assert paragraph["content"] == [
        words("x", *({"type": "comment", "attrs": {"id": number}} for number in (1, 2)))
    ]


def test_neighbouring_texts_are_joined() -> None:
    """[WK20] equal marks make one text, empty texts are none."""
    bold: Spec = {"bold": {}}
    assert content(("paragraph", {}, [[("a", bold)], "", [("b", bold)], "c", "d"])) == [
        node("paragraph", None, words("ab", {"type": "bold"}), words("cd"))
    ]


def test_inline_nodes_and_leaves() -> None:
    """[WK10] images, hard breaks, mentions and rules stand where they were."""
    image: Spec = ("image", {"src": "a.png", "width": 12.5}, [])
    parts = ["a", ("hardBreak", {}, []), image, ("mention", {"id": "ann"}, []), "b"]
    assert content(("paragraph", {}, parts), ("horizontalRule", {}, [])) == [
        node(
            "paragraph",
            None,
            words("a"),
            node("hardBreak"),
            node("image", {"src": "a.png", "width": 12.5}),
            node("mention", {"id": "ann"}),
            words("b"),
        ),
        node("horizontalRule"),
    ]


def test_code_blocks_keep_their_characters() -> None:
    """[WK10] line ends and indents in a code block are text."""
    code = "def f():\n\treturn '🎈'\n"
    assert content(("codeBlock", {"language": "python"}, [code])) == [
        node("codeBlock", {"language": "python"}, words(code))
    ]


def test_what_is_unknown_is_kept() -> None:
    """[WK10] foreign nodes and marks keep their names; `text` is no name for an element."""
    parts = [[("x", {"sparkle": {"n": 1}})]]
    assert content(("blockContainer", {"id": None}, parts), ("text", {}, ["y"])) == [
        node(
            "blockContainer",
            {"id": None},
            words("x", {"type": "sparkle", "attrs": {"n": 1}}),
        ),
        node("unknown", None, words("y")),
    ]


def test_deleted_content_is_not_read() -> None:
    """[WK10] what was deleted is not in the tree, and an emptied root goes by the kind."""
    document: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    root = document.get("default", type=pycrdt.XmlFragment)
    _fill(root, (("paragraph", {}, ["gone"]), ("paragraph", {}, ["here"])))
    del root.children[0]
    tree = read_tree(document.get_update(), "default", Kind.NOTE)
    assert tree["content"] == [node("paragraph", None, words("here"))]
    del root.children[0]
    update = document.get_update()
    assert read_tree(update, "default", Kind.NOTE) == {"type": "doc", "content": []}
    assert open_root(update, "default", Kind.TEXT).is_text


@pytest.mark.parametrize("kind", Kind)
def test_an_absent_root_is_empty(kind: Kind) -> None:
    """[WK12] a root that was never written is an empty document of the kind."""
    assert read_tree(EMPTY_UPDATE, "default", kind) == {"type": "doc", "content": []}
    assert open_root(EMPTY_UPDATE, "default", kind).is_text is (kind is Kind.TEXT)


def test_the_deepest_tree_is_read() -> None:
    """[WK8] as many levels as are allowed."""
    tree = read_tree(merge(nested(MAX_DEPTH)), "default", Kind.NOTE)
    levels = 0
    while tree.get("content"):
        (tree,) = tree["content"]
        levels += 1
    assert levels == MAX_DEPTH


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 20_000])
def test_deeper_trees_are_refused(depth: int) -> None:
    """[WK8] deeper ones raise DocumentUnreadable, and break nothing."""
    update = merge(nested(depth))
    with pytest.raises(DocumentUnreadable, match="deeper than 256"):
        read_tree(update, "default", Kind.NOTE)


def test_arrays_and_maps_are_refused_by_name() -> None:
    """[WK12] a shared array or map is neither a text nor XML."""
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    document.get("list", type=pycrdt.Array).append(1)
    with pytest.raises(DocumentUnreadable, match="'list' is a shared array"):
        read_tree(document.get_update(), "list", Kind.NOTE)


def test_xml_has_no_exact_text() -> None:
    """[WK11] only a text root has its characters to give."""
    with pytest.raises(DocumentUnreadable, match="'default' is XML"):
        read_text(xml(("paragraph", {}, ["x"])), "default")
