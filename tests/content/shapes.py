"""Short ways to write document trees as Tiptap 3 does."""

from __future__ import annotations

from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]


def node(name: str, *content: Tree, **attrs: object) -> Tree:
    tree: Tree = {"type": name}
    if attrs:
        tree["attrs"] = attrs
    if content:
        tree["content"] = list(content)
    return tree


def mark(name: str, **attrs: object) -> Tree:
    return {"type": name, "attrs": attrs} if attrs else {"type": name}


def text(characters: str, *marks: Tree | str) -> Tree:
    tree: Tree = {"type": "text", "text": characters}
    if marks:
        tree["marks"] = [mark(m) if isinstance(m, str) else m for m in marks]
    return tree


def link(href: str, **attrs: object) -> Tree:
    return mark("link", href=href, **attrs)


def paragraph(*content: Tree | str) -> Tree:
    return node("paragraph", *[text(c) if isinstance(c, str) else c for c in content])


def doc(*content: Tree) -> Tree:
    return node("doc", *content)


def item(*content: Tree) -> Tree:
    return node("listItem", *content)


def bullets(*items: Tree) -> Tree:
    return node("bulletList", *items)


def row(*cells: Tree) -> Tree:
    return node("tableRow", *cells)


def cell(*content: Tree, **attrs: object) -> Tree:
    return node("tableCell", *content, **attrs)


def header(*content: Tree, **attrs: object) -> Tree:
    return node("tableHeader", *content, **attrs)


BREAK = node("hardBreak")
