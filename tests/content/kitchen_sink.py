"""One document with everything that Tiptap 3 writes: starter kit, lists, tables, images."""

from __future__ import annotations

from tests.content.shapes import (
    BREAK,
    Tree,
    bullets,
    cell,
    doc,
    header,
    item,
    link,
    mark,
    node,
    paragraph,
    row,
    text,
)

_SITE = link(
    "https://example.org/a?b=1&c=2",
    target="_blank",
    rel="noopener noreferrer nofollow",
    title='A "site"',
    **{"class": None},
)

_INLINES = node(
    "paragraph",
    text("Plain, "),
    text("bold", "bold"),
    text(", "),
    text("bold italic", "bold", "italic"),
    text(", "),
    text("italic", "italic"),
    text(", "),
    text("struck", "strike"),
    text(", "),
    text("under", "underline"),
    text(", "),
    text("lit", mark("highlight", color="#ff0")),
    text(", H"),
    text("2", "subscript"),
    text("O, x"),
    text("2", "superscript"),
    text(", "),
    text("a `tick`", "code"),
    text(", "),
    text("red", mark("textStyle", color="red")),
    text(", a "),
    text("link ", _SITE),
    text("in bold", "bold", _SITE),
    text(" and "),
    text("https://example.org/", link("https://example.org/")),
    text(", "),
    node("mention", id="u1", label="Ann", mentionSuggestionChar="@"),
    text("."),
    BREAK,
    text("1. Not a list, *not* italic, <b>not</b> HTML, www.example.org & &amp;"),
)

_LISTS = (
    bullets(
        item(paragraph("One")),
        item(
            paragraph("Two"),
            node("orderedList", item(paragraph("First")), item(paragraph("Second")), start=1),
        ),
        item(paragraph("Three"), paragraph("More of three")),
    ),
    node("orderedList", item(paragraph("Seven")), item(paragraph("Eight")), start=7, type="a"),
    node(
        "taskList",
        node("taskItem", paragraph("Done"), checked=True),
        node(
            "taskItem",
            paragraph("Open"),
            node("taskList", node("taskItem", paragraph(), checked=False)),
            checked=False,
        ),
    ),
    bullets(item(paragraph("A list of its own"))),
)

_TABLE = node(
    "table",
    row(
        header(paragraph("Head | one"), colspan=2, rowspan=1, colwidth=[100, 80]),
        header(paragraph("Two"), colspan=1, rowspan=1, colwidth=None),
    ),
    row(
        cell(paragraph("a"), paragraph(text("b|c", "code")), colspan=1, rowspan=2, colwidth=None),
        cell(bullets(item(paragraph("x")), item(paragraph("y"))), colspan=1, rowspan=1),
        cell(paragraph()),
    ),
    row(cell(paragraph("below x")), cell(paragraph("last"))),
)

KITCHEN_SINK: Tree = doc(
    node("heading", text("The title #"), level=1),
    _INLINES,
    node("heading", text("Lists"), level=2),
    *_LISTS,
    node("blockquote", paragraph("Quoted"), node("blockquote", paragraph("twice"))),
    node("codeBlock", text('print("```")\n\n# <end>'), language="python"),
    node("horizontalRule"),
    _TABLE,
    node("image", src="https://example.org/a b.png", alt="A [view]", title="Far"),
    node("image", src="data:image/png;base64,iVBORw0KGgo=", alt="Dot", title=None),
    paragraph(),
    node("paragraph", text("Ünïcode 日本 😀"), BREAK),
    node("paragraph"),
)
