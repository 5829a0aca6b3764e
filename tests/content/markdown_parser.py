"""Markdown to the document tree, by markdown-it-py: the judge of what our Markdown means.

CommonMark with all that GFM adds (tables, task lists, strikethrough, bare addresses, alerts).
Raw HTML beyond the tags that Collab writes is an error, so that none gets through unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

from tests.content.shapes import Tree, doc, mark, node, paragraph

_MARKS = {"strong": "bold", "em": "italic", "s": "strike"}
_TAGS = {
    "u": "underline",
    "mark": "highlight",
    "sub": "subscript",
    "sup": "superscript",
    "code": "code",
}


def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like2", {"linkify": False, "maxNesting": 600})
    parser.use(gfm_autolink_plugin)
    # Addresses as they are written, so that trees can be compared.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


_PARSER = _parser()


def parse_markdown(source: str) -> Tree:
    """The tree that the source stands for. AssertionError for raw HTML."""
    return doc(*_blocks(SyntaxTreeNode(_PARSER.parse(source)).children))


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> list[Tree]:
    return [_block(child) for child in nodes]


def _block(block: SyntaxTreeNode) -> Tree:
    children = block.children
    match block.type:
        case "paragraph":
            return paragraph(*_inlines(children))
        case "heading":
            return node("heading", *_inlines(children), level=int(block.tag[1:]))
        case "blockquote":
            return node("blockquote", *_blocks(children))
        case "bullet_list" | "ordered_list":
            return _list(block)
        case "fence":
            content = [mark("text") | {"text": block.content[:-1]}] if block.content else []
            return node("codeBlock", *content, language=block.info or None)
        case "hr":
            return node("horizontalRule")
        case "table":
            rows = [row for part in children for row in part.children]
            return node("table", *[_row(row) for row in rows])
    raise AssertionError(f"a block that Collab never writes: {block.type} {block.content!r}")


def _list(block: SyntaxTreeNode) -> Tree:
    boxes = [child.meta.get("checked") for child in block.children]
    assert len({box is None for box in boxes}) == 1, "tasks and other items in one list"
    contents = [_blocks(child.children) for child in block.children]
    if boxes[0] is not None:
        pairs = zip(boxes, contents, strict=True)
        return node("taskList", *[node("taskItem", *inner, checked=box) for box, inner in pairs])
    items = [node("listItem", *inner) for inner in contents]
    if block.type == "bullet_list":
        return node("bulletList", *items)
    return node("orderedList", *items, start=int(block.attrs.get("start", 1)))


def _row(block: SyntaxTreeNode) -> Tree:
    cells = []
    for child in block.children:
        name = "tableHeader" if child.type == "th" else "tableCell"
        cells.append(node(name, paragraph(*_inlines(child.children))))
    return node("tableRow", *cells)


def _inlines(nodes: Sequence[SyntaxTreeNode]) -> list[Tree]:
    """Of the one inline node that a text block has, if it is not empty."""
    if not nodes:
        return []
    (inline,) = nodes
    assert inline.token is not None
    return _tokens(inline.token.children or [])


def _tokens(tokens: Sequence[Token]) -> list[Tree]:
    inlines: list[Tree] = []
    marks: list[Tree] = []
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in _MARKS:
            _toggle(marks, mark(_MARKS[name]), token.nesting)
        elif name == "link":
            attrs = {key: str(value) for key, value in token.attrs.items()}
            _toggle(marks, mark("link", **attrs), token.nesting)
        elif name == "html_inline":
            if token.content == "<br>":
                inlines.append(node("hardBreak"))
            else:
                tag = token.content.strip("</>")
                assert token.content in (f"<{tag}>", f"</{tag}>"), "no HTML with attributes"
                assert tag in _TAGS, f"raw HTML: {token.content}"
                _toggle(marks, mark(_TAGS[tag]), -1 if "/" in token.content else 1)
        else:
            inlines.append(_leaf(token, list(marks)))
    assert not marks, f"marks left open: {marks}"
    return inlines


def _toggle(marks: list[Tree], changed: Tree, nesting: int) -> None:
    if nesting == 1:
        marks.append(changed)
    else:
        assert marks, f"nothing to close: {changed}"
        last = marks.pop()
        assert last["type"] == changed["type"], f"{changed} closes {last}"


def _leaf(token: Token, marks: list[Tree]) -> Tree:
    match token.type:
        case "text":
            return {"type": "text", "text": token.content, "marks": marks}
        case "code_inline":
            return {"type": "text", "text": token.content, "marks": [*marks, mark("code")]}
        case "softbreak":
            return {"type": "text", "text": "\n", "marks": marks}
        case "hardbreak":
            return node("hardBreak")
        case "image":
            attrs = {key: str(value) for key, value in token.attrs.items()}
            parts = [part for part in token.children or [] if part.type == "text"]
            assert len(parts) == len(token.children or []), "a description is only text"
            attrs["alt"] = "".join(part.content for part in parts)
            return node("image", **attrs) | {"marks": marks}
    raise AssertionError(f"an inline that Collab never writes: {token.type} {token.content!r}")
