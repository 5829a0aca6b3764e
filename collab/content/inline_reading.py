"""From tree nodes to inline content: texts with marks, breaks, images."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby

from collab.content.blocks import NO_MARKS, Break, Image, Inline, Inlines, Link, Marks, Style, Text
from collab.content.tree import Attrs, Mark, Node
from collab.content.urls import safe_image, safe_link

_STYLES = {
    **{style.value: style for style in Style},
    # As other ProseMirror schemas and Quill name them.
    "strong": Style.BOLD,
    "em": Style.ITALIC,
    "strikethrough": Style.STRIKE,
    "inlineCode": Style.CODE,
}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")
# A terminal obeys them, HTML and CommonMark have no way to write them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_LABELS = ("label", "name", "title", "alt", "caption")
_ADDRESSES = ("src", "url", "href")


def visible(text: str) -> str:
    """The text with `\\n` as its only newline and no other control but the tab."""
    return _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def first_string(attrs: Attrs, *names: str) -> str:
    """The first of the attributes that is a text and not empty."""
    for name in names:
        value = attrs.get(name)
        if isinstance(value, str) and value:
            return visible(value)
    return ""


def read_marks(marks: Iterable[Mark]) -> Marks:
    """The marks that exports know. An unknown one leaves its text as it is."""
    found: set[Style | Link] = set()
    link: Link | None = None
    for mark in marks:
        style = _STYLES.get(mark.type)
        if style is not None:
            found.add(style)
        elif mark.type == "link" and link is None:
            href = safe_link(mark.attrs.get("href"))
            if href is not None:
                link = Link(href, first_string(mark.attrs, "title"))
                found.add(link)
    return frozenset(found) or NO_MARKS


def read_text(node: Node) -> Inline | None:
    text = visible(node.text or "")
    return Text(text, read_marks(node.marks)) if text else None


def read_break(node: Node) -> Inline:
    return Break()


def read_mention(node: Node) -> Inline:
    sign = first_string(node.attrs, "mentionSuggestionChar") or "@"
    name = first_string(node.attrs, "label", "id")
    return Text(sign + name, read_marks(node.marks))


def read_image(node: Node) -> Inline:
    """An image that no export may show leaves its description."""
    marks = read_marks(node.marks)
    alt = first_string(node.attrs, "alt", "caption", "name")
    title = first_string(node.attrs, "title")
    for name in _ADDRESSES:
        src = safe_image(node.attrs.get(name))
        if src is not None:
            return Image(src, alt, title, marks - {Style.CODE})
    return Text(alt or title or "[image]", marks)


def read_unknown_leaf(node: Node) -> Inline:
    """A node without content that exports do not know: its label, or its name in brackets."""
    name = node.type if _NAME.match(node.type) else "unknown"
    marks = set(read_marks(node.marks))
    if not any(isinstance(mark, Link) for mark in marks):
        for address in _ADDRESSES:
            href = safe_link(node.attrs.get(address))
            if href is not None:
                marks.add(Link(href))
                break
    return Text(first_string(node.attrs, *_LABELS) or f"[{name}]", frozenset(marks))


INLINE_READERS: dict[str, Callable[[Node], Inline | None]] = {
    "text": read_text,
    "hardBreak": read_break,
    "mention": read_mention,
}
"""The nodes that are never blocks."""


def join_texts(inlines: Iterable[Inline]) -> Inlines:
    """The same content, with neighbouring texts of the same marks as one."""
    joined: list[Inline] = []
    for marks, group in groupby(inlines, lambda i: i.marks if isinstance(i, Text) else None):
        if marks is None:
            joined.extend(group)
        else:
            joined.append(Text("".join(i.text for i in group if isinstance(i, Text)), marks))
    return tuple(joined)
