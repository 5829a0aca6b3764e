"""What collab reads out of a document is what the editor showed at that moment."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from collab.interfaces import Format, Kind
from collab.worker import render
from tests.interop.recordings import SEED, recording

pytestmark = pytest.mark.node

Tree = dict[str, Any]
SEEDS = (SEED, 100)


def normal(node: Tree) -> Tree:
    """Without attributes that are null, marks in order of their names, equal neighbours joined:
    a shared text keeps neither the order of its marks nor where a run was divided."""
    attrs = {k: v for k, v in node.get("attrs", {}).items() if v is not None}
    result: Tree = {"type": node["type"]}
    if attrs:
        result["attrs"] = attrs
    if "text" in node:
        result["text"] = node["text"]
    if node.get("marks"):
        result["marks"] = sorted((normal(mark) for mark in node["marks"]), key=lambda m: m["type"])
    content: list[Tree] = []
    for child in map(normal, node.get("content", [])):
        if content and may_join(content[-1], child):
            content[-1]["text"] += child["text"]
        else:
            content.append(child)
    if content:
        result["content"] = content
    return result


def may_join(left: Tree, right: Tree) -> bool:
    return "text" in left and "text" in right and left.get("marks") == right.get("marks")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tree_is_the_one_that_tiptap_shows(seed: int) -> None:
    """[WK10] [WK20] nodes, attributes, marks and texts."""
    documents = recording("tiptap", seed).documents
    assert len(documents) == 12
    for document in documents:
        exported = json.loads(render(document.data, document.root, Kind.NOTE, Format.JSON))
        assert normal(exported) == normal(document.shown)


def texts(node: Tree) -> str:
    return str(node.get("text", "")) + "".join(map(texts, node.get("content", [])))


def holds_in_order(written: str, characters: str) -> bool:
    rest = iter(written)
    return all(character in rest for character in characters if not character.isspace())


def unescaped(written: str, form: Format) -> str:
    match form:
        case Format.HTML:
            return html.unescape(written)
        case Format.MARKDOWN:  # a letter that would change what the marks around it mean
            return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), written)
        case _:
            return written


@pytest.mark.parametrize("seed", SEEDS)
def test_no_character_is_missing_in_any_format(seed: int) -> None:
    """[EX7] in order."""
    for document in recording("tiptap", seed).documents:
        shown = texts(document.shown)
        for form in (Format.TEXT, Format.MARKDOWN, Format.HTML):
            written = render(document.data, document.root, Kind.NOTE, form)
            assert holds_in_order(unescaped(written, form), shown), form


def test_a_text_is_the_one_that_codemirror_shows() -> None:
    """[WK11] exactly its characters."""
    (document,) = recording("codemirror").documents
    exported = render(document.data, document.root, Kind.TEXT, Format.TEXT)
    assert exported == document.shown
