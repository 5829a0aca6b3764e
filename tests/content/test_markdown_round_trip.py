"""Markdown parses back to the tree it was written from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab.content import render
from collab.interfaces import Format
from tests.content.markdown_parser import parse_markdown
from tests.content.normal_form import normal_form
from tests.content.properties import examples
from tests.content.shapes import Tree, doc, node, text
from tests.content.trees import documents, paragraph_documents


def assert_round_trip(tree: Tree) -> None:
    source = render(tree, Format.MARKDOWN)
    assert normal_form(parse_markdown(source)) == normal_form(tree), source


@given(documents)
@examples(100)
def test_documents(tree: Tree) -> None:
    """[EX20] Markdown parses back to the same tree, in normal form."""
    assert_round_trip(tree)


@given(paragraph_documents)
@examples(200)
def test_marks(tree: Tree) -> None:
    """[EX21] marks come back whatever characters stand at their edges and however they overlap."""
    assert_round_trip(tree)


_marked = st.builds(
    lambda characters, marks: text(characters, *marks),
    st.sampled_from(("a", "b ", " c", "(", ".", "*", "_", " ", "€", "x_y")),
    st.lists(st.sampled_from(("bold", "italic", "strike", "underline")), max_size=3, unique=True),
)


@given(st.lists(_marked, min_size=2, max_size=7))
@examples(300)
def test_overlapping_delimiters(texts: list[Tree]) -> None:
    """[EX21] short texts with overlapping emphasis: every meeting of delimiters."""
    assert_round_trip(doc(node("paragraph", *texts)))
