"""No character of the text is lost, in any format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from hypothesis import given

from collab.content import render, render_html_fragment
from collab.interfaces import Format
from tests.content.html_reader import read_inert
from tests.content.markdown_parser import parse_markdown
from tests.content.normal_form import visible
from tests.content.properties import examples
from tests.content.shapes import Tree
from tests.content.trees import documents, paragraph_documents


def _texts(tree: Tree) -> Iterator[str]:
    if "text" in tree:
        yield tree["text"]
    yield from chain.from_iterable(_texts(child) for child in tree.get("content", []))


def _characters(tree: Tree) -> str:
    """What can be seen of the text: a newline in code is a space, in Markdown."""
    return "".join(visible("".join(_texts(tree))).split())


def assert_in_order(wanted: str, found: str) -> None:
    rest = iter(found)
    for index, character in enumerate(wanted):
        assert character in rest, f"lost {character!r} after {wanted[:index]!r}"


@given(documents)
@examples(60)
def test_documents(tree: Tree) -> None:
    """[EX7] Markdown, HTML and text hold every character of the text, in order."""
    wanted = _characters(tree)
    assert_in_order(wanted, "".join(_texts(parse_markdown(render(tree, Format.MARKDOWN)))))
    assert_in_order(wanted, read_inert(render_html_fragment(tree)))
    assert_in_order(wanted, render(tree, Format.TEXT))
    assert list(_texts(json.loads(render(tree, Format.JSON)))) == [
        text.replace("\x00", "\ufffd") for text in _texts(tree)
    ]


@given(paragraph_documents)
@examples(100)
def test_white_space(tree: Tree) -> None:
    """[EX7] white space of a paragraph stays too, in HTML and text to the last one."""
    wanted = visible("".join(_texts(tree)))
    assert read_inert(render_html_fragment(tree)) == f"{wanted}\n"
    assert render(tree, Format.TEXT) == f"{wanted}\n"
