"""HTML that does nothing: fixed tags and attributes, everything else escaped.

No address in it is one that a page fetches by itself: images of the web become links.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import assert_never

from collab.content.blocks import (
    Block,
    Break,
    Cell,
    CodeBlock,
    Heading,
    Image,
    Link,
    ListBlock,
    ListKind,
    Paragraph,
    Quote,
    Rule,
    Style,
    Table,
    Text,
)
from collab.content.nesting import Nested, Span, nest
from collab.content.urls import inline_image

_TAGS = {
    Style.BOLD: "strong",
    Style.ITALIC: "em",
    Style.STRIKE: "s",
    Style.UNDERLINE: "u",
    Style.HIGHLIGHT: "mark",
    Style.SUBSCRIPT: "sub",
    Style.SUPERSCRIPT: "sup",
}
_REL = 'rel="noopener noreferrer nofollow"'

_STYLE = """
:root{color-scheme:light dark}
body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif;
overflow-wrap:break-word}
p,h1,h2,h3,h4,h5,h6{white-space:break-spaces}
pre,blockquote{margin:1em 0;padding:.1em 1em;border-left:3px solid #8888}
pre{padding:.7em 1em;overflow-x:auto;border:0;border-radius:6px;background:#8882}
code{font-family:ui-monospace,monospace;font-size:.95em}
table{border-collapse:collapse}
th,td{padding:.2em .6em;border:1px solid #8888;text-align:left;vertical-align:top}
th>p,td>p,li>p{margin:.2em 0}
ul.tasks{padding-left:1em;list-style:none}
ul.tasks>li>input{float:left;margin:.55em .5em 0 0}
img{max-width:100%}
""".strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def write_html(blocks: Sequence[Block], title: str = "") -> str:
    """A whole document, which a browser shows without asking anyone for anything."""
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta http-equiv="x-dns-prefetch-control" content="off">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{write_html_fragment(blocks)}</body>\n</html>\n"
    )


def write_html_fragment(blocks: Sequence[Block]) -> str:
    """The blocks alone, a line each, to put into a page."""
    out: list[str] = []
    for block in blocks:
        _block(out, block)
        out.append("\n")
    return "".join(out)


def _block(out: list[str], block: Block) -> None:
    match block:
        case Paragraph(inlines):
            out.append("<p>")
            _inlines(out, nest(inlines) or (Break(),))
            out.append("</p>")
        case Heading(level, inlines):
            out.append(f"<h{level}>")
            _inlines(out, nest(inlines))
            out.append(f"</h{level}>")
        case Quote(blocks):
            out.append("<blockquote>")
            for child in blocks:
                _block(out, child)
            out.append("</blockquote>")
        case ListBlock():
            _list(out, block)
        case CodeBlock(language, text):
            named = f' class="language-{escape(language)}"' if language else ""
            out.append(f"<pre><code{named}>{escape(text)}</code></pre>")
        case Rule():
            out.append("<hr>")
        case Table(rows):
            _table(out, rows)
        case _:
            assert_never(block)


def _list(out: list[str], block: ListBlock) -> None:
    match block.kind:
        case ListKind.BULLET:
            opening, closing = "<ul>", "</ul>"
        case ListKind.TASK:
            opening, closing = '<ul class="tasks">', "</ul>"
        case ListKind.ORDERED:
            start = f' start="{block.start}"' if block.start != 1 else ""
            numbering = f' type="{block.numbering}"' if block.numbering != "1" else ""
            opening, closing = f"<ol{start}{numbering}>", "</ol>"
        case _:
            assert_never(block.kind)
    out.append(opening)
    for item in block.items:
        out.append("<li>")
        if block.kind is ListKind.TASK:
            checked = " checked" if item.checked else ""
            out.append(f'<input type="checkbox" disabled{checked}>')
        for child in item.blocks:
            _block(out, child)
        out.append("</li>")
    out.append(closing)


def _table(out: list[str], rows: Sequence[Sequence[Cell]]) -> None:
    out.append("<table><tbody>")
    for row in rows:
        out.append("<tr>")
        for cell in row:
            tag = "th" if cell.header else "td"
            colspan = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
            rowspan = f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
            out.append(f"<{tag}{colspan}{rowspan}>")
            for child in cell.blocks:
                _block(out, child)
            out.append(f"</{tag}>")
        out.append("</tr>")
    out.append("</tbody></table>")


def _inlines(out: list[str], nodes: Sequence[Nested]) -> None:
    for node in nodes:
        match node:
            case Text(text, marks):
                out.append(f"<code>{escape(text)}</code>" if marks else escape(text))
            case Break():
                out.append("<br>")
            case Image():
                out.append(_image(node))
            case Span(mark, children):
                if isinstance(mark, Link):
                    opening, tag = _anchor(mark.href, mark.title), "a"
                else:
                    tag = _TAGS[mark]
                    opening = f"<{tag}>"
                out.append(opening)
                _inlines(out, children)
                out.append(f"</{tag}>")
            case _:
                assert_never(node)


def _image(image: Image) -> str:
    if inline_image(image.src) is not None:
        named = f' title="{escape(image.title)}"' if image.title else ""
        return f'<img src="{image.src}" alt="{escape(image.alt)}"{named}>'
    label = escape(image.alt or image.title or image.src)
    if any(isinstance(mark, Link) for mark in image.marks):
        return label  # a link cannot lie in a link
    return f"{_anchor(image.src, image.title)}{label}</a>"


def _anchor(href: str, title: str) -> str:
    named = f' title="{escape(title)}"' if title else ""
    return f'<a href="{escape(href)}" {_REL}{named}>'
