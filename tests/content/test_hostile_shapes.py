"""Any JSON comes out as something sane, in linear time and bounded depth."""

from __future__ import annotations

import inspect
import json
import sys
import time

import pytest
from hypothesis import given

from collab.content import render
from collab.errors import DocumentUnreadable
from collab.interfaces import Format
from tests.content.hostile_trees import MARK_NAMES, NODE_NAMES, hostile_documents
from tests.content.markdown_parser import parse_markdown
from tests.content.properties import examples
from tests.content.shapes import Tree, bullets, cell, doc, item, node, paragraph, row, text

FORMATS = list(Format)


@given(hostile_documents)
@examples(150)
def test_never_crashes(tree: Tree) -> None:
    """[EX1] every format takes every tree, and gives text that UTF-8 can carry; the Markdown
    holds no HTML but the tags of EX22."""
    for form in FORMATS:
        render(tree, form).encode()
    parse_markdown(render(tree, Format.MARKDOWN))


@given(hostile_documents)
@examples(60)
def test_json_is_stable(tree: Tree) -> None:
    """[EX5] JSON is strict, and reading it gives the same JSON."""
    source = render(tree, Format.JSON)
    again = json.loads(source, parse_constant=lambda name: pytest.fail(name))
    assert render(again, Format.JSON) == source


@pytest.mark.parametrize("name", NODE_NAMES)
@pytest.mark.parametrize("form", FORMATS)
def test_depth(name: str, form: Format) -> None:
    """[EX2] 256 levels are read, whatever nests, alone or by turns with tables; one more is an
    error. A third of the interpreter's stack stays free for callers."""
    limit = sys.getrecursionlimit()
    for partner in (name, "table"):
        tree: Tree = text("deep")
        for level in range(255):
            tree = {"type": (name, partner)[level % 2], "content": [tree]}
        sys.setrecursionlimit(_stack_depth() + 650)
        try:
            assert "deep" in render(tree, form)
        finally:
            sys.setrecursionlimit(limit)
        with pytest.raises(DocumentUnreadable, match="deeper than 256"):
            render(doc(tree), form)


def _stack_depth() -> int:
    return len(inspect.stack(0))


def test_depth_of_attributes() -> None:
    """[EX2] attribute values count as levels."""
    value: object = 1
    for _ in range(300):
        value = [value]
    with pytest.raises(DocumentUnreadable, match="deeper than 256"):
        render(doc(node("image", src=value)), Format.JSON)


def test_bottomless() -> None:
    """[EX2] a tree far deeper than the interpreter's stack is refused like any other."""
    tree = paragraph("x")
    for _ in range(100_000):
        tree = {"type": "blockquote", "content": [tree]}
    with pytest.raises(DocumentUnreadable):
        render(tree, Format.HTML)
    while "content" in tree:  # freed from the top: its own deallocation is no part of the test
        tree = tree["content"][0]


WIDE = {
    "paragraphs": doc(*[paragraph("word " * 8) for _ in range(8_000)]),
    "one paragraph": doc(
        node("paragraph", *[text("word ", MARK_NAMES[i % 4]) for i in range(20_000)])
    ),
    "one word list": doc(bullets(*[item(paragraph("x")) for _ in range(10_000)])),
    "specials": doc(paragraph("*_`[<&!@:\\\n" * 5_000)),
    "backticks": doc(paragraph(text("`" * 100_000, "code"))),
    "spans": doc(
        node(
            "table",
            row(*[cell(colspan=100, rowspan=100) for _ in range(1000)]),
            *[row(cell(paragraph("x"), rowspan=100)) for _ in range(1000)],
        )
    ),
}


@pytest.mark.parametrize("shape", WIDE)
@pytest.mark.parametrize("form", FORMATS)
def test_large_documents(shape: str, form: Format) -> None:
    """[EX3] tens of thousands of nodes take seconds at the worst, whatever their shape: anything
    quadratic in them would take minutes."""
    start = time.process_time()
    assert render(WIDE[shape], form)
    assert time.process_time() - start < 10


def test_unknown_content_stays() -> None:
    """[EX4] unknown nodes give their content, or their name, and unknown marks their text."""
    tree = doc(
        node("callout", paragraph(text("inside", "sparkle"))),
        node("video", src="https://example.org/v"),
        node("paragraph", text("a "), node("chip", label="Ann"), node("wrap", text(" b"))),
        {"type": 7, "content": [{"type": "text", "text": 12}, "bare", 5, None]},
    )
    assert render(tree, Format.MARKDOWN) == (
        "inside\n\n[\\[video\\]](https://example.org/v)\n\na Ann b\n\n12bare\n"
    )
    assert render(tree, Format.TEXT) == "inside\n\n[video]\n\na Ann b\n\n12bare\n"


def test_misplaced_nodes() -> None:
    """[EX4] a node in the wrong place gets the parent that it lacks, and loses nothing."""
    tree = doc(
        text("bare"),
        item(paragraph("lone")),
        row(cell(paragraph("cell"))),
        node("paragraph", text("a"), node("heading", text("b"), level=99), text("c")),
        bullets(paragraph("no item")),
        node("heading", text("d"), level="x"),
    )
    assert render(tree, Format.MARKDOWN) == (
        "bare\n\n- lone\n\n| cell |\n| --- |\n\na\n\n###### b\n\nc\n\n- no item\n\n# d\n"
    )


def test_block_note() -> None:
    """[EX6] BlockNote's nested containers read as nested lists and blocks."""

    def container(block: Tree, *nested: Tree) -> Tree:
        group = [node("blockGroup", *nested)] if nested else []
        return node("blockContainer", block, *group, id="x")

    def numbered(characters: str) -> Tree:
        return node("numberedListItem", text(characters))

    tree = doc(
        node(
            "blockGroup",
            container(node("heading", text("Title"), level=2)),
            container(
                node("bulletListItem", text("a")),
                container(node("bulletListItem", text("b"))),
            ),
            container(node("bulletListItem", text("c"))),
            container(node("checkListItem", text("d"), checked=True)),
            container(paragraph("e"), container(paragraph("under e"))),
            container(numbered("f")),
            container(numbered("g")),
        )
    )
    assert render(tree, Format.MARKDOWN) == (
        "## Title\n\n- a\n  - b\n- c\n\n* [x] d\n\ne\n\nunder e\n\n1. f\n2. g\n"
    )
