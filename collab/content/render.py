"""One document tree in, one text out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from collab.content.html import write_html, write_html_fragment
from collab.content.markdown import write_markdown
from collab.content.reading import read_blocks
from collab.content.text import write_text
from collab.content.tree import parse_tree, tree_json
from collab.interfaces import Format


def render(tree: Mapping[str, object], form: Format, title: str = "") -> str:
    """The tree in the given format; `title` names an HTML document.

    Raises DocumentUnreadable if the tree is nested deeper than 256 levels; any other shape
    comes out in a normal form (rules EX of SPEC.md).
    """
    root = parse_tree(tree)
    match form:
        case Format.JSON:
            return tree_json(root)
        case Format.HTML:
            return write_html(read_blocks(root), title)
        case Format.TEXT:
            return write_text(read_blocks(root))
        case Format.MARKDOWN:
            return write_markdown(read_blocks(root))
        case _:
            assert_never(form)


def render_html_fragment(tree: Mapping[str, object]) -> str:
    """The tree as HTML without a document around it. Raises as `render`."""
    return write_html_fragment(read_blocks(parse_tree(tree)))
