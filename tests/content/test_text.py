"""Plain text, to be read."""

from __future__ import annotations

from collab.content import render
from collab.interfaces import Format
from tests.content.shapes import (
    BREAK,
    bullets,
    cell,
    doc,
    header,
    item,
    node,
    paragraph,
    row,
    text,
)


def test_blocks() -> None:
    """[EX30] blocks have an empty line between them, breaks are newlines."""
    tree = doc(
        node("heading", text("Title"), level=1),
        node("paragraph", text("a", "bold"), BREAK, text("b")),
        node("image", src="https://a.bc/i.png", alt="view"),
        node("blockquote", paragraph("quoted")),
    )
    assert render(tree, Format.TEXT) == "Title\n\na\nb\n\nview\n\n  quoted\n"


def test_lists() -> None:
    """[EX30] items have bullets, numbers or boxes, and what is nested is indented."""
    tree = doc(
        bullets(
            item(paragraph("a"), node("orderedList", item(paragraph("b")), start=9)),
            item(node("paragraph", text("c"), BREAK, text("d"))),
        ),
        node("taskList", node("taskItem", paragraph("e"), checked=True)),
    )
    assert render(tree, Format.TEXT) == "- a\n  9. b\n- c\n  d\n\n[x] e\n"


def test_tables() -> None:
    """[EX30] cells are separated by tabs and stay in their columns."""
    tree = doc(
        node(
            "table",
            row(header(paragraph("a"), colspan=2), header(paragraph("b"))),
            row(cell(paragraph("c"), paragraph("d"), rowspan=2), cell(paragraph("e"))),
            row(cell(paragraph("f"))),
        )
    )
    assert render(tree, Format.TEXT) == "a\t\tb\nc d\te\n\tf\n"
